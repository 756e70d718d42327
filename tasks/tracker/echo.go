package tracker

import (
	"bytes"
	"context"
	"io"

	"asapi/tasks"
)

// Plainer is a Format whose entries can say the same in several ways that an import
// must not take for a change.
type Plainer interface {
	// Plain gives the entry in one of those ways, to be compared and not kept.
	Plain(e Entry) Entry
}

// echoes finds the rows that only say what an export says of the entries that are
// kept. Another form of file spells the same otherwise and leaves out what it cannot
// carry; to take that over would be no news, and would lose what the form leaves out.
func (im *importer) echoes(ctx context.Context, h *Held, rows []importRow) map[RecordKey]bool {
	given := map[RecordKey]Entry{}
	kept := make(map[Kind][]Entry)
	for _, row := range rows {
		record, known := h.Records[row.Key]
		if known && row.Fault == "" && !row.again {
			given[row.Key] = im.plain(row.Entry)
			kept[row.Key.Kind] = append(kept[row.Key.Kind], record.Entry)
		}
	}
	found := map[RecordKey]bool{}
	for kind, list := range kept {
		for _, form := range im.format.Forms() {
			im.exported(ctx, form, kind, list, func(row Row) {
				if entry, ok := given[row.Key]; ok && entry.Equal(im.plain(row.Entry)) {
					found[row.Key] = true
				}
			})
		}
	}
	return found
}

func (im *importer) plain(e Entry) Entry {
	if p, ok := im.format.(Plainer); ok {
		return p.Plain(e)
	}
	return e
}

// exported gives the rows of an export of a list. Of what cannot be written or read
// in that form there are none, so nothing is an echo of it.
func (im *importer) exported(ctx context.Context, form Form, kind Kind, list []Entry, each func(Row)) {
	var file bytes.Buffer
	entries := func(yield func(Entry, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
	if form.Write(&file, List{Kind: kind}, entries) != nil {
		return
	}
	f := tasks.NewFile("list"+form.Extension, form.ContentType, int64(file.Len()), func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(file.Bytes())), nil
	})
	var rows []Row
	err := readFile(ctx, f, func(r io.Reader) error {
		return im.format.Read(inputOf(ctx, f, r), func(row Row) error {
			rows = append(rows, row)
			return nil
		})
	})
	if err != nil {
		return
	}
	for _, row := range rows {
		each(row)
	}
}
