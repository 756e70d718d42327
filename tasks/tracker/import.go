package tracker

import (
	"context"
	"hash/maphash"
	"io"

	"asapi/tasks"
)

// importBatch is how many entries share a transaction.
const importBatch = 500

type importParams struct {
	Provider string     `param:"provider" enum:"myanimelist" doc:"Whose list file it is."`
	File     tasks.File `param:"file" doc:"The list file as the provider exports it: for MyAnimeList XML, also packed with gzip. An anime or a manga list."`
}

func (s *service) importAction() tasks.Action {
	return tasks.NewAction(tasks.Action{
		Slug: "import-trackers", Name: "Import Trackers",
		Description: "Takes over a list file of a provider. It merges: progress is never lowered, a date or a score is never cleared. Each entry gets an outcome of its own; a file that cannot be read to its end changes nothing.",
	}, s.importTrackers)
}

func (s *service) importTrackers(ctx context.Context, run *tasks.Run, p importParams) error {
	format, err := s.format(p.Provider)
	if err != nil {
		return err
	}
	next, err := run.Resume(ctx)
	if err != nil {
		return err
	}
	total, err := checked(ctx, run, p.File, func(r io.Reader, each func() error) error {
		return format.Read(inputOf(ctx, p.File, r), func(Row) error { return each() })
	})
	if err != nil {
		return err
	}
	if total == 0 {
		return Unreadable("The list is empty: the file has no entries, so there is nothing to import.")
	}
	im := &importer{store: s.store, format: format, owner: ownerOf(run), run: run, seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
	rows := &batch[importRow]{size: importBatch, next: next, apply: func(first int64, rows []importRow) error {
		return im.apply(ctx, first, rows)
	}}
	err = readFile(ctx, p.File, func(r io.Reader) error {
		return format.Read(inputOf(ctx, p.File, r), func(row Row) error { return rows.add(im.mark(row)) })
	})
	if err != nil {
		return err
	}
	if err := rows.flush(); err != nil {
		return err
	}
	return run.Report(ctx, nil)
}

// importer merges the rows of one file.
type importer struct {
	store  Store
	format Format
	owner  Owner
	run    *tasks.Run
	seed   maphash.Seed
	seen   map[uint64]struct{} // hashes of the keys that came by
}

// importRow is a row that knows whether its key came by before in its file.
type importRow struct {
	Row
	again bool
}

func (im *importer) mark(row Row) importRow {
	if row.Fault != "" {
		return importRow{Row: row}
	}
	h := maphash.String(im.seed, row.Key.String())
	_, again := im.seen[h]
	im.seen[h] = struct{}{}
	return importRow{row, again}
}

func (im *importer) apply(ctx context.Context, first int64, rows []importRow) error {
	var want Want
	for _, row := range rows {
		if row.Fault == "" {
			want.Records = append(want.Records, row.Key)
			want.Claims = append(want.Claims, Claim{row.Key, row.Collection, row.Same})
		}
	}
	items, err := im.store.Change(ctx, im.run.Fence(), im.owner, want, func(h *Held) error {
		for i, row := range rows {
			im.take(h, first+int64(i), row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return im.run.Recorded(ctx, items...)
}

// take merges one row into what the owner holds.
func (im *importer) take(h *Held, index int64, row importRow) {
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
		t, made := h.Tracker(stands.Resource)
		h.Records[row.Key] = &Record{Key: row.Key, Tracker: t, Entry: row.Entry}
		item.Outcome, item.Reason = tasks.Updated, stands.Reason()
		if made {
			item.Outcome = tasks.Created
		}
		t.apply(Visible{}, VisibleOf(row.Entry.Facts))
		h.Learn(Work{Resource: t.Resource, Title: row.Entry.Title, Regular: row.Entry.Total})
		h.Settle(item, t)
		return
	}
	merged := im.merge(record.Entry, row)
	item.Outcome = tasks.Unchanged
	if !merged.Equal(record.Entry) {
		item.Outcome = tasks.Updated
		record.Tracker.apply(VisibleOf(record.Entry.Facts), VisibleOf(merged.Facts))
		record.Entry = merged
		h.Learn(Work{Resource: record.Tracker.Resource, Title: merged.Title, Regular: merged.Total})
	}
	if row.again {
		item.Reason = "The file has this entry more than once; what the first says stands, with the further progress of both."
	}
	h.Settle(item, record.Tracker)
}

// merge lays the row over the entry. Where the file says the same entry twice
// the first goes over the second: the file could not be imported again without
// a change otherwise, each of the two undoing the other.
func (im *importer) merge(kept Entry, row importRow) Entry {
	if row.again {
		return Merge(im.format, row.Entry, kept)
	}
	return Merge(im.format, kept, row.Entry)
}
