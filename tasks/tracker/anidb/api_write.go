package anidb

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// Write implements tracker.LiveList. Episodes are marked one by one, and those of an
// anime that is new on the list at once where that says the same. A command may get to
// AniDB twice, because its answer was lost: what is on the list already is looked at.
func (s *session) Write(ctx context.Context, key tracker.RecordKey, change tracker.Change, want tracker.Entry) (tracker.Entry, error) {
	aid, err := strconv.ParseInt(key.NativeID, 10, 64)
	if err != nil {
		return tracker.Entry{}, errNoAnime
	}
	m, err := s.list(ctx)
	if err != nil {
		return tracker.Entry{}, err
	}
	in, _, err := s.anime(ctx, aid)
	if err != nil {
		return tracker.Entry{}, err
	}
	if in.Absent {
		return tracker.Entry{}, errNoAnime
	}
	list, vote := deeds(change, want, s.live.now().Unix())
	w := &writing{session: s, aid: aid, in: &in, listed: m.of(aid)}
	if err := w.all(ctx, list, vote); err != nil {
		if _, final := errors.AsType[*tasks.Error](err); w.sent && !final {
			err = tracker.Unsure(err) // a part of the change was done
		}
		return tracker.Entry{}, err
	}
	row := rowFrom(aid, w.listed, &in)
	switch {
	case len(w.faults) > 0:
		return tracker.Entry{}, tracker.Refused(strings.Join(w.faults, " "))
	case len(w.lacks) > 0 && len(w.listed.Items) == 0:
		return tracker.Entry{}, tracker.Refused(strings.Join(w.lacks, " "))
	case row.Fault != "":
		return tracker.Entry{}, tracker.Refused("AniDB took the entry, and does not show it as one that can be tracked. " + row.Fault)
	case len(w.lacks) > 0:
		return row.Entry, tracker.Lacking(strings.Join(w.lacks, " "), w.sent)
	}
	return row.Entry, nil
}

// writing is the writing of one entry.
type writing struct {
	*session
	aid    int64
	in     *info
	listed *listed
	sent   bool     // something was changed
	faults []string // what was refused; the rest goes on
	lacks  []string // what AniDB has no place for
}

func (w *writing) all(ctx context.Context, list []deed, vote string) error {
	list = slices.DeleteFunc(list, func(d deed) bool {
		_, there := w.in.byNumber(d.no)
		if !there {
			told(&w.lacks, "AniDB has no episode "+d.no+" of this anime.")
		}
		return !there
	})
	if err := w.atOnce(ctx, list); err != nil {
		return err
	}
	for i := range list {
		if err := w.one(ctx, &list[i]); err != nil {
			return err
		}
	}
	if vote == "" {
		return nil
	}
	return w.vote(ctx, vote)
}

// maxTold is how many sentences of one kind an entry gets.
const maxTold = 3

// told adds a sentence to those of its kind, as long as they are few.
func told(list *[]string, what string) {
	switch {
	case len(*list) < maxTold:
		*list = append(*list, what)
	case len(*list) == maxTold:
		*list = append(*list, "There is more like that.")
	}
}

func (w *writing) refuse(what string) { told(&w.faults, what) }

// adding begins the command that puts an episode, or with a number below zero all up to
// it, on the list: in place of a file, as what was watched somewhere.
func (w *writing) adding(no string, d *deed) command {
	c := command{name: "MYLISTADD", writes: true, params: []tracker.Field{{"aid", strconv.FormatInt(w.aid, 10)}, {"generic", "1"}, {"epno", no}}}
	state := d.state
	if state == "" {
		state = "0"
	}
	c.with("state", state)
	c.seen(d)
	return c
}

// seen appends whether an episode was watched, and when.
func (c *command) seen(d *deed) {
	if !d.watched {
		c.with("viewed", "0")
		return
	}
	c.with("viewed", "1")
	c.with("viewdate", strconv.FormatInt(d.viewed, 10))
}

func (d *deed) item(eid string) item {
	one := item{EID: eid, State: d.state, Watched: d.watched}
	if d.watched {
		one.Viewed = dateText(d.viewed)
	}
	return one
}

// minAtOnce is how many episodes are worth a command for all of them.
const minAtOnce = 3

// atOnce adds the first episodes of an anime that is not on the list by one command, when
// all but the first have the same date and state. What it leaves undone is done one by
// one.
func (w *writing) atOnce(ctx context.Context, list []deed) error {
	n := 0
	for n < len(list) && list[n].number() == int64(n)+1 && list[n].watched && list[n].state == list[0].state && (n < 2 || list[n].viewed == list[1].viewed) {
		n++
	}
	if len(w.listed.Items) > 0 || n < minAtOnce {
		return nil
	}
	many := list[:n]
	if many[0].viewed != many[1].viewed {
		if err := w.one(ctx, &many[0]); err != nil {
			return err
		}
		many = many[1:]
	}
	r, err := w.send(ctx, w.adding("-"+strconv.Itoa(n), &many[0]))
	if err != nil {
		return err
	}
	if r.code == listAdded && r.field(0) == strconv.Itoa(len(many)) {
		w.sent = true
		for i := range many {
			e, _ := w.in.byNumber(many[i].no)
			w.listed.Items = append(w.listed.Items, many[i].item(e.ID))
		}
		return nil
	}
	w.sent = w.sent || r.code == listAdded
	return w.look(ctx, w.aid, w.in, w.listed, dateText(many[0].viewed))
}

// one brings one episode to the list.
func (w *writing) one(ctx context.Context, d *deed) error {
	e, _ := w.in.byNumber(d.no)
	places := w.listed.places(e.ID)
	switch {
	case len(places) == 0:
		return w.add(ctx, d, e.ID)
	case !d.watched || slices.ContainsFunc(places, func(i int) bool { return w.listed.Items[i].Watched }):
		return nil
	}
	return w.edit(ctx, d, places[0])
}

// add puts an episode on the list.
func (w *writing) add(ctx context.Context, d *deed, eid string) error {
	r, err := w.send(ctx, w.adding(d.no, d))
	if err != nil {
		return err
	}
	switch r.code {
	case listAdded:
		w.sent = true
		w.listed.Items = append(w.listed.Items, d.item(eid))
	case alreadyListed:
		// It may be what was sent, of which the answer was lost.
		one := recordIn(r)
		if one.EID != eid {
			w.refuse(w.unexpected(r))
			return nil
		}
		w.listed.Items = append(w.listed.Items, one)
		if d.watched && !one.Watched {
			return w.edit(ctx, d, len(w.listed.Items)-1)
		}
		w.sent = true
	case noSuchAnime:
		return errNoAnime
	case noSuchFile, noSuchEpisode, manyFiles:
		told(&w.lacks, "AniDB has no episode "+d.no+" of this anime that can be put on a list.")
	default:
		w.refuse(w.unexpected(r))
	}
	return nil
}

// edit marks an episode that is on the list.
func (w *writing) edit(ctx context.Context, d *deed, place int) error {
	one := &w.listed.Items[place]
	c := command{name: "MYLISTADD", writes: true, params: []tracker.Field{{"lid", one.LID}, {"edit", "1"}}}
	if one.LID == "" { // it was put there by this task
		c.params = []tracker.Field{{"aid", strconv.FormatInt(w.aid, 10)}, {"generic", "1"}, {"epno", d.no}, {"edit", "1"}}
	}
	c.seen(d)
	r, err := w.send(ctx, c)
	if err != nil {
		return err
	}
	switch r.code {
	case listEdited:
		w.sent = true
		one.Watched, one.Viewed = true, dateText(d.viewed)
	case notOnList, noSuchEntry, noSuchFile:
		// It was taken off since the list was read.
		eid := one.EID
		w.listed.Items = slices.Delete(w.listed.Items, place, place+1)
		if one.LID == "" {
			w.refuse(w.unexpected(r))
			return nil
		}
		return w.add(ctx, d, eid)
	default:
		w.refuse(w.unexpected(r))
	}
	return nil
}

// vote votes on the anime: for good, or, where AniDB does not let the user do that yet,
// for now.
func (w *writing) vote(ctx context.Context, vote string) error {
	v, err := strconv.ParseFloat(vote, 64)
	if err != nil {
		return err
	}
	for _, kind := range []string{votePermanent, voteTemporary} {
		r, err := w.send(ctx, command{name: "VOTE", writes: true, params: []tracker.Field{
			{"type", kind}, {"id", strconv.FormatInt(w.aid, 10)}, {"value", strconv.Itoa(int(math.Round(v * 100)))},
		}})
		if err != nil {
			return err
		}
		switch r.code {
		case voted, voteUpdated:
			w.sent = true
			w.listed.Vote, w.listed.TmpVote = "", voteText(vote)
			if kind == votePermanent {
				w.listed.Vote, w.listed.TmpVote = voteText(vote), ""
			}
			return nil
		case noPermanentVote:
			continue
		}
		w.refuse(w.unexpected(r))
		return nil
	}
	return nil
}

// Delete implements tracker.LiveList: all entries of the anime are taken off the list.
func (s *session) Delete(ctx context.Context, key tracker.RecordKey) error {
	r, err := s.send(ctx, command{name: "MYLISTDEL", writes: true, params: []tracker.Field{{"aid", key.NativeID}}})
	switch {
	case err != nil:
		return err
	case r.code == listDeleted, r.code == notOnList, r.code == noSuchEntry, r.code == noSuchAnime:
		return nil // it is not there
	}
	return tracker.Refused(s.unexpected(r))
}
