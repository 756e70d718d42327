package tracker

// part is what of an entry counts as one change when two sides are compared: a status
// says nothing without the progress that it was set with.
type part struct {
	name string
	put  func(to *Facts, from Facts)
}

// Parts of which more is said elsewhere.
const (
	progress = "progress"
	score    = "score"
	start    = "start"
	finish   = "finish"
	notes    = "notes"
	privacy  = "privacy"
)

// sayings are all that a user says of a work.
var sayings = []part{
	{progress, func(to *Facts, from Facts) {
		to.Status, to.Progress, to.Seen = from.Status, from.Progress, from.Seen
		to.Volumes, to.Repeats, to.Repeating = from.Volumes, from.Repeats, from.Repeating
	}},
	{score, func(to *Facts, from Facts) { to.Score = from.Score }},
	{start, func(to *Facts, from Facts) { to.Start = from.Start }},
	{finish, func(to *Facts, from Facts) { to.Finish = from.Finish }},
	{notes, func(to *Facts, from Facts) { to.Notes = from.Notes }},
	{privacy, func(to *Facts, from Facts) { to.Private = from.Private }},
}

// of gives the facts of the part alone.
func (p part) of(f Facts) (only Facts) {
	p.put(&only, f)
	return only
}

// alike reports whether two sides say the same.
func (p part) alike(a, b Facts) bool { return p.of(a) == p.of(b) }

// silent reports whether a side says nothing: what was emptied is no statement, so
// that nothing is ever cleared on the other side.
func (p part) silent(f Facts) bool { return p.of(f) == Facts{} }

// meet notes what both sides of a record have now that one was brought to the other:
// a part that is not alike stays as it was when it last was, so that it is still known
// which side changed it. there is the entry as it stands at the provider, and before
// what our side had: where it had changed nothing, what it has now is no change of its
// own either.
func (h *Held) meet(f Format, mute mutes, r *Record, there Entry, before Facts) {
	ours := h.current(f, r)
	theirs := mute.heard(ours, there)
	known := r.Base.Status != ""
	for _, p := range sayings {
		switch {
		case !known || p.alike(ours.Facts, theirs):
			p.put(&r.Base, theirs)
		case p.alike(before, r.Base):
			p.put(&r.Base, ours.Facts)
		}
	}
}

// current gives a record's entry as an export would write it; the single completed
// sub-resources of its tracker must have been wanted.
func (h *Held) current(f Format, r *Record) Entry {
	t := *r.Tracker
	var singles []int64
	for _, c := range h.Singles[t.Resource] {
		if c.Ordinal > 0 {
			singles = append(singles, c.Ordinal)
		}
	}
	t.Singles = NumbersOf(singles)
	return Current(f, r.Entry, &t)
}
