package tracker

import (
	"context"
	"maps"
	"strings"

	"asapi/tasks"
)

// restorer takes over the elements of a neutral document.
type restorer struct {
	service *service
	owner   Owner
	run     *tasks.Run
	mode    mode
	dry     bool
	// made are the works whose trackers this import made, where that decides
	// something.
	made map[string]struct{}
	// ids are those of the document that the owner chose; given are those of
	// the batch that is being taken over, which may be tried again.
	ids, given map[string]struct{}
}

func newRestorer(ctx context.Context, s *service, run *tasks.Run, owner Owner, p importParams) (*restorer, error) {
	r := &restorer{service: s, owner: owner, run: run, mode: mode(p.Mode), dry: p.DryRun, made: map[string]struct{}{}, ids: map[string]struct{}{}}
	if r.mode != newOnly {
		return r, nil
	}
	for item, err := range run.Items(ctx) {
		if err != nil {
			return nil, err
		}
		if item.Outcome == tasks.Created {
			r.made[item.Key] = struct{}{}
		}
	}
	return r, nil
}

// weight is what a row counts for in a batch.
func (row neutralRow) weight() int {
	return 1 + (len(row.Completed)+len(row.Activities))/20
}

func (r *restorer) apply(ctx context.Context, first int64, rows []neutralRow) error {
	want := Want{Dry: r.dry, Journal: true, Singles: true, Completed: true}
	for i := range rows {
		row := &rows[i]
		if row.fault != "" {
			continue
		}
		want.Works = append(want.Works, row.Tracker.Resource)
		for _, record := range row.Records {
			want.Records = append(want.Records, record.Key)
		}
		for _, a := range row.Activities {
			want.Same = append(want.Same, a.Activity)
		}
	}
	items, err := r.service.store.Change(ctx, r.run.Fence(), r.owner, want, func(h *Held) error {
		r.given = map[string]struct{}{}
		for i := range rows {
			r.take(h, first+int64(i), &rows[i])
		}
		return nil
	})
	if err != nil {
		return err
	}
	maps.Copy(r.ids, r.given)
	for _, item := range items {
		if item.Outcome == tasks.Created && (r.dry || r.mode == newOnly) {
			r.made[item.Key] = struct{}{}
		}
	}
	return r.run.Recorded(ctx, items...)
}

// take brings one element to what the owner holds.
func (r *restorer) take(h *Held, index int64, row *neutralRow) {
	item := tasks.Item{Index: index, Key: row.Tracker.Resource, Outcome: tasks.Unchanged}
	if row.fault != "" {
		item.Outcome, item.Reason = tasks.ItemFailed, row.fault
		h.Settle(item, nil)
		return
	}
	res, _ := ParseResource(row.Tracker.Resource)
	t, there := h.Trackers[h.Refs.Canonical(res).Work()]
	_, ours := r.made[item.Key]
	ours = ours || (there && t.ID == 0)
	if there && r.mode == newOnly && (!row.Continued || !ours) {
		item.Reason = "This work has a tracker already; mode=new-only leaves it as it is."
		h.Settle(item, t)
		return
	}
	if !there {
		t, _ = h.Tracker(h.Refs.Canonical(res).Work())
		t.Own = r.idFor(row.Tracker.Own)
	}
	before := *t
	if !row.Continued {
		r.show(t, &row.Tracker, there)
	}
	touched := r.records(h, t, row)
	touched = r.completed(h, t, row) || touched
	touched = r.activities(h, t, row) || touched
	switch {
	case !there && !ours:
		item.Outcome = tasks.Created
	case touched || *t != before:
		item.Outcome, item.Refs = tasks.Updated, r.changes(before, *t)
	}
	if item.Outcome != tasks.Unchanged && !row.Continued {
		h.Learn(Work{Resource: t.Resource, Title: row.Work.Title, Regular: row.Work.Regular})
	}
	h.Settle(item, t)
}

// idFor gives the id that a new tracker gets; one id is not given twice.
func (r *restorer) idFor(own string) string {
	_, before := r.ids[own]
	_, now := r.given[own]
	if own == "" || before || now {
		return ""
	}
	r.given[own] = struct{}{}
	return own
}

func (r *restorer) changes(before, now Tracker) map[string]string {
	var d differences
	d.tracker(before, now)
	if len(d) == 0 {
		d = append(d, "entries of lists, completed resources or activities")
	}
	return map[string]string{"changes": strings.Join(d, "; ")}
}

// show brings what the document says of a tracker to it. Merging, it fills in
// what is unset and goes on, but takes nothing back.
func (r *restorer) show(t, given *Tracker, there bool) {
	if !there || r.mode == overwriting {
		t.State, t.FirstDone = given.State, given.FirstDone
		t.Percentage, t.ByHand = given.Percentage, given.ByHand
		setMoment(&t.Start, given.Start)
		setMoment(&t.End, given.End)
		return
	}
	if t.State == Unspecified || given.State == Completed {
		t.State = given.State
	}
	t.FirstDone = max(t.FirstDone, given.FirstDone)
	if given.ByHand && (!t.ByHand || given.Percentage > t.Percentage) {
		t.Percentage, t.ByHand = given.Percentage, true
	}
	if t.Start.IsZero() && (t.End.IsZero() || !t.End.Before(given.Start)) {
		t.Start = given.Start
	}
	if t.End.IsZero() && !given.End.Before(t.Start) {
		t.End = given.End
	}
}

// records takes over what lists said.
func (r *restorer) records(h *Held, t *Tracker, row *neutralRow) (touched bool) {
	for _, given := range row.Records {
		kept, known := h.Records[given.Key]
		if !known {
			h.Records[given.Key] = &Record{Key: given.Key, Tracker: t, Entry: given.Entry}
			touched = true
			continue
		}
		entry := given.Entry
		if r.mode != overwriting {
			entry = Merge(r.formatOf(given.Key.Provider), kept.Entry, given.Entry)
		}
		if !entry.Equal(kept.Entry) {
			kept.Entry, touched = entry, true
		}
	}
	return touched
}

// formatOf gives the format that keeps native values and facts of one mind; for
// a provider without one they stay as they are.
func (r *restorer) formatOf(p Provider) Format {
	if f, ok := r.service.formats[p]; ok {
		return f
	}
	return verbatim{}
}

// completed takes over completed resources. Overwriting, it takes back those that
// the document does not have, where one element has all of them.
func (r *restorer) completed(h *Held, t *Tracker, row *neutralRow) (touched bool) {
	said := make(map[string]bool, len(row.Completed))
	for _, c := range row.Completed {
		c.Tracker, c.Resource = t, underWork(t.Resource, c.Resource)
		said[c.Resource] = true
		if h.Completed[c.Resource] {
			continue
		}
		h.Completed[c.Resource], touched = true, true
		h.Completions = append(h.Completions, c)
		if c.Regular {
			h.Singles[t.Resource] = append(h.Singles[t.Resource], c)
		}
	}
	if r.mode == overwriting && !row.Continued && !row.More {
		before := len(h.Undone)
		h.untick(t, func(c Completion) bool { return !said[c.Resource] })
		for _, c := range h.Undone[before:] {
			delete(h.Completed, c.Resource)
			touched = true
		}
	}
	t.count(h.Singles[t.Resource])
	return touched
}

// activities adds what the owner has less often than the document.
func (r *restorer) activities(h *Held, t *Tracker, row *neutralRow) (touched bool) {
	for _, a := range row.Activities {
		a.Resource = underWork(t.Resource, a.Resource)
		for range a.Times - h.Same[a.Activity] {
			added := a.Activity
			added.Tracker = t
			h.Activities = append(h.Activities, added)
			touched = true
		}
		h.Same[a.Activity] = max(h.Same[a.Activity], a.Times)
	}
	return touched
}

// underWork names a part, or the work itself, as one of the given work.
func underWork(work, name string) string {
	res, _ := ParseResource(name)
	if !res.IsPart() {
		return work
	}
	return work + "/" + res.Part()
}

// verbatim is the format of providers that have none here: what was said stays.
type verbatim struct{ Format }

// Conform implements Format.
func (verbatim) Conform(e Entry) Entry { return e }
