package tracker

// wanted gives an entry as it is to stand at the provider, and what there is to say
// of that. ours is the line's entry as it would be written into a file; there is how
// it stands at the provider, nil when it is not on the list.
//
// What our side changed since both were last alike goes over what stands there, and
// what it did not change stays as it is there. Where both changed the same, the further
// progress stands and nothing is taken back; where only a list says something else than
// the provider, gaps are filled and nothing is written over.
func wanted(f Format, mute mutes, line *Listed, ours Entry, there *Entry) (Entry, string) {
	listed := ours.Equal(line.Entry) // our trackers add nothing to what a list said
	base := line.Base
	switch {
	case there == nil:
		return ours, ""
	case line.Bare:
		return filled(f, *there, ours), ""
	case personal(ours.Facts) == personal(there.Facts):
		return *there, ""
	case base.Status == "" && listed:
		// It was changed there, or a list file that was imported said more than
		// the site: it is not known which.
		return filled(f, *there, ours), ""
	case base.Status == "":
		base = line.Entry.Facts
	}
	theirs := mute.heard(ours, *there)
	mine, both := *there, *there
	for _, p := range sayings {
		if mute.same(p, ours.Facts, base) || p.alike(ours.Facts, theirs) {
			continue
		}
		p.put(&both.Facts, ours.Facts)
		if mute.same(p, theirs, base) {
			p.put(&mine.Facts, ours.Facts)
		}
	}
	switch {
	case both.Facts == there.Facts:
		return *there, ""
	case listed:
		return filled(f, *there, both), ""
	case both.Facts == mine.Facts:
		return f.Conform(mine), ""
	}
	return Merge(f, f.Conform(mine), both), "The entry changed on both sides: the further progress stands, and nothing was taken back."
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
