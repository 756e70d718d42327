package myanimelist

import (
	"bufio"
	"encoding/xml"
	"io"
	"iter"
	"strconv"
	"strings"

	"asapi/tasks/tracker"
)

// elements lists an entry's elements in the order the site writes them.
func (n names) elements() []string { return strings.Fields(n.order) }

// inCDATA are the elements whose text the site wraps in CDATA.
var inCDATA = map[string]bool{
	"series_title": true, "manga_title": true, elNotes: true, "my_tags": true, "my_scanalation_group": true,
}

// write makes the site's own file. Every entry carries update_on_import 1,
// because the site takes 0, which its own exports say, for "do not change".
func write(w io.Writer, list tracker.List, entries iter.Seq2[tracker.Entry, error]) error {
	n := namesOf(list.Kind)
	out := &writer{Writer: bufio.NewWriterSize(w, 32<<10), names: n}
	out.head(list)
	for e, err := range entries {
		if err != nil {
			return err
		}
		if err := out.entry(e); err != nil {
			return err
		}
	}
	out.put("\t</myanimelist>\n")
	return out.Flush()
}

// writer keeps its first error, as bufio.Writer does, until Flush.
type writer struct {
	*bufio.Writer
	names names
}

func (w *writer) put(s string) { _, _ = w.WriteString(s) }

func (w *writer) head(l tracker.List) {
	n := w.names
	w.put(xml.Header + "\t<!--\n\t List export in the form of MyAnimeList, version 1.1.0\n\t-->\n\n\t<myanimelist>\n\n\t\t<myinfo>\n")
	info := func(name, value string) { w.element("\t\t\t", name, value) }
	count := func(name string, v int64) { info(name, strconv.FormatInt(v, 10)) }
	info("user_id", "")
	info("user_name", l.User)
	info("user_export_type", n.exportType)
	count(n.totalName, l.Total())
	count(n.totalWatching, l.Counts[tracker.Watching])
	count("user_total_completed", l.Counts[tracker.Done])
	count("user_total_onhold", l.Counts[tracker.Paused])
	count("user_total_dropped", l.Counts[tracker.Dropped])
	count(n.totalPlanned, l.Counts[tracker.PlannedTo])
	w.put("\t\t</myinfo>\n\n")
}

func (w *writer) entry(e tracker.Entry) error {
	w.put("\t\t<" + string(w.names.kind) + ">\n")
	for _, f := range w.names.inOrder(e.Native) {
		w.element("\t\t\t", f[0], f[1])
	}
	w.element("\t\t\t", elUpdate, "1")
	_, err := w.WriteString("\t\t</" + string(w.names.kind) + ">\n\n")
	return err
}

func (w *writer) element(indent, name, value string) {
	w.put(indent + "<" + name + ">")
	if inCDATA[name] {
		w.put("<![CDATA[")
		w.put(strings.ReplaceAll(legal(value), "]]>", "]]]]><![CDATA[>"))
		w.put("]]>")
	} else {
		_ = xml.EscapeText(w, []byte(value)) // the error stays in the writer until Flush
	}
	w.put("</" + name + ">\n")
}

// legal replaces characters that XML cannot hold.
func legal(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return '\uFFFD'
		}
		return r
	}, s)
}
