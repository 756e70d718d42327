package myanimelist

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"asapi/tasks/tracker"
)

// changes gathers what is to be sent.
type changes struct{ values []tracker.Field }

func (c *changes) set(differs bool, name, value string) {
	if differs {
		c.values = append(c.values, tracker.Field{name, value})
	}
}

func (c *changes) count(always bool, want, have int64, name string) {
	c.set(always || want != have, name, strconv.FormatInt(want, 10))
}

// Change implements tracker.Live. A score, a date or a note is never cleared. The
// site counts on by itself when a status is sent alone, so the count goes along.
func (*Live) Change(kind tracker.Kind, want tracker.Entry, have *tracker.Entry) tracker.Change {
	n := apiOf(kind)
	var c changes
	var there tracker.Entry
	if have != nil {
		there = *have
	}
	status := have == nil || want.Status != there.Status
	c.set(status, "status", n.word(want.Status))
	c.count(status, want.Progress, there.Progress, n.writeProgress)
	if kind == tracker.Manga {
		c.count(false, want.Volumes, there.Volumes, "num_volumes_read")
	}
	c.set(status || want.Repeating != there.Repeating, n.repeating, strconv.FormatBool(want.Repeating))
	c.count(false, want.Repeats, there.Repeats, n.repeats)
	points := func(e tracker.Entry) int64 { return (e.Score + 5) / 10 }
	c.set(points(want) > 0 && points(want) != points(there), "score", strconv.FormatInt(points(want), 10))
	c.set(!want.Start.IsZero() && want.Start != there.Start, "start_date", apiDate(want.Start))
	c.set(!want.Finish.IsZero() && want.Finish != there.Finish, "finish_date", apiDate(want.Finish))
	c.set(want.Notes != "" && want.Notes != there.Notes, "comments", want.Notes)
	c.native(n, want, there)
	out := tracker.Change{Values: c.values}
	if have == nil && want.Private {
		out.Left = append(out.Left, "MyAnimeList has no entries that are hidden from others.")
	}
	if want.Seen != "" && want.Seen != tracker.UpTo(want.Seen.Count()) {
		out.Left = append(out.Left, "MyAnimeList keeps how many are done, not which.")
	}
	return out
}

// native sends what only this site has.
func (c *changes) native(n apiNames, want, have tracker.Entry) {
	scaled := func(scale scaleOf, element, name string) {
		w, _ := want.Get(element)
		h, _ := have.Get(element)
		c.count(false, scale.number(w), scale.number(h), name)
	}
	scaled(priorities, "my_priority", "priority")
	scaled(likings, "my_"+n.againLike, n.againLike)
	w, _ := want.Get("my_tags")
	h, _ := have.Get("my_tags")
	c.set(w != "" && w != h, "tags", w)
}

func (n apiNames) word(s tracker.Status) string {
	switch s {
	case tracker.Watching:
		return n.watching
	case tracker.Done:
		return "completed"
	case tracker.Paused:
		return "on_hold"
	case tracker.Dropped:
		return "dropped"
	case tracker.PlannedTo:
	}
	return n.planned
}

// apiDate spells a date as the API does: without what is not known.
func apiDate(d tracker.Date) string {
	text := d.String()
	for strings.HasSuffix(text, "-00") {
		text = strings.TrimSuffix(text, "-00")
	}
	return text
}

// Write implements tracker.LiveList. The answer is the entry as it stands then.
func (s *session) Write(ctx context.Context, key tracker.RecordKey, change tracker.Change, want tracker.Entry) (tracker.Entry, error) {
	if s.user != "@me" {
		return want, tracker.SignIn(tracker.MyAnimeList, "lets nobody write to a public list without an access token.")
	}
	form := url.Values{}
	for _, v := range change.Values {
		form.Set(v[0], v[1])
	}
	var st apiStatus
	if err := s.ask(ctx, http.MethodPatch, s.entry(key), form, &st); err != nil {
		return want, err
	}
	n := namesOf(key.Kind)
	for _, total := range []string{n.totalVolumes, n.total} {
		if _, said := want.Get(total); !said && total != "" {
			want = want.With(total, "0") // as it is given for what is not known
		}
	}
	row := rowOf(n, withStatus(key.Kind, want, &st))
	if row.Fault != "" {
		return want, tracker.Refused("MyAnimeList gives back an entry that cannot be read. " + row.Fault)
	}
	return row.Entry, nil
}

func (s *session) entry(key tracker.RecordKey) string {
	return s.live.api + "/" + apiOf(key.Kind).path + "/" + url.PathEscape(key.NativeID) + "/my_list_status"
}

// Delete implements tracker.LiveList.
func (s *session) Delete(ctx context.Context, key tracker.RecordKey) error {
	if s.user != "@me" {
		return tracker.SignIn(tracker.MyAnimeList, "lets nobody write to a public list without an access token.")
	}
	if err := s.ask(ctx, http.MethodDelete, s.entry(key), nil, nil); !isAbsent(err) {
		return err
	}
	return nil
}
