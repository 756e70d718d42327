package tracker

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"asapi/tasks"
)

// doing names the note of the entry that is being written: after a crash it is not
// known whether the provider has it.
const doing = "doing"

// maxWrites is how often an entry is sent whose writing ends without an answer.
const maxWrites = 3

// work records what needs no request, and then writes entry by entry.
func (ex *liveExport) work(ctx context.Context) error {
	for len(ex.same) > 0 {
		some := ex.same[:min(importBatch, len(ex.same))]
		for i := range some {
			some[i].Index = ex.next
			ex.next++
		}
		if err := ex.run.Record(ctx, some...); err != nil {
			return err
		}
		ex.same = ex.same[len(some):]
	}
	kept, err := ex.run.Noted(ctx, doing)
	if err != nil {
		return err
	}
	for i := range ex.deeds {
		if err := ex.step(ctx); err != nil {
			return err
		}
		d := &ex.deeds[i]
		if err := ex.one(ctx, d, kept[doing] == d.name); err != nil {
			return err
		}
	}
	return nil
}

// one brings one entry to the provider; doubted: an attempt before this one began
// with it and did not live to tell.
func (ex *liveExport) one(ctx context.Context, d *deed, doubted bool) error {
	if ex.dry {
		return ex.tell(ctx, d)
	}
	if !doubted {
		if err := ex.run.Note(ctx, tasks.Notes{doing: d.name}); err != nil {
			return err
		}
	}
	if d.delete {
		return ex.remove(ctx, d)
	}
	if err := ex.send(ctx, d, doubted); err != nil {
		return err
	}
	return ex.tell(ctx, d)
}

// send sends the change of an entry, and finds out what became of it; an entry that is
// refused fails its item. The note of what is being written must stand; doubted: it stood
// before, so it is not known whether the change was sent.
func (r *liveRun) send(ctx context.Context, d *deed, doubted bool) error {
	for try := 1; ; try++ {
		if doubted {
			over, err := r.stands(ctx, d)
			if err != nil || over {
				return err
			}
		}
		entry, err := r.list.Write(ctx, d.key, d.change, d.want)
		var refused *refusedError
		var lacking *lackingError
		switch {
		case err == nil:
			d.got, d.want = entry, unlost(r.format, d.want, entry)
			return nil
		case errors.As(err, &lacking):
			d.item.Reason = strings.TrimSpace(d.item.Reason + " " + lacking.reason)
			if !lacking.written && !doubted {
				d.item.Outcome = tasks.Unchanged
				delete(d.item.Refs, "changes")
				delete(d.item.Refs, "changes_there")
			}
			d.got, d.want = entry, unlost(r.format, d.want, unlacking(d.want, entry))
			return nil
		case errors.As(err, &refused):
			d.item.Outcome, d.item.Reason = tasks.ItemFailed, refused.reason
			return nil
		case isUnsure(err) && try < maxWrites:
			doubted = true
			continue
		}
		if _, waits := tasks.AsLater(err); waits && !isUnsure(err) {
			// Nothing was sent that could have been done: there is no doubt.
			return errors.Join(err, r.run.Note(ctx, tasks.Notes{doing: ""}))
		}
		return err
	}
}

// stands looks whether the entry stands at the provider as it is wanted; if not, what
// is to be sent is found anew.
func (r *liveRun) stands(ctx context.Context, d *deed) (bool, error) {
	row, there, err := r.list.Find(ctx, d.key)
	if err != nil {
		return false, err
	}
	if !there || row.Fault != "" {
		d.change = r.live.Change(d.key.Kind, d.want, nil)
		return false, nil
	}
	if change := r.live.Change(d.key.Kind, d.want, &row.Entry); !change.Empty() {
		d.change = change
		return false, nil
	}
	d.got, d.want = row.Entry, unlost(r.format, d.want, row.Entry)
	return true, nil
}

// unlost gives an entry as it stands at the provider, with what of ours the provider
// has no room for: our side must not lose it because it was exported.
func unlost(f Format, ours, there Entry) Entry {
	if there.Start.IsZero() {
		there.Start = ours.Start
	}
	if there.Finish.IsZero() {
		there.Finish = ours.Finish
	}
	if there.Notes == "" {
		there.Notes = ours.Notes
	}
	if there.Score == 0 {
		there.Score = ours.Score
	}
	if there.Repeats == 0 {
		there.Repeats = ours.Repeats
	}
	if there.Volumes == 0 {
		there.Volumes = ours.Volumes
	}
	return f.Conform(there)
}

// unlacking gives an entry as it stands at the provider, with what was done that the
// provider does not have.
func unlacking(ours, there Entry) Entry {
	there.Seen = there.Seen.Union(ours.Seen)
	there.Progress = max(there.Progress, ours.Progress)
	return there
}

func (ex *liveExport) remove(ctx context.Context, d *deed) error {
	err := ex.list.Delete(ctx, d.key)
	var refused *refusedError
	switch {
	case errors.As(err, &refused):
		d.item.Outcome, d.item.Reason = tasks.ItemFailed, refused.reason
	case isUnsure(err):
		err = ex.list.Delete(ctx, d.key)
	}
	if err != nil && d.item.Outcome != tasks.ItemFailed {
		return err
	}
	return ex.tell(ctx, d)
}

// tell records the item, and what the account's list at the provider says now.
func (ex *liveExport) tell(ctx context.Context, d *deed) error {
	d.item.Index = ex.next
	want := Want{Records: []RecordKey{d.key}, Singles: true, Dry: ex.dry}
	items, err := ex.store.Change(ctx, ex.run.Fence(), ex.owner, want, func(h *Held) error {
		t := ex.told(h, d)
		h.Settle(d.item, t)
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep what %s became: %w", d.name, err)
	}
	ex.next++
	return ex.run.Recorded(ctx, items...)
}

// told keeps the entry as it was written, with the tracker of its work.
func (ex *liveExport) told(h *Held, d *deed) *Tracker {
	record, known := h.Records[d.key]
	switch {
	case known && (d.delete || d.item.Outcome == tasks.ItemFailed):
		return record.Tracker
	case known:
		record.Entry = d.want
		h.meet(ex.format, mutesOf(ex.format, d.key.Kind), record, d.got, Facts{})
		return record.Tracker
	case d.delete || d.item.Outcome == tasks.ItemFailed:
		return nil
	}
	t, there := h.Trackers[h.Resolve(d.key).Resource]
	if there {
		h.Records[d.key] = &Record{Key: d.key, Tracker: t, Entry: d.want}
		h.meet(ex.format, mutesOf(ex.format, d.key.Kind), h.Records[d.key], d.got, Facts{})
	}
	return t
}
