package mangadex

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// reader walks through the JSON form and what tools save of the API.
type reader struct {
	*listfile.JSON
	row   func(tracker.Row) error
	found bool
}

func readJSON(in io.Reader, row func(tracker.Row) error) error {
	j, err := listfile.NewJSON(in, Format{}.Title())
	if err != nil {
		return err
	}
	r := &reader{JSON: j, row: row}
	delim, err := r.Enter()
	switch {
	case err != nil:
		return err
	case delim == '[':
		r.found = true
		err = r.Elements(r.entry)
	case delim == '{':
		err = r.Members(r.member)
	}
	switch {
	case err != nil:
		return err
	case !r.found:
		return r.NotOurs()
	}
	return r.End()
}

// wrappers are the names under which tools put the array of entries.
var wrappers = []string{"data", "manga", "mangas", "titles", "follows", "library", "entries", "list"}

// member reads one member of a document that is an object: the entries, or the
// API's map of ids to statuses.
func (r *reader) member(name string) error {
	switch {
	case slices.Contains(wrappers, name):
		delim, err := r.Enter()
		switch {
		case err != nil:
			return err
		case delim == '[':
			r.found = true
			return r.Elements(r.entry)
		case delim == '{':
			return r.Members(r.keyed)
		}
		return nil
	case name == "statuses":
		delim, err := r.Enter()
		switch {
		case err != nil:
			return err
		case delim == '[': // PHP's way of writing an empty map
			r.found = true
			return r.Elements(r.Skip)
		case delim == '{':
			r.found = true
			return r.Members(r.keyed)
		}
		return nil
	}
	return r.keyed(name)
}

// keyed reads a member whose name is an id: a status, or an entry.
func (r *reader) keyed(name string) error {
	if !uuidPattern.MatchString(strings.ToLower(name)) {
		return r.Skip()
	}
	raw, err := r.Value()
	if err != nil {
		return err
	}
	r.found = true
	o, ok := listfile.ParseObject(string(raw))
	if !ok {
		if err := o.Add(elStatus, raw); err != nil {
			return err
		}
	}
	if id, _ := o.Get(elID); id == "" {
		if err := o.Add(elID, []byte(listfile.Quote(name))); err != nil {
			return err
		}
	}
	return r.take(o)
}

// entry reads one element of an array of entries.
func (r *reader) entry() error {
	raw, err := r.Value()
	if err != nil {
		return err
	}
	o, _ := listfile.ParseObject(string(raw))
	ours := slices.ContainsFunc(o.Members, func(m listfile.Member) bool {
		return m.Name == elID || m.Name == elTitle || m.Name == elURL
	})
	if r.Entries == 0 && !ours {
		return r.NotOurs()
	}
	return r.take(o)
}

func (r *reader) take(o listfile.Object) error {
	r.Entries++
	var e tracker.Entry
	for _, m := range o.Members {
		e.Native = append(e.Native, tracker.Field{m.Name, m.Value})
	}
	return r.row(rowOf(e, o.Broken, fmt.Sprintf("Entry %d", r.Entries)))
}

// writeJSON writes the JSON form: an array of the entries.
func writeJSON(w io.Writer, _ tracker.List, entries iter.Seq2[tracker.Entry, error]) error {
	out := bufio.NewWriterSize(w, 32<<10)
	// bufio keeps the first error of any write; Flush tells it.
	_, _ = out.WriteString("[")
	comma := "\n"
	for e, err := range entries {
		if err != nil {
			return err
		}
		var o listfile.Writer
		for _, f := range e.Native {
			o.Put(f[0], f[1])
		}
		_, _ = out.WriteString(comma + o.String())
		comma = ",\n"
	}
	_, _ = out.WriteString("\n]\n")
	return out.Flush()
}
