package tracker

import (
	"slices"
	"strconv"
)

// tick completes single regular sub-resources of the tracker's work that a list
// says by their numbers. When they were is not known.
func (h *Held) tick(t *Tracker, numbers Numbers) {
	res, ok := ParseResource(t.Resource)
	if numbers == "" || !ok || collections[res.Collection] == "" {
		t.count(h.Singles[t.Resource])
		return
	}
	known := make(map[int64]bool, len(h.Singles[t.Resource]))
	for _, c := range h.Singles[t.Resource] {
		known[c.Ordinal] = true
	}
	res.Parts = collections[res.Collection]
	for n := range numbers.All {
		if known[n] {
			continue
		}
		res.PartID = strconv.FormatInt(n, 10)
		c := Completion{Tracker: t, Resource: res.String(), Ordinal: n, Regular: true}
		h.Completions = append(h.Completions, c)
		h.Singles[t.Resource] = append(h.Singles[t.Resource], c)
	}
	t.count(h.Singles[t.Resource])
}

// untick takes back the completion of single regular sub-resources.
func (h *Held) untick(t *Tracker, which func(Completion) bool) {
	singles := h.Singles[t.Resource]
	if !slices.ContainsFunc(singles, which) {
		t.count(singles)
		return
	}
	left := make([]Completion, 0, len(singles))
	for _, c := range singles {
		if which(c) {
			c.Tracker = t
			h.Undone = append(h.Undone, c)
		} else {
			left = append(left, c)
		}
	}
	h.Singles[t.Resource] = left
	t.count(left)
}

// count brings the tracker's counts to its single completed sub-resources.
func (t *Tracker) count(singles []Completion) {
	t.Counted, t.Beyond = int64(len(singles)), 0
	for _, c := range singles {
		if c.Ordinal > t.FirstDone {
			t.Beyond++
		}
	}
}
