package tracker

// wanted gives an entry as it is to stand at the provider, and what there is to say
// of that. ours is the line's entry as it would be written into a file; there is how
// it stands at the provider, nil when it is not on the list.
//
// What our trackers changed since the entry was last taken from a list or brought to
// the provider goes over what stands there. Where that changed too, the further
// progress stands and nothing is taken back; where only a list says something else
// than the provider, gaps are filled besides and nothing is written over.
func wanted(f Format, line *Listed, ours Entry, there *Entry) (Entry, string) {
	switch {
	case there == nil:
		return ours, ""
	case line.Bare:
		return filled(f, *there, ours), ""
	case personal(ours.Facts) == personal(there.Facts):
		return *there, ""
	case ours.Equal(line.Entry):
		// It was changed there, or a list file that was imported said more than
		// the site: it is not known which.
		return filled(f, *there, ours), ""
	}
	mine := overlaid(f, *there, line.Entry.Facts, ours.Facts)
	if personal(there.Facts) == personal(line.Entry.Facts) {
		return mine, ""
	}
	return Merge(f, *there, mine), "The entry changed on both sides: the further progress stands, and nothing was taken back."
}

// personal gives what the user says of a work, without what everybody knows of it.
func personal(facts Facts) Facts {
	facts.Title, facts.Total, facts.TotalVolumes = "", 0, 0
	return facts
}

// filled brings what other lists say to an entry that stands at the provider and was
// never taken from there: progress goes on, and gaps are filled.
func filled(f Format, there, ours Entry) Entry {
	m := Merge(f, there, Entry{Facts: ours.Facts})
	if there.Score > 0 {
		m.Score = there.Score
	}
	if !there.Start.IsZero() {
		m.Start = there.Start
	}
	if !there.Finish.IsZero() {
		m.Finish = there.Finish
	}
	if there.Notes != "" {
		m.Notes = there.Notes
	}
	m.Private = there.Private
	m.Title, m.Total, m.TotalVolumes = there.Title, there.Total, there.TotalVolumes
	return f.Conform(m)
}

// overlaid lays over an entry what differs between two states of our side.
func overlaid(f Format, there Entry, was, now Facts) Entry {
	lay(&there.Status, was.Status, now.Status)
	lay(&there.Progress, was.Progress, now.Progress)
	lay(&there.Volumes, was.Volumes, now.Volumes)
	lay(&there.Repeats, was.Repeats, now.Repeats)
	lay(&there.Repeating, was.Repeating, now.Repeating)
	lay(&there.Score, was.Score, now.Score)
	lay(&there.Start, was.Start, now.Start)
	lay(&there.Finish, was.Finish, now.Finish)
	lay(&there.Seen, was.Seen, now.Seen)
	lay(&there.Notes, was.Notes, now.Notes)
	lay(&there.Private, was.Private, now.Private)
	return f.Conform(there)
}

func lay[T comparable](to *T, was, now T) {
	if was != now {
		*to = now
	}
}
