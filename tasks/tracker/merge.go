package tracker

import "time"

// Visible is what a list entry makes of its tracker.
type Visible struct {
	State State
	Start time.Time
	End   time.Time
	Done  int64
}

// VisibleOf maps an entry's facts to what the tracker shows: dropped and on-hold
// are ON_HOLD, planned is STATE_UNSPECIFIED, a repeat stays COMPLETED. Dates
// become the first instant of their known part; an end that would come before
// its start is moved to it where the known parts allow that, and else left out.
func VisibleOf(f Facts) Visible {
	v := Visible{Done: f.Progress}
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

// Merge gives what remains when a list says given of an entry that is kept as
// old. It never lowers progress and never clears a date, a score or a text; it
// never takes completed back, nor begun back to planned. Merging the same again
// changes nothing.
func Merge(f Format, old, given Entry) Entry {
	m := Entry{Facts: old.Facts, Native: mergeNative(old.Native, given.Native)}
	m.Status = mergeStatus(old.Facts, given.Facts)
	if !behind(given.Facts, old.Facts) {
		m.Repeats, m.Repeating, m.Progress = given.Repeats, given.Repeating, given.Progress
	}
	m.Volumes = max(old.Volumes, given.Volumes)
	m.Total = max(old.Total, given.Total)
	m.TotalVolumes = max(old.TotalVolumes, given.TotalVolumes)
	m.Start = mergeDate(old.Start, given.Start)
	m.Finish = mergeDate(old.Finish, given.Finish)
	if given.Score > 0 {
		m.Score = given.Score
	}
	if given.Title != "" {
		m.Title = given.Title
	}
	if given.Notes != "" {
		m.Notes = given.Notes
	}
	m.Private = given.Private
	m.Seen = old.Seen.Union(given.Seen)
	return f.Conform(m)
}

func mergeStatus(old, given Facts) Status {
	if old.Status == Done || (given.Status == PlannedTo && old.Status != "") {
		return old.Status
	}
	return given.Status
}

// behind orders progress by finished repeats, then by whether a repeat has
// begun, then by the count: a repeat that begins at 0 is further than the
// first run.
func behind(a, b Facts) bool {
	if a.Repeats != b.Repeats {
		return a.Repeats < b.Repeats
	}
	if a.Repeating != b.Repeating {
		return b.Repeating
	}
	return a.Progress < b.Progress
}

// apply brings what a list newly says to the tracker. before is what the
// entry's earlier form made of it: dates that somebody else set since stay.
func (t *Tracker) apply(before, now Visible) {
	if t.State != Completed && (now.State != Unspecified || t.State == before.State) {
		t.State = now.State
	}
	t.FirstDone = max(t.FirstDone, now.Done)
	start, end := t.Start, t.End
	if !now.Start.IsZero() && (start.IsZero() || start.Equal(before.Start)) {
		start = now.Start
	}
	if t.State == Completed && !now.End.IsZero() && (end.IsZero() || end.Equal(before.End)) {
		end = now.End
	}
	if end.IsZero() || !end.Before(start) {
		t.Start, t.End = start, end
	}
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
	if done := t.Done(); !changed.Repeating && done > max(was.Done, e.Progress) {
		changed.Progress = done
	}
	if changed.Status == Done && e.Status != Done && !changed.Repeating {
		changed.Progress = max(changed.Progress, e.Total)
	}
	if !t.Start.IsZero() && !t.Start.Equal(was.Start) && t.State != Unspecified {
		changed.Start = DateOf(t.Start)
	}
	if !t.End.IsZero() && !t.End.Equal(was.End) {
		changed.Finish = DateOf(t.End)
	}
	return f.Conform(changed)
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
