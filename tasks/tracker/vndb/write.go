package vndb

import (
	"bufio"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"strconv"
	"strings"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/xmlfile"
)

// write makes an export in the site's form. The labels stand before the entries,
// so the entries are gone through twice.
func write(w io.Writer, list tracker.List, entries iter.Seq2[tracker.Entry, error]) error {
	labels, err := labelsOf(entries)
	if err != nil {
		return err
	}
	out := &writer{bufio.NewWriterSize(w, 32<<10)}
	out.put(xml.Header + "<vndb-export version=\"1.0\">\n<user><name>" + escaped(list.User) + "</name></user>\n<labels>\n")
	for _, l := range labels {
		out.label(l)
	}
	out.put("</labels>\n<vns>\n")
	for e, err := range entries {
		if err != nil {
			return err
		}
		out.entry(e)
	}
	out.put("</vns>\n</vndb-export>\n")
	return out.Flush()
}

// labelsOf gathers the labels of all entries, each once, in the order in which
// they come.
func labelsOf(entries iter.Seq2[tracker.Entry, error]) ([]label, error) {
	var all []label
	seen := map[int64]bool{}
	for e, err := range entries {
		if err != nil {
			return nil, err
		}
		text, _ := e.Get(atLabels)
		for _, l := range labelsIn(text) {
			if !seen[l.id] {
				seen[l.id] = true
				all = append(all, l)
			}
		}
	}
	return all, nil
}

// writer keeps its first error, as bufio.Writer does, until Flush.
type writer struct{ *bufio.Writer }

func (w *writer) put(s string) { _, _ = w.WriteString(s) }

func (w *writer) label(l label) {
	w.put(`<label id="` + strconv.FormatInt(l.id, 10) + `" label="` + escaped(l.name) + `"`)
	if l.private != "" {
		w.put(` private="` + l.private + `"`)
	}
	w.put("/>\n")
}

func (w *writer) entry(e tracker.Entry) {
	id, _ := e.Get(atID)
	private, _ := e.Get(atPrivate)
	w.put(`<vn id="` + escaped(id) + `"`)
	if private != "" {
		w.put(` private="` + escaped(private) + `"`)
	}
	w.put(">\n")
	w.element(e, elTitle)
	text, _ := e.Get(atLabels)
	for _, l := range labelsIn(text) {
		l.private = "" // it stands at the head
		w.label(l)
	}
	for _, name := range []string{"added", "modified", elVote, elStarted, elFinished, elNotes} {
		w.element(e, name)
	}
	if other, _ := e.Get(atOther); other != "" {
		w.put(checked(other))
	}
	w.put("</vn>\n")
}

// element writes a value with its attributes; nothing where there is nothing.
func (w *writer) element(e tracker.Entry, name string) {
	text, _ := e.Get(name)
	var attrs strings.Builder
	for _, f := range e.Native {
		if attr, ok := strings.CutPrefix(f[0], name+"@"); ok && validName(attr) {
			attrs.WriteString(" " + attr + `="` + escaped(f[1]) + `"`)
		}
	}
	if text == "" && (attrs.Len() == 0 || name == elVote) { // a time of no vote says nothing
		return
	}
	w.put("<" + name + attrs.String() + ">" + escaped(text) + "</" + name + ">\n")
}

// writeElement writes an element as it was read. One whose name needs more than
// this document declares is left out, with what is in it.
func writeElement(b *strings.Builder, e *xmlfile.Element) {
	if !validName(e.Name) {
		return
	}
	b.WriteString("<" + e.Name)
	for _, a := range e.Attrs {
		if validName(a.Name) {
			b.WriteString(" " + a.Name + `="` + escaped(a.Value) + `"`)
		}
	}
	b.WriteString(">" + escaped(strings.TrimSpace(e.Text)))
	for i := range e.Children {
		writeElement(b, &e.Children[i])
	}
	b.WriteString("</" + e.Name + ">\n")
}

// checked gives elements as writeElement makes them, and nothing when what is
// kept is none: it may have come through other hands than the reader's.
func checked(other string) string {
	doc, err := xmlfile.NewReader(strings.NewReader("<x>"+other+"</x>"), "VNDB", func(string) bool { return true })
	if err != nil {
		return ""
	}
	token, err := doc.Next()
	if err != nil {
		return ""
	}
	all, err := doc.Element(token)
	if err != nil {
		return ""
	}
	if _, err := doc.Next(); !errors.Is(err, io.EOF) {
		return ""
	}
	var b strings.Builder
	for i := range all.Children {
		writeElement(&b, &all.Children[i])
	}
	return b.String()
}

// validName reports whether something is surely a name of XML.
func validName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		further := i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '.')
		if !letter && !further {
			return false
		}
	}
	return s != ""
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder's Write never fails; what XML cannot hold becomes U+FFFD
	return b.String()
}
