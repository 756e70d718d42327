package tracker

import "time"

// Visible is what a list entry makes of its tracker.
type Visible struct {
	State State
	Start time.Time
	End   time.Time
	Done  int64 // the first regular episodes or chapters
	// Singles are the numbers of further regular ones, above Done.
	Singles Numbers
}

// maxSingles bounds how many further numbers of one entry become completed
// resources of their own. Where there are more, the tracker shows their count
// as the first ones; the entry keeps which they are.
const maxSingles = 2000

// VisibleOf maps an entry's facts to what the tracker shows: dropped and on-hold
// are ON_HOLD, planned is STATE_UNSPECIFIED, a repeat stays COMPLETED. Dates
// become the first instant of their known part; an end that would come before
// its start is moved to it where the known parts allow that, and else left out.
// No count shows more than the work has.
func VisibleOf(f Facts) Visible {
	v := Visible{Done: f.Progress}
	if f.Seen != "" {
		v.Done = f.Seen.First()
		if v.Singles = f.Seen.Between(v.Done+1, maxNumber); v.Singles.Count() > maxSingles {
			v.Done, v.Singles = f.Seen.Count(), ""
		}
	}
	switch f.Status {
	case Watching:
		v.State = InProgress
	case Done:
		v.State = Completed
	case Paused, Dropped:
		v.State = OnHold
	case PlannedTo:
		v.State = Unspecified
	}
	if f.Repeating {
		v.State = Completed
	}
	if f.Total > 0 {
		v.Done = min(v.Done, f.Total)
	}
	if v.State == Completed {
		v.Done = max(v.Done, f.Total)
		v.End = f.Finish.Earliest()
	}
	if v.Singles != "" && f.Total > 0 {
		v.Singles = v.Singles.Between(v.Done+1, f.Total)
	}
	if v.State != Unspecified {
		v.Start = f.Start.Earliest()
	}
	if v.End.Before(v.Start) {
		if v.End = (time.Time{}); f.Finish.Covers(f.Start) {
			v.End = v.Start
		}
	}
	return v
}

// Current gives the entry as it is to be written back to its provider: the
// native values unchanged while the tracker still shows what they made of it,
// and otherwise with the status, the progress and the dates that it shows now.
func Current(f Format, e Entry, t *Tracker) Entry {
	was := VisibleOf(e.Facts)
	changed := e
	if t.State != was.State {
		changed.Status, changed.Repeating = statusOf(t), false
	}
	if done := t.Done(); !changed.Repeating && done > max(was.Done+was.Singles.Count(), e.Progress) {
		changed.Progress = done
	}
	if changed.Status == Done && e.Status != Done && !changed.Repeating {
		changed.Progress = max(changed.Progress, e.Total)
	}
	if e.Seen != "" {
		changed.Seen = seenNow(changed.Facts, was, t)
		if !changed.Repeating {
			changed.Progress = max(e.Progress, changed.Seen.Count())
		}
	}
	if !t.Start.IsZero() && !t.Start.Equal(was.Start) && t.State != Unspecified {
		changed.Start = DateOf(t.Start)
	}
	if !t.End.IsZero() && !t.End.Equal(was.End) {
		changed.Finish = DateOf(t.End)
	}
	return f.Conform(changed)
}

// seenNow adds to the numbers that an entry says what the tracker has beyond
// them.
func seenNow(f Facts, was Visible, t *Tracker) Numbers {
	seen := f.Seen.Union(t.Singles)
	if t.FirstDone > was.Done {
		seen = seen.Union(UpTo(t.FirstDone))
	}
	if f.Status == Done && was.State != Completed {
		seen = seen.Union(UpTo(f.Total))
	}
	return seen
}

// statusOf derives a native status where no record says one.
func statusOf(t *Tracker) Status {
	switch t.State {
	case Completed:
		return Done
	case OnHold:
		return Paused
	case InProgress:
		return Watching
	case Unspecified:
		if t.Done() > 0 {
			return Watching
		}
	}
	return PlannedTo
}
