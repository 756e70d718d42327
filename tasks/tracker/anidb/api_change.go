package anidb

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"asapi/tasks/tracker"
)

// What is sent, as it is told: numbers of regular episodes, names of others, the vote.
const (
	toWatch      = "watched"
	toWatchOther = "watched_others"
	toAdd        = "added"
	toAddOther   = "added_others"
	toVote       = "vote"
)

// Change implements tracker.Live. An episode that was watched there stays watched, and a
// vote is never taken back.
func (*Live) Change(_ tracker.Kind, want tracker.Entry, have *tracker.Entry) (c tracker.Change) {
	var there tracker.Entry
	if have != nil {
		there = *have
	}
	set := func(name, value string) {
		if value != "" {
			c.Values = append(c.Values, tracker.Field{name, value})
		}
	}
	ours, theirs := animeOf(want), animeOf(there)
	set(toWatch, string(want.Seen.Without(there.Seen)))
	set(toWatchOther, strings.Join(ours.others(&theirs, true), ","))
	if have == nil {
		add := ours.unwatched().Without(want.Seen)
		if want.Seen == "" && add == "" && len(ours.others(&theirs, true))+len(ours.others(&theirs, false)) == 0 {
			add = tracker.UpTo(1) // what is planned is on the list by an episode
		}
		set(toAdd, string(add))
		set(toAddOther, strings.Join(ours.others(&theirs, false), ","))
	}
	if want.Score > 0 && want.Score != there.Score {
		set(toVote, voteOf(max(want.Score, 10))) // the least vote is 1
	}
	for _, left := range []struct {
		there bool
		what  string
	}{
		{want.Status == tracker.Paused || want.Status == tracker.Dropped, "on hold and dropped"},
		{want.Notes != "", "notes of an anime"},
		{want.Repeating || want.Repeats > 0, "repeats"},
		{want.Private, "hidden entries"},
	} {
		if left.there {
			c.Left = append(c.Left, "AniDB has no "+left.what+".")
		}
	}
	if c.Empty() && want.Status != there.Status && want.Status != tracker.Paused && want.Status != tracker.Dropped {
		c.Left = append(c.Left, "AniDB knows which episodes were watched, and no status besides.")
	}
	return c
}

// unwatched gives the regular episodes that are on the list and were not watched.
func (a *anime) unwatched() tracker.Numbers {
	var list []int64
	for i := range a.episodes {
		if n := a.episodes[i].number(); n > 0 && !a.episodes[i].seenHere() {
			list = append(list, n)
		}
	}
	return tracker.NumbersOf(list)
}

// others names the episodes that are no regular ones, that were watched or not, and that
// there does not say of; such as are not told of at AniDB have no number to be sent.
func (a *anime) others(there *anime, seen bool) (names []string) {
	for i := range a.episodes {
		e := &a.episodes[i]
		if e.number() > 0 || e.seenHere() != seen || !isOther(e.No) {
			continue
		}
		if !slices.ContainsFunc(there.episodes, func(t episode) bool { return t.No == e.No && (t.seenHere() || !seen) }) {
			names = append(names, e.No)
		}
	}
	slices.Sort(names)
	return names
}

// isOther reports whether a number is one of a special episode (S), a credit (C), a
// trailer (T), a parody (P) or another (O).
func isOther(no string) bool {
	if len(no) < 2 || !strings.ContainsRune("SCTPO", rune(no[0])) {
		return false
	}
	n, err := strconv.ParseInt(no[1:], 10, 64)
	return err == nil && n > 0
}

// deed is one episode that is to be put on the list, or to be marked there.
type deed struct {
	no      string
	watched bool
	state   string
	viewed  int64 // seconds since 1970
}

// number gives the number of a regular episode, and for others one behind all of them.
func (d *deed) number() int64 {
	if n := (&episode{No: d.no}).number(); n > 0 {
		return n
	}
	return math.MaxInt64
}

// deeds gives what a change does, episode by episode. An episode has the date that the
// list which it comes from has. Else the first has the start of the anime, and the others
// of a finished one its end; what has no date was watched now, as AniDB has it, too.
func deeds(change tracker.Change, want tracker.Entry, now int64) (list []deed, vote string) {
	a := animeOf(want)
	for _, v := range change.Values {
		switch v[0] {
		case toWatch, toAdd:
			numbers, _ := tracker.ParseNumbers(v[1])
			for n := range numbers.All {
				list = append(list, deed{no: strconv.FormatInt(n, 10), watched: v[0] == toWatch})
			}
		case toWatchOther, toAddOther:
			for name := range strings.SplitSeq(v[1], ",") {
				list = append(list, deed{no: name, watched: v[0] == toWatchOther})
			}
		case toVote:
			vote = v[1]
		}
	}
	for i := range list {
		d := &list[i]
		d.viewed = now
		if want.Status == tracker.Done && isDay(want.Finish) {
			d.viewed = want.Finish.Earliest().Unix()
		}
		if d.no == "1" && isDay(want.Start) {
			d.viewed = want.Start.Earliest().Unix()
		}
		if j := slices.IndexFunc(a.episodes, func(e episode) bool { return e.No == d.no }); j >= 0 {
			a.episodes[j].told(d)
		}
	}
	slices.SortStableFunc(list, func(x, y deed) int {
		return cmp.Or(cmp.Compare(x.number(), y.number()), cmp.Compare(x.no, y.no))
	})
	return list, vote
}

// isDay reports whether a date says the day.
func isDay(d tracker.Date) bool { return d.Year > 1970 && d.Month > 0 && d.Day > 0 }

// told takes over what the list says of an episode: its state, and when it was watched.
func (e *episode) told(d *deed) {
	for i := range e.Files {
		f := &e.Files[i]
		if d.state == "" {
			d.state = f.State
		}
		if at, err := time.Parse(time.RFC3339, f.Viewed); err == nil {
			d.viewed = at.Unix()
			return
		}
	}
}
