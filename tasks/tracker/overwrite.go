package tracker

import (
	"slices"
	"time"
)

// Overwrite gives what remains of an entry that is kept as old when a list says
// given and what it says is to stand, also when it is less. What the given entry
// has no place for stays: native values of other names, and facts that none of
// its native values tells. The work's title and counts are not taken back to
// unknown.
func Overwrite(f Format, old, given Entry) Entry {
	m := Entry{Facts: given.Facts, Native: overNative(old.Native, given.Native)}
	untold := func(fact func(*Facts)) bool { return tellsNot(f, given, fact) }
	keep := func(unset bool, fact func(*Facts)) {
		if unset && untold(fact) {
			fact(&m.Facts)
		}
	}
	keep(given.Progress == 0 && old.Progress != 0, func(x *Facts) { x.Progress = old.Progress })
	keep(given.Volumes == 0 && old.Volumes != 0, func(x *Facts) { x.Volumes = old.Volumes })
	keep(given.Repeats == 0 && old.Repeats != 0, func(x *Facts) { x.Repeats = old.Repeats })
	keep(!given.Repeating && old.Repeating, func(x *Facts) { x.Repeating = true })
	keep(given.Score == 0 && old.Score != 0, func(x *Facts) { x.Score = old.Score })
	keep(given.Start.IsZero() && !old.Start.IsZero(), func(x *Facts) { x.Start = old.Start })
	keep(given.Finish.IsZero() && !old.Finish.IsZero(), func(x *Facts) { x.Finish = old.Finish })
	keep(given.Notes == "" && old.Notes != "", func(x *Facts) { x.Notes = old.Notes })
	m.Private = given.Private || old.Private && privacyUntold(f, given)
	if m.Title == "" {
		m.Title = old.Title
	}
	if m.Total == 0 {
		m.Total = old.Total
	}
	if m.TotalVolumes == 0 {
		m.TotalVolumes = old.TotalVolumes
	}
	return f.Conform(m)
}

// tellsNot reports whether an entry has no native value for a fact: were the
// fact another, a value would have to be added to it.
func tellsNot(f Format, given Entry, fact func(*Facts)) bool {
	other := given
	fact(&other.Facts)
	return len(f.Conform(other).Native) > len(given.Native)
}

// privacyUntold reports whether an entry that is not private has no native value
// that says so: the form of its file lacks it, or all lists of the provider do.
func privacyUntold(f Format, given Entry) bool {
	other := given
	other.Private = true
	native, told := f.Conform(given).Native, f.Conform(other).Native
	return len(told) > len(native) || slices.Equal(told, native)
}

// overNative lays the given values over the old ones, also empty ones. Names
// that stand more than once are replaced together.
func overNative(old, given []Field) []Field {
	said := make(map[string]bool, len(given))
	for _, f := range given {
		said[f[0]] = true
	}
	merged := make([]Field, 0, len(old)+len(given))
	next := 0
	for _, f := range old {
		if !said[f[0]] {
			merged = append(merged, f)
			continue
		}
		if next < len(given) {
			merged = append(merged, given[next])
			next++
		}
	}
	return append(merged, given[next:]...)
}

// become makes the tracker show what a list says, and no more than that. A
// percentage that was set by hand stays: lists have none.
func (t *Tracker) become(h *Held, now Visible) {
	t.State, t.FirstDone = now.State, now.Done
	setMoment(&t.Start, now.Start)
	setMoment(&t.End, now.End)
	h.untick(t, func(c Completion) bool {
		return c.Ordinal > now.Done && !now.Singles.Has(c.Ordinal)
	})
	if t.Done() > now.Done+now.Singles.Count() {
		// Those whose place nobody knows are more than the list says.
		h.untick(t, func(c Completion) bool { return c.Ordinal == 0 })
	}
	h.tick(t, now.Singles)
}

// setMoment sets a time that is another moment, so that equal trackers compare
// as equal.
func setMoment(at *time.Time, to time.Time) {
	if !at.Equal(to) {
		*at = to
	}
}
