package xref

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// Catalogue keeps what clients know of works.
type Catalogue interface {
	// References gives what is said about the ids, for a client.
	References(ctx context.Context, client tasks.ClientID, keys []tracker.RecordKey) (*tracker.References, error)
	// SaveWorks teaches the client's catalogue; what it knows already stays,
	// and a count only grows.
	SaveWorks(ctx context.Context, client tasks.ClientID, works []tracker.Work) error
	// SetWorks keeps works as they are given: what they say of a work stands,
	// and what they do not say stays.
	SetWorks(ctx context.Context, client tasks.ClientID, works []tracker.Work) error
}

// CatalogueReport says what became of a catalogue file.
type CatalogueReport struct {
	Rows     int64     `json:"rows"`
	Taken    int64     `json:"taken"`
	Unknown  int64     `json:"unknown"` // rows that name no id that is known here
	Refused  int64     `json:"refused"`
	Refusals []Refusal `json:"refusals"` // the first of them
}

// cataloguePart is how many parts of works share a transaction at most, but for
// those of one work.
const cataloguePart = 5000

// LoadCatalogue teaches a client's catalogue what a file says of works: JSON
// lines of our own, or an anime-offline-database file. Works that are named after
// a provider's id are kept under the name that this id stands for. The file is
// read through once before anything changes. progress is told how many rows are
// done, and of how many.
func LoadCatalogue(ctx context.Context, store Catalogue, client tasks.ClientID, f tasks.File, progress func(done, total int64) error) (CatalogueReport, error) {
	l := &catalogueLoader{store: store, client: client, progress: progress, report: CatalogueReport{Refusals: []Refusal{}}}
	err := tracker.ReadFile(ctx, f, func(r io.Reader) error {
		return readCatalogue(r, func(entry) error {
			l.total++
			return nil
		})
	})
	if err != nil {
		return l.report, err
	}
	err = tracker.ReadFile(ctx, f, func(r io.Reader) error {
		return readCatalogue(r, func(e entry) error { return l.take(ctx, e) })
	})
	if err != nil {
		return l.report, err
	}
	return l.report, l.flush(ctx)
}

// entry is one work of a catalogue file.
type entry struct {
	Row
	work   tracker.Work // under the name that the file gives it; none: it has ids only
	stands bool         // it is the client's own word
}

type catalogueLoader struct {
	store    Catalogue
	client   tasks.ClientID
	progress func(done, total int64) error
	total    int64
	entries  []entry
	parts    int
	report   CatalogueReport
}

func (l *catalogueLoader) take(ctx context.Context, e entry) error {
	l.report.Rows++
	switch {
	case e.Fault != "":
		if l.report.Refused++; len(l.report.Refusals) < maxRefusals {
			l.report.Refusals = append(l.report.Refusals, Refusal{e.Line, e.Fault})
		}
		return nil
	case e.work.Resource == "" && len(e.Keys) == 0:
		l.report.Unknown++
		return nil
	}
	l.report.Taken++
	l.entries = append(l.entries, e)
	if l.parts += len(e.work.Parts); len(l.entries) < loadBatch && l.parts < cataloguePart {
		return nil
	}
	return l.flush(ctx)
}

// flush keeps the works under the names that they have now.
func (l *catalogueLoader) flush(ctx context.Context) error {
	var keys []tracker.RecordKey
	for _, e := range l.entries {
		keys = append(keys, e.Keys...)
	}
	refs, err := l.store.References(ctx, l.client, keys)
	if err != nil {
		return err
	}
	var learnt, set []tracker.Work
	for _, e := range l.entries {
		if e.stands {
			set = append(set, under(refs, e.work))
		} else {
			learnt = append(learnt, worksOf(refs, e.Row)...)
		}
	}
	if err := l.store.SetWorks(ctx, l.client, lastOf(set)); err != nil {
		return err
	}
	if err := l.store.SaveWorks(ctx, l.client, lastOf(learnt)); err != nil {
		return err
	}
	l.entries, l.parts = l.entries[:0], 0
	return errors.Join(context.Cause(ctx), l.progress(l.report.Rows, l.total))
}

// under names a work, and its parts, as it is held.
func under(refs *tracker.References, w tracker.Work) tracker.Work {
	res, _ := tracker.ParseResource(w.Resource)
	w.Resource = refs.Canonical(res).String()
	w.Parts = slices.Clone(w.Parts)
	for i := range w.Parts {
		part, _ := tracker.ParseResource(w.Parts[i].Resource)
		w.Parts[i].Resource = refs.Canonical(part).String()
	}
	return w
}

// worksOf gives the works that a row of ids tells of: all of a provider's ids
// that the row names once. Of several of one provider it is not known how many
// of the episodes each has.
func worksOf(refs *tracker.References, row Row) []tracker.Work {
	var works []tracker.Work
	for i, k := range row.Keys {
		again := slices.ContainsFunc(row.Keys, func(o tracker.RecordKey) bool { return o.Provider == k.Provider && o != k })
		name := refs.Of(k).Resource
		if i > 0 && slices.ContainsFunc(works, func(w tracker.Work) bool { return w.Resource == name }) {
			continue
		}
		w := tracker.Work{Resource: name, Title: row.Title, Regular: row.Regular}
		if again {
			w.Regular = 0
		}
		works = append(works, w)
	}
	return works
}

// lastOf keeps the last that is said of each work: a statement can write each
// once.
func lastOf(works []tracker.Work) []tracker.Work {
	at := map[string]int{}
	var list []tracker.Work
	for _, w := range works {
		if i, ok := at[w.Resource]; ok {
			list[i] = w
			continue
		}
		at[w.Resource] = len(list)
		list = append(list, w)
	}
	return list
}

// readCatalogue recognises the form of a catalogue file.
func readCatalogue(r io.Reader, each func(entry) error) error {
	in := bufio.NewReaderSize(r, recogniseHead)
	head, err := in.Peek(recogniseHead)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	first, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte("\n"))
	if bytes.HasPrefix(first, []byte("{")) && bytes.Contains(first, []byte(`"resource"`)) {
		return eachLine(newLines(in), func(line int64, text []byte) error { return each(workOf(line, text)) })
	}
	source, err := Read(in, func(row Row) error { return each(entry{Row: row}) })
	if err == nil && source != Offline {
		err = tracker.Unreadable("This file says nothing of works but their ids; load it with asapi crossref load.")
	}
	return err
}
