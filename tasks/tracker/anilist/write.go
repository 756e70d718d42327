package anilist

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// maxCustom is how many custom lists are written as lists of their own; what
// lies beyond stands in the entries only. The site allows fewer.
const maxCustom = 100

// outline is what a look at all entries tells before the first is written.
type outline struct {
	statuses map[string]bool
	custom   []string
	scale    scale
	mixed    bool // entries have scores that no one format but 0 to 100 holds
}

func outlineOf(entries iter.Seq2[tracker.Entry, error]) (outline, error) {
	o := outline{statuses: map[string]bool{}}
	for e, err := range entries {
		if err != nil {
			return o, err
		}
		status, _ := e.Get(elStatus)
		o.statuses[status] = true
		for _, name := range customIn(e) {
			if len(o.custom) < maxCustom && !slices.Contains(o.custom, name) {
				o.custom = append(o.custom, name)
			}
		}
		format, _ := e.Get(elScoreFormat)
		s, known := scaleNamed(format)
		if o.scale.name == "" {
			o.scale = s
		}
		_, fits := s.of(e.Score)
		o.mixed = o.mixed || !known || !fits || s != o.scale
	}
	if o.mixed || o.scale.name == "" {
		o.scale = pointHundred
	}
	return o, nil
}

// customIn gives the names of the custom lists that an entry is in: of a map
// from names to booleans, of an array of names, or of objects with a name.
func customIn(e tracker.Entry) []string {
	value, _ := e.Get(elCustom)
	var names []string
	if lists, ok := listfile.ParseObject(value); ok {
		for _, m := range lists.Members {
			if m.Value == "true" {
				names = append(names, m.Name)
			}
		}
		return names
	}
	for _, item := range listfile.Items(value) {
		if name, ok := listfile.Text(item); ok {
			names = append(names, name)
			continue
		}
		list, _ := listfile.ParseObject(item)
		raw, _ := list.Get("name")
		enabled, _ := list.Get("enabled")
		if name, ok := listfile.Text(raw); ok && name != "" && enabled == "true" {
			names = append(names, name)
		}
	}
	return names
}

// hidden reports whether an entry stands in custom lists only.
func (o *outline) hidden(e tracker.Entry) bool {
	value, _ := e.Get(elHidden)
	return value == "true" && slices.ContainsFunc(customIn(e), func(name string) bool { return slices.Contains(o.custom, name) })
}

// titles are the names of the lists of either kind, in the order of the site.
var titles = []struct{ status, anime, manga string }{
	{`"CURRENT"`, "Watching", "Reading"},
	{`"REPEATING"`, "Rewatching", "Rereading"},
	{`"COMPLETED"`, "Completed", "Completed"},
	{`"PAUSED"`, "Paused", "Paused"},
	{`"DROPPED"`, "Dropped", "Dropped"},
	{`"PLANNING"`, "Planning", "Planning"},
}

// writeCollection makes the answer to a query for a MediaListCollection, with
// the entries in the lists where the site has them. It ranges over the entries
// once for each list, so that none is held in memory.
func writeCollection(w io.Writer, list tracker.List, entries iter.Seq2[tracker.Entry, error]) error {
	o, err := outlineOf(entries)
	if err != nil {
		return err
	}
	out := &writer{Writer: bufio.NewWriterSize(w, 32<<10), outline: o, entries: entries}
	out.put(`{"data":{"MediaListCollection":{"user":{"name":` + listfile.Quote(list.User) +
		`,"mediaListOptions":{"scoreFormat":` + listfile.Quote(o.scale.name) + `}},"hasNextChunk":false,"lists":[`)
	for _, t := range titles {
		name := t.anime
		if list.Kind == tracker.Manga {
			name = t.manga
		}
		if !o.statuses[t.status] {
			continue
		}
		err := out.list(name, t.status, func(e tracker.Entry) bool {
			status, _ := e.Get(elStatus)
			return strings.EqualFold(status, t.status) && !o.hidden(e)
		})
		if err != nil {
			return err
		}
	}
	for _, name := range o.custom {
		if err := out.list(name, "", func(e tracker.Entry) bool { return slices.Contains(customIn(e), name) }); err != nil {
			return err
		}
	}
	out.put("\n]}}}\n")
	return out.Flush()
}

// writer keeps its first error, as bufio.Writer does, until Flush.
type writer struct {
	*bufio.Writer
	outline
	entries iter.Seq2[tracker.Entry, error]
	lists   int
}

func (w *writer) put(s string) { _, _ = w.WriteString(s) }

// list writes one list with the entries that are in it; a custom list has no
// status.
func (w *writer) list(name, status string, in func(tracker.Entry) bool) error {
	if w.lists++; w.lists > 1 {
		w.put(",")
	}
	value := status
	if status == "" {
		value = "null"
	}
	w.put(fmt.Sprintf("\n{\"name\":%s,\"isCustomList\":%t,\"isSplitCompletedList\":false,\"status\":%s,\"entries\":[", listfile.Quote(name), status == "", value))
	comma := ""
	for e, err := range w.entries {
		if err != nil {
			return err
		}
		if in(e) {
			w.put(comma + "\n" + w.entry(e))
			comma = ","
		}
	}
	w.put("]}")
	return nil
}

// entry spells one entry. Its score is in the format that the file names, and
// out of 100 in scoreRaw besides, so that it is read back exactly.
func (w *writer) entry(e tracker.Entry) string {
	o := listfile.Writer{}
	grouped := false
	for _, f := range e.Native {
		switch inMedia := strings.HasPrefix(f[0], elMedia); {
		case inMedia:
			if !grouped {
				o.Put("media", mediaOf(e))
			}
			grouped = true
		case f[0] == elScore:
			w.score(&o, e, f[1])
		default:
			o.Put(f[0], f[1])
		}
	}
	return o.String()
}

func (w *writer) score(o *listfile.Writer, e tracker.Entry, value string) {
	if score, fits := w.scale.of(e.Score); fits {
		o.Put(elScore, score)
	} else {
		o.Put(elScore, strconv.FormatInt(e.Score, 10))
	}
	o.Put(elScoreRaw, value)
}

func mediaOf(e tracker.Entry) string {
	o := listfile.Writer{}
	for _, f := range e.Native {
		if name, inMedia := strings.CutPrefix(f[0], elMedia); inMedia {
			o.Put(name, f[1])
		}
	}
	return o.String()
}
