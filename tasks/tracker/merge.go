package tracker

// Merge gives what remains when a list says given of an entry that is kept as
// old. It never lowers progress and never clears a date, a score or a text; it
// never takes completed back, nor begun back to planned. What was hidden is shown
// only when the list says so. Merging the same again changes nothing.
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
	m.Private = given.Private || old.Private && privacyUntold(f, given)
	if m.Seen = old.Seen.Union(given.Seen); m.Seen != "" && !m.Repeating {
		m.Progress = max(m.Progress, m.Seen.Count())
	}
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
