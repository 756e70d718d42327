package trackers_test

import (
	"bufio"
	"encoding/json"
	"io"
	"iter"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// lines is a format for tests that can say all that a Row can: one JSON object a
// line.
type lines struct {
	provider tracker.Provider
}

// line is one entry of it.
type line struct {
	ID         string       `json:"id"`
	Kind       tracker.Kind `json:"kind"`
	Collection string       `json:"collection,omitempty"`
	tracker.Facts
}

func (f lines) Provider() tracker.Provider { return f.provider }
func (f lines) Title() string              { return strings.ToUpper(string(f.provider)) }
func (lines) Kinds() []tracker.Kind        { return []tracker.Kind{tracker.Anime, tracker.Manga} }

func (f lines) Read(in tracker.Input, row func(tracker.Row) error) error {
	scan := bufio.NewScanner(in)
	for scan.Scan() {
		var l line
		if err := json.Unmarshal(scan.Bytes(), &l); err != nil {
			return tracker.Unreadable("This is no line.")
		}
		err := row(tracker.Row{
			Key:        tracker.RecordKey{Provider: f.provider, Kind: l.Kind, NativeID: l.ID},
			Collection: l.Collection, Entry: f.Blank(l.Kind, l.ID, l.Facts),
		})
		if err != nil {
			return err
		}
	}
	return scan.Err()
}

func (lines) Conform(e tracker.Entry) tracker.Entry { return e }

func (lines) Blank(kind tracker.Kind, id string, f tracker.Facts) tracker.Entry {
	return tracker.Entry{Facts: f, Native: []tracker.Field{{"id", id}, {"kind", string(kind)}}}
}

func (lines) Forms() []tracker.Form {
	return []tracker.Form{{Name: "lines", ContentType: "text/plain", Extension: ".txt", Write: func(w io.Writer, _ tracker.List, entries iter.Seq2[tracker.Entry, error]) error {
		enc := json.NewEncoder(w)
		for e, err := range entries {
			if err != nil {
				return err
			}
			id, _ := e.Get("id")
			kind, _ := e.Get("kind")
			if err := enc.Encode(line{ID: id, Kind: tracker.Kind(kind), Facts: e.Facts}); err != nil {
				return err
			}
		}
		return nil
	}}}
}

// withLines lets the bench read and write lists of the providers as lines.
func (b *bench) withLines(providers ...tracker.Provider) {
	formats := make([]tracker.Format, len(providers))
	for i, p := range providers {
		formats[i] = lines{p}
	}
	b.catalog = tasks.NewCatalog(tracker.NewService(b.trackers, b.sealer, formats...))
}

// importsLines imports entries as lines of a provider.
func (b *bench) importsLines(account string, p tracker.Provider, mode string, list ...line) report {
	b.tb.Helper()
	return b.report(b.do(account, "import-trackers", args{
		values: map[string]string{"provider": string(p), "mode": mode}, files: map[string][]byte{"file": linesOf(list...)},
	}))
}

func linesOf(list ...line) []byte {
	var out strings.Builder
	for _, l := range list {
		raw, err := json.Marshal(l)
		if err != nil {
			panic(err)
		}
		out.Write(append(raw, '\n'))
	}
	return []byte(out.String())
}

// exportsLines exports a list and reads its lines.
func (b *bench) exportsLines(account string, p tracker.Provider, kind tracker.Kind) []line {
	b.tb.Helper()
	raw := b.do(account, "export-trackers", args{values: map[string]string{"provider": string(p), "kind": string(kind), "format": "lines"}})
	var list []line
	for text := range strings.Lines(string(raw)) {
		var l line
		must(b.tb, json.Unmarshal([]byte(text), &l))
		list = append(list, l)
	}
	return list
}
