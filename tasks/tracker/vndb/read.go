package vndb

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/xmlfile"
)

// readXML reads an export. Of its parts only the labels and the visual novels
// concern a list; the user, length votes and reviews are passed over.
func readXML(in io.Reader, title string, row func(tracker.Row) error) error {
	doc, err := xmlfile.NewReader(in, title, func(root string) bool { return root == "vndb-export" })
	if err != nil {
		return err
	}
	private := map[string]string{} // by label id
	inList := false
	for {
		token, err := doc.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case token.Depth == 2 && token.Name == "vns":
			inList = token.Kind == xmlfile.Start
		case token.Kind != xmlfile.Start || token.Depth < 2:
		case token.Depth == 2 && token.Name == "labels":
			labels, err := doc.Element(token)
			if err != nil {
				return err
			}
			for _, l := range labels.Children {
				private[l.Attr("id")] = l.Attr("private")
			}
		case inList && token.Name == "vn":
			vn, err := doc.Element(token)
			if err != nil {
				return err
			}
			doc.Count()
			if err := row(rowIn(vn, private)); err != nil {
				return err
			}
		default:
			if err := doc.Skip(token); err != nil {
				return err
			}
		}
	}
}

// simple are the children of an entry that are one text.
var simple = map[string]bool{elTitle: true, "added": true, "modified": true, elVote: true, elStarted: true, elFinished: true, elNotes: true}

// rowIn makes a row of an entry's element.
func rowIn(vn xmlfile.Element, private map[string]string) tracker.Row {
	row := tracker.Row{Entry: entryIn(vn, private)}
	row.Key = tracker.RecordKey{Provider: tracker.VNDB, Kind: tracker.VisualNovel}
	raw := strings.TrimSpace(vn.Attr(atID))
	id, ok := idOf(raw)
	row.Key.NativeID = id
	text, _ := row.Entry.Get(atLabels)
	labels := labelsIn(text)
	row.Entry.Facts, row.Fault = factsOf(row.Entry)
	if vn.Broken {
		row.Fault = fmt.Sprintf("The entry that begins at line %d holds bytes that are no text (control characters, or another encoding than UTF-8).", vn.Line)
		return row
	}
	return judged(row, raw, ok, labels)
}

// judged says of a row what keeps it from being taken; known says whether its id, which
// read like raw, is one.
func judged(row tracker.Row, raw string, known bool, labels []label) tracker.Row {
	switch {
	case !known && raw == "":
		row.Fault, row.Foreign = "The entry has no id, so it is not known which visual novel it is.", true
	case !known:
		row.Fault = fmt.Sprintf("The id %q is none of VNDB's, which read like v17.", tasks.Clip(raw, 40))
	case row.Fault != "":
	case row.Entry.Status == "":
		row.Fault, row.Foreign = without(labels), true
	}
	if title := row.Entry.Title; row.Fault != "" && title != "" {
		row.Fault += " Its title is " + strconv.Quote(tasks.Clip(title, 80)) + "."
	}
	return row
}

// idOf reads v17 or 17; where it is neither, id is what may stand in a key.
func idOf(raw string) (id string, ok bool) {
	n, err := strconv.ParseInt(strings.TrimPrefix(raw, "v"), 10, 64)
	if err != nil || n < 1 || strings.ContainsAny(raw, "+-") {
		return strings.Trim(strconv.QuoteToASCII(tasks.Clip(raw, 40)), `"`), false
	}
	return "v" + strconv.FormatInt(n, 10), true
}

// entryIn gives the native values of an entry, in the site's order.
func entryIn(vn xmlfile.Element, private map[string]string) tracker.Entry {
	id, _ := idOf(strings.TrimSpace(vn.Attr(atID)))
	e := tracker.Entry{}
	add := func(name, value string) { e.Native = append(e.Native, tracker.Field{name, value}) }
	add(atID, id)
	add(atPrivate, vn.Attr(atPrivate))
	taken := map[string]*xmlfile.Element{}
	var labels []label
	var other strings.Builder
	for i := range vn.Children {
		child := &vn.Children[i]
		number, err := strconv.ParseInt(child.Attr("id"), 10, 64)
		switch {
		case child.Name == "label" && err == nil && number >= 0:
			if !has(labels, number) {
				labels = append(labels, label{number, private[child.Attr("id")], child.Attr("label")})
			}
		case simple[child.Name] && len(child.Children) == 0 && (taken[child.Name] == nil || taken[child.Name].Text == ""):
			taken[child.Name] = child
		default:
			writeElement(&other, child)
		}
	}
	text := func(name string, always bool) {
		child := taken[name]
		if child == nil {
			child = &xmlfile.Element{}
		}
		if child.Text != "" || always {
			add(name, child.Text)
		}
		for _, a := range child.Attrs {
			if validName(a.Name) && (name != elVote || child.Text != "") {
				add(name+"@"+a.Name, a.Value)
			}
		}
	}
	text(elTitle, true)
	add(atLabels, labelsText(labels))
	text("added", false)
	text("modified", false)
	text(elVote, true)
	text(elStarted, true)
	text(elFinished, true)
	text(elNotes, true)
	if other.Len() > 0 {
		add(atOther, other.String())
	}
	return e
}
