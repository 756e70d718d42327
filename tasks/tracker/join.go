package tracker

import (
	"slices"
	"time"
)

// Join lays another tracker of the same work over t, so that nothing is lost:
// the further state and progress, the earlier start. It is the same whichever
// of the two is joined to the other. The single completed resources of both must
// be counted in t before.
func (t *Tracker) Join(other Tracker) {
	state := furtherState(t, &other)
	t.End = latestEnd(state, *t, other)
	t.State = state
	if t.Start.IsZero() || (!other.Start.IsZero() && other.Start.Before(t.Start)) {
		t.Start = other.Start
	}
	t.FirstDone = max(t.FirstDone, other.FirstDone)
	if other.ByHand {
		t.ByHand, t.Percentage = true, max(t.Percentage, other.Percentage)
	}
}

// furtherState compares two trackers of a work: completed is further than all,
// planned than nothing; of one that goes on and one that rests, the one with
// more progress knows better.
func furtherState(a, b *Tracker) State {
	switch {
	case a.State == b.State:
		return a.State
	case a.State == Completed || b.State == Completed:
		return Completed
	case a.State == Unspecified:
		return b.State
	case b.State == Unspecified:
		return a.State
	case a.Done() > b.Done():
		return a.State
	case b.Done() > a.Done():
		return b.State
	}
	return InProgress
}

// latestEnd gives the later end of those trackers that are in the state.
func latestEnd(state State, list ...Tracker) time.Time {
	var end time.Time
	for _, t := range list {
		if t.State == state && t.End.After(end) {
			end = t.End
		}
	}
	return end
}

// ShownBy gives what the entries of lists alone make of a tracker, one after
// the other.
func ShownBy(entries []Entry) Tracker {
	var t Tracker
	for _, e := range entries {
		t.apply(Visible{}, VisibleOf(e.Facts))
	}
	return t
}

// Show brings what an entry says to the tracker of its work, and to what the
// catalogue knows.
func (h *Held) Show(t *Tracker, e Entry) {
	now := VisibleOf(e.Facts)
	t.apply(Visible{}, now)
	h.tick(t, now.Singles)
	h.Learn(Work{Resource: t.Resource, Title: e.Title, Regular: e.Total})
}

// Home says where a tracker, which is kept under a name, belongs with its
// entries: main is its own work, and apart are the works of those entries that
// stand for others. holds says that it has more than its entries: completed
// resources, activities, or a percentage set by hand.
func (r *References) Home(resource string, entries []RecordKey, holds bool) (main string, apart map[RecordKey]string) {
	main = resource
	if res, ok := ParseResource(resource); ok {
		main = r.Canonical(res).String()
	}
	works := make(map[RecordKey]string, len(entries))
	stays := holds || main != resource
	for _, k := range entries {
		works[k] = r.Of(k).Resource
		stays = stays || works[k] == main
	}
	if !stays && len(entries) > 0 {
		first := slices.Clone(entries)
		SortKeys(first)
		main = works[first[0]]
	}
	apart = map[RecordKey]string{}
	for k, work := range works {
		if work != main {
			apart[k] = work
		}
	}
	return main, apart
}
