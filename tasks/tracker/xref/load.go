package xref

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

const (
	// loadBatch is how many rows share a transaction.
	loadBatch = 1000
	// maxRows bounds a file: what is remembered of it grows with its rows.
	maxRows = 1_000_000
	// maxSaid bounds how many rows of a file may name one id.
	maxSaid = 50
	// maxRefusals bounds how many refused rows are told one by one.
	maxRefusals = 1000
)

// Report says what became of a reference file.
type Report struct {
	Source    Source    `json:"source"`
	Rows      int64     `json:"rows"`
	New       int64     `json:"new"`       // nothing was said about its ids before
	Changed   int64     `json:"changed"`   // it replaces what was said before
	Unchanged int64     `json:"unchanged"` // it was there
	Single    int64     `json:"single"`    // it names one id that is known here, or none
	Refused   int64     `json:"refused"`
	Refusals  []Refusal `json:"refusals"` // the first of them
}

// Refusal says why a row was not taken.
type Refusal struct {
	Line   int64  `json:"line"`
	Reason string `json:"reason"`
}

func (r *Report) refuse(line int64, reason string) {
	if r.Refused++; len(r.Refusals) < maxRefusals {
		r.Refusals = append(r.Refusals, Refusal{line, reason})
	}
}

// LoadFile loads a file of cross references for a client, or for Everyone.
// What it says of an id replaces all that earlier files of its source said of it.
// The file is read through once before anything changes; then it is loaded, and
// counts from the end on. progress is told how many rows are done, and of how
// many.
func LoadFile(ctx context.Context, store Store, client tasks.ClientID, f tasks.File, progress func(done, total int64) error) (Report, error) {
	l := &loader{store: store, client: client, progress: progress, seed: maphash.MakeSeed(), ids: map[int64]bool{}, said: map[uint64]uint8{}, gone: map[int64]bool{}}
	err := tracker.ReadFile(ctx, f, func(r io.Reader) error {
		source, err := Read(r, l.look)
		l.report = Report{Source: source, Refusals: []Refusal{}}
		return err
	})
	if err != nil {
		return l.report, err
	}
	clear(l.said)
	if l.load, err = store.BeginLoad(ctx, client, string(l.report.Source)); err != nil {
		return l.report, err
	}
	err = tracker.ReadFile(ctx, f, func(r io.Reader) error {
		_, err := Read(r, func(row Row) error { return l.take(ctx, row) })
		return err
	})
	if err == nil {
		err = l.flush(ctx)
	}
	if err != nil {
		return l.report, err
	}
	gone := make([]int64, 0, len(l.gone))
	for id := range l.gone {
		gone = append(gone, id)
	}
	return l.report, store.EndLoad(ctx, l.load, gone)
}

// loader is the loading of one file.
type loader struct {
	store    Store
	client   tasks.ClientID
	progress func(done, total int64) error
	seed     maphash.Seed

	total  int64
	ids    map[int64]bool   // of the file's rows; true: it came by
	said   map[uint64]uint8 // how many rows name an id, by its hash
	gone   map[int64]bool   // rows that the file replaces
	load   Load
	batch  []Row
	report Report
}

var errTooMany = tracker.Unreadable(fmt.Sprintf("The file has more than %d rows.", maxRows))

// look sees every row once before the first is taken: what the file says
// further down must not be taken for something that it replaces.
func (l *loader) look(row Row) error {
	if l.total++; l.total > maxRows {
		return errTooMany
	}
	if l.total%loadBatch == 0 {
		if err := l.progress(0, 0); err != nil {
			return err
		}
	}
	if l.crowded(row) == "" && row.Fault == "" {
		// The source is not known before the file was recognised, and is the
		// same for all of it.
		l.ids[rowID(row.Keys)] = false
	}
	return nil
}

// crowded says that a row cannot be taken because too many others name an id of it.
func (l *loader) crowded(row Row) string {
	for _, k := range row.Keys {
		if !k.Related() || row.Fault != "" {
			continue
		}
		h := maphash.String(l.seed, k.String())
		if l.said[h] >= maxSaid {
			return fmt.Sprintf("%d rows above name %s %s already, which is more than there can be of one work.", maxSaid, tracker.Titles[k.Provider], k.NativeID)
		}
		l.said[h]++
	}
	return ""
}

func rowID(keys []tracker.RecordKey) int64 { return tracker.Saying{Keys: keys}.Hash() }

func (l *loader) take(ctx context.Context, row Row) error {
	l.report.Rows++
	if row.Fault == "" {
		row.Fault = l.crowded(row)
	}
	if row.Fault != "" {
		l.report.refuse(row.Line, row.Fault)
		return nil
	}
	if l.batch = append(l.batch, row); len(l.batch) < loadBatch {
		return nil
	}
	return l.flush(ctx)
}

func (l *loader) flush(ctx context.Context) error {
	var keys []tracker.RecordKey
	for _, row := range l.batch {
		for _, k := range row.Keys {
			if k.Related() {
				keys = append(keys, k)
			}
		}
	}
	before, err := l.store.Said(ctx, l.load, keys)
	if err != nil {
		return err
	}
	var kept []Kept
	for _, row := range l.batch {
		if one, ok := l.weigh(row, before); ok {
			kept = append(kept, one)
		}
	}
	if err := l.store.Add(ctx, l.load, kept); err != nil {
		return err
	}
	l.batch = l.batch[:0]
	return errors.Join(context.Cause(ctx), l.progress(l.report.Rows, l.total))
}

// weigh compares a row with what was said before; ok: it is to be kept.
func (l *loader) weigh(row Row, before map[tracker.RecordKey][]int64) (Kept, bool) {
	id := rowID(row.Keys)
	again := l.ids[id]
	l.ids[id] = true
	there, replaces := again, false
	for _, k := range row.Keys {
		for _, old := range before[k] {
			if old == id {
				there = true
			} else if _, said := l.ids[old]; !said {
				l.gone[old], replaces = true, true
			}
		}
	}
	switch {
	case len(row.Keys) < 2 && !replaces:
		l.report.Single++
	case there:
		l.report.Unchanged++
	case replaces:
		l.report.Changed++
	default:
		l.report.New++
	}
	return Kept{id, row.Keys}, !there && len(row.Keys) > 1
}
