package anidb

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"asapi/tasks/tracker"
)

// Find implements tracker.LiveList: the UDP API tells how one anime stands now.
func (s *session) Find(ctx context.Context, key tracker.RecordKey) (row tracker.Row, there bool, err error) {
	aid, err := strconv.ParseInt(key.NativeID, 10, 64)
	if err != nil {
		return row, false, errNoAnime
	}
	m, err := s.list(ctx)
	if err != nil {
		return row, false, err
	}
	in, _, err := s.anime(ctx, aid)
	if err != nil {
		return row, false, err
	}
	l := m.of(aid)
	if err := s.look(ctx, aid, &in, l, ""); err != nil || len(l.Items) == 0 {
		return row, false, err
	}
	if err := s.lookVote(ctx, aid, l); err != nil {
		return row, false, err
	}
	return rowFrom(aid, l, &in), true, nil
}

// look brings what is known of an anime's place on the list up to date. Several entries
// are told without their dates: assumed is the date of those that were not known to be
// watched; empty: each of them is asked for.
func (s *session) look(ctx context.Context, aid int64, in *info, l *listed, assumed string) error {
	r, err := s.send(ctx, command{name: "MYLIST", params: []tracker.Field{{"aid", strconv.FormatInt(aid, 10)}}})
	if err != nil {
		return err
	}
	switch r.code {
	case noSuchEntry:
		l.Items = nil
		return nil
	case listEntry:
		l.Items = []item{recordIn(r)}
		return nil
	case manyEntries:
		return s.many(ctx, aid, in, l, r, assumed)
	}
	return tracker.Refused(s.unexpected(r))
}

// recordIn reads an entry: lid, fid, eid, aid, gid, date, state, viewdate, storage,
// source, other, filestate.
func recordIn(r reply) item {
	one := item{EID: r.field(2), LID: r.field(0), State: stateText(r.field(6)), Storage: r.field(8), Source: r.field(9), Other: r.field(10), FileState: stateText(r.field(11))}
	if at, err := strconv.ParseInt(r.field(7), 10, 64); err == nil && at > 0 {
		one.Watched, one.Viewed = true, dateText(at)
	}
	return one
}

func dateText(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

// many takes several entries: the title, the count of episodes, the episodes whose state
// is unknown, on a disk, on a medium and deleted, and those that were watched. Files that
// are stored remotely are told in none of these states.
func (s *session) many(ctx context.Context, aid int64, in *info, l *listed, r reply, assumed string) error {
	const remote = "4"
	states := map[string]string{}
	var order []string
	for state := range 4 {
		for _, no := range numbersIn(r.field(2+state), in) {
			states[no] = stateText(strconv.Itoa(state))
			order = append(order, no)
		}
	}
	watched := numbersIn(r.field(6), in)
	for _, no := range watched {
		if _, known := states[no]; !known {
			states[no] = remote
			order = append(order, no)
		}
	}
	var items []item
	for _, one := range l.Items {
		told, ok := in.byID(one.EID)
		if _, there := states[told.No]; !ok || there || one.State == remote {
			items = append(items, one)
		}
	}
	l.Items = items
	for _, no := range order {
		e, ok := in.byNumber(no)
		if !ok {
			continue // it is not told of, so that nothing of ours is about it
		}
		places := l.places(e.ID)
		if len(places) == 0 {
			l.Items = append(l.Items, item{EID: e.ID, State: states[no]})
			places = l.places(e.ID)
		}
		if !slices.Contains(watched, no) || slices.ContainsFunc(places, func(i int) bool { return l.Items[i].Watched }) {
			continue
		}
		l.Items[places[0]].Watched, l.Items[places[0]].Viewed = true, assumed
		if assumed != "" {
			continue
		}
		if err := s.lookOne(ctx, aid, no, &l.Items[places[0]]); err != nil {
			return err
		}
	}
	return nil
}

// lookOne reads the entry of one episode. Of several files of it the dates are not told.
func (s *session) lookOne(ctx context.Context, aid int64, no string, to *item) error {
	r, err := s.send(ctx, command{name: "MYLIST", params: []tracker.Field{{"aid", strconv.FormatInt(aid, 10)}, {"epno", no}}})
	if err != nil {
		return err
	}
	if r.code == listEntry {
		*to = recordIn(r)
	}
	return nil
}

// places gives where the files of an episode are.
func (l *listed) places(eid string) (at []int) {
	for i := range l.Items {
		if l.Items[i].EID == eid {
			at = append(at, i)
		}
	}
	return at
}

// numbersIn reads a list such as 1-12,14,S2-S4, as far as the anime has such episodes.
func numbersIn(text string, in *info) (names []string) {
	for part := range strings.SplitSeq(text, ",") {
		from, to, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			to = from
		}
		kind := strings.TrimRight(from, "0123456789")
		lo, err := strconv.ParseInt(strings.TrimPrefix(from, kind), 10, 64)
		hi, err2 := strconv.ParseInt(strings.TrimPrefix(to, kind), 10, 64)
		if err != nil || err2 != nil {
			continue
		}
		for _, e := range in.Episodes {
			n, err := strconv.ParseInt(strings.TrimPrefix(e.No, kind), 10, 64)
			if err == nil && strings.HasPrefix(e.No, kind) && lo <= n && n <= hi {
				names = append(names, e.No)
			}
		}
	}
	return names
}

// The types of votes.
const (
	votePermanent = "1"
	voteTemporary = "2"
)

// lookVote brings the user's vote up to date.
func (s *session) lookVote(ctx context.Context, aid int64, l *listed) error {
	l.Vote, l.TmpVote = "", ""
	for kind, to := range map[string]*string{votePermanent: &l.Vote, voteTemporary: &l.TmpVote} {
		r, err := s.send(ctx, command{name: "VOTE", params: []tracker.Field{{"type", kind}, {"id", strconv.FormatInt(aid, 10)}, {"value", "0"}}})
		switch {
		case err != nil:
			return err
		case r.code == noSuchVote:
		case r.code == voteFound:
			if v, err := strconv.ParseFloat(r.field(1), 64); err == nil && v > 0 {
				*to = strconv.FormatFloat(v/100, 'f', -1, 64)
			}
		default:
			return tracker.Refused(s.unexpected(r))
		}
	}
	return nil
}
