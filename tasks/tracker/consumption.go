package tracker

import (
	"cmp"
	"slices"
	"time"
)

// Consumption is what an audience newly consumed of one work.
type Consumption struct {
	Work      string
	Parts     []Completion // without trackers
	FirstDone int64        // the count of the first parts that a list said; 0: none
	Whole     bool         // the work itself
	Start     time.Time    // when the work was begun; zero: unknown
	End       time.Time    // of the whole; zero: unknown
}

// Empty reports whether nothing was consumed.
func (c *Consumption) Empty() bool { return len(c.Parts) == 0 && c.FirstDone == 0 && !c.Whole }

// Consumed tells what a change newly consumed of each work: parts that were
// completed, a count of first parts that grew, and works that were completed by
// other means than their parts. before gives the trackers as they were.
func (h *Held) Consumed(before func(id int64) (Tracker, bool)) []Consumption {
	parts := map[*Tracker][]Completion{}
	for _, c := range h.Completions {
		parts[c.Tracker] = append(parts[c.Tracker], c)
	}
	var list []Consumption
	for _, t := range h.Trackers {
		was, _ := before(t.ID)
		c := Consumption{Work: t.Resource, Parts: parts[t], Start: t.Start}
		if t.FirstDone > was.FirstDone {
			c.FirstDone = t.FirstDone
		}
		if t.State == Completed && was.State != Completed {
			w := h.Works[t.Resource]
			byParts := len(c.Parts) > 0 && w != nil && w.Regular > 0 && t.Done() >= w.Regular
			c.Whole, c.End = !byParts, t.End
		}
		if !c.Empty() {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b Consumption) int { return cmp.Compare(a.Work, b.Work) })
	return list
}

// Consume brings to a member's tracker what its audience consumed. Doing it again
// changes nothing.
func (h *Held) Consume(c Consumption) {
	t, made := h.Tracker(c.Work)
	if t.State != Completed {
		t.State = InProgress
		if made && !c.Start.IsZero() && (t.End.IsZero() || !t.End.Before(c.Start)) {
			t.Start = c.Start
		}
	}
	for _, part := range c.Parts {
		res, _ := ParseResource(part.Resource)
		kind := Part{Resource: part.Resource, Ordinal: part.Ordinal}
		if part.Regular {
			kind.Type = RegularType
		}
		complete(h, t, res, kind, part.At)
	}
	t.FirstDone = max(t.FirstDone, c.FirstDone)
	if c.Whole && t.State != Completed {
		t.State = Completed
		if t.End.IsZero() && !c.End.Before(t.Start) {
			t.End = c.End
		}
	}
}

// Under gives what was consumed under the names that are held now: references may
// have changed while it waited.
func (c Consumption) Under(r *References) Consumption {
	c.Work = r.canonical([]string{c.Work})[0]
	parts := make([]Completion, len(c.Parts))
	for i, part := range c.Parts {
		part.Resource = r.canonical([]string{part.Resource})[0]
		parts[i] = part
	}
	c.Parts = parts
	return c
}
