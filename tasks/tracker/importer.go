package tracker

import (
	"context"
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"unicode/utf8"

	"asapi/tasks"
)

// importer takes over the rows of one file.
type importer struct {
	store  Store
	format Format
	owner  Owner
	run    *tasks.Run
	mode   mode
	dry    bool
	live   bool // the rows are what stands at the provider now
	mutes  map[Kind]mutes

	seed  maphash.Seed
	seen  map[uint64]struct{} // hashes of the keys that came by
	trial *trial              // of a dry run
	notes tasks.Notes         // kept with the next rows
}

func newImporter(s *service, run *tasks.Run, owner Owner, f Format, p importParams) *importer {
	im := &importer{
		store: s.store, format: f, owner: owner, run: run, mode: mode(p.Mode), dry: p.DryRun,
		seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}, mutes: make(map[Kind]mutes),
	}
	if im.dry {
		im.trial = newTrial()
	}
	return im
}

// importRow is a row that knows whether its key came by before in its file.
type importRow struct {
	Row
	again bool
}

func (im *importer) hash(key RecordKey) uint64 { return maphash.String(im.seed, key.String()) }

// expect sees every row once before the first is taken.
func (im *importer) expect(row Row) {
	if im.dry && row.Fault == "" {
		im.trial.expect(im.hash(row.Key))
	}
}

func (im *importer) mark(row Row) importRow {
	if row.Fault == "" {
		row.Fault = keyFault(row.Key.NativeID)
	}
	if row.Fault != "" {
		return importRow{Row: row}
	}
	h := im.hash(row.Key)
	_, again := im.seen[h]
	im.seen[h] = struct{}{}
	return importRow{row, again}
}

// keyFault says why an id cannot be a key.
func keyFault(id string) string {
	switch {
	case id == "":
		return "The entry has no id, so it is not known which work it is."
	case len(id) > maxNative:
		return fmt.Sprintf("The id of the entry is longer than %d bytes.", maxNative)
	case !utf8.ValidString(id) || strings.ContainsRune(id, 0):
		return "The id of the entry holds bytes that are no text."
	}
	return ""
}

func (im *importer) apply(ctx context.Context, first int64, rows []importRow) error {
	want := Want{Dry: im.dry, Journal: true, Singles: true, Notes: im.notes}
	for _, row := range rows {
		if row.Fault == "" {
			want.Records = append(want.Records, row.Key)
			want.Claims = append(want.Claims, Claim{row.Key, row.Collection, row.Same})
		}
	}
	var held *Held
	items, err := im.store.Change(ctx, im.run.Fence(), im.owner, want, func(h *Held) error {
		im.trial.recall(h, rows)
		// Most files have no row that needs it.
		echoes := sync.OnceValue(func() map[RecordKey]bool { return im.echoes(ctx, h, rows) })
		for i, row := range rows {
			im.take(h, first+int64(i), row, echoes)
		}
		held = h
		return nil
	})
	if err != nil {
		return err
	}
	im.trial.remember(held, rows, im.hash)
	return im.run.Recorded(ctx, items...)
}

// take brings one row to what the owner holds. echoes gives the rows of the batch
// that say no more than what is kept.
func (im *importer) take(h *Held, index int64, row importRow, echoes func() map[RecordKey]bool) {
	item := tasks.Item{Index: index, Key: row.Key.String()}
	if row.Fault != "" {
		item.Outcome, item.Reason = tasks.ItemFailed, row.Fault
		if row.Foreign {
			item.Outcome = tasks.Skipped
		}
		h.Settle(item, nil)
		return
	}
	record, known := h.Records[row.Key]
	if !known {
		stands := h.Resolve(row.Key)
		t, there := h.Trackers[stands.Resource]
		if there && im.mode == newOnly {
			im.leave(h, item, row, t)
			return
		}
		t, made := h.Tracker(stands.Resource)
		record = &Record{Key: row.Key, Tracker: t, Entry: row.Entry}
		h.Records[row.Key] = record
		was := *t
		im.bring(h, record, Visible{})
		im.meet(h, record, row, Facts{})
		item.Outcome, item.Reason = tasks.Updated, stands.Reason()
		if made {
			item.Outcome = tasks.Created
		}
		item.Refs = im.changes(item.Outcome, Facts{}, was, record)
		h.Settle(noted(item, row), t)
		return
	}
	if im.mode == newOnly || (row.again && im.mode == overwriting) {
		im.leave(h, item, row, record.Tracker)
		return
	}
	was, before := record.Entry, *record.Tracker
	stood := h.current(im.format, record).Facts
	entry := im.entry(was, row)
	if im.mode == merging && entry.Facts == was.Facts && !entry.Equal(was) && echoes()[row.Key] {
		entry = was
	}
	item.Outcome = tasks.Unchanged
	if !entry.Equal(was) || im.mode == overwriting {
		record.Entry = entry
		im.bring(h, record, VisibleOf(was.Facts))
	}
	if !entry.Equal(was) || before != *record.Tracker {
		item.Outcome = tasks.Updated
	}
	im.meet(h, record, row, stood)
	if row.again {
		item.Reason = "The file has this entry more than once; what the first says stands, with the further progress of both."
	}
	item.Refs = im.changes(item.Outcome, was.Facts, before, record)
	h.Settle(noted(item, row), record.Tracker)
}

// meet notes for later comparisons what both sides have, where the row is what stands at
// the provider: a file may be of any time.
func (im *importer) meet(h *Held, r *Record, row importRow, before Facts) {
	if im.live {
		mute, known := im.mutes[row.Key.Kind]
		if !known {
			mute = mutesOf(im.format, row.Key.Kind)
			im.mutes[row.Key.Kind] = mute
		}
		h.meet(im.format, mute, r, row.Entry, before)
	}
}

// noted adds to the item what its row gives to know.
func noted(item tasks.Item, row importRow) tasks.Item {
	item.Reason = strings.TrimSpace(row.Note + " " + item.Reason)
	return item
}

// leave settles an entry that is not taken because of what is there already.
func (im *importer) leave(h *Held, item tasks.Item, row importRow, t *Tracker) {
	item.Outcome = tasks.Unchanged
	item.Reason = "This work has a tracker already; mode=new-only leaves it as it is."
	if row.again {
		item.Reason = "The file has this entry more than once; what the first says stands."
	}
	h.Settle(noted(item, row), t)
}

// entry gives what is kept of a row whose key has an entry already. Where the
// file says the same entry twice the first goes over the second: the file could
// not be imported again without a change otherwise, each of the two undoing the
// other.
func (im *importer) entry(kept Entry, row importRow) Entry {
	switch {
	case im.mode == overwriting:
		return Overwrite(im.format, kept, row.Entry)
	case row.again:
		return Merge(im.format, row.Entry, kept)
	}
	return Merge(im.format, kept, row.Entry)
}

// bring shows on its tracker what a record says now; before is what it showed.
func (im *importer) bring(h *Held, r *Record, before Visible) {
	now := VisibleOf(r.Entry.Facts)
	if im.mode == overwriting {
		r.Tracker.become(h, now)
	} else {
		r.Tracker.apply(before, now)
		h.tick(r.Tracker, now.Singles.Without(before.Singles))
	}
	h.Learn(Work{Resource: r.Tracker.Resource, Title: r.Entry.Title, Regular: r.Entry.Total})
}
