package mangaupdates

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// columns maps the names of columns, as listfile.Plain gives them, to those of
// native values. Others are kept under their own name.
var columns = map[string]string{
	"series": elSeries, "title": elSeries, "name": elSeries, "seriestitle": elSeries, "seriesname": elSeries,
	"volume": elVolume, "vol": elVolume, "chapter": elChapter, "ch": elChapter,
	"datechanged": elDate, "date": elDate, "dateadded": elDate, "timeadded": elDate, "lastupdated": elDate,
	"rating": elRating, "userrating": elRating, "myrating": elRating, "score": elRating,
	"id": elID, "seriesid": elID, "mangaupdatesid": elID, "url": elID, "link": elID, "slug": elID,
	"list": elList, "listname": elList, "readinglist": elList, "status": elList,
}

// errNameless tells what to do with a file that does not say which list it is.
var errNameless = tracker.Unreadable("Nothing says which of your MangaUpdates lists this is. Name the file after the list, " +
	"read.txt, wish.txt, complete.txt, unfinished.txt or hold.txt, or give it a column List, and send it again.")

// table is what the first line says of the cells of the others.
type table struct {
	*listfile.Lines
	names []string
	list  string // the name of the list; empty: a column says it
}

// readTable reads the list of that name; empty: a column must tell it.
func readTable(in io.Reader, list string, row func(tracker.Row) error) error {
	lines, err := listfile.NewLines(in, Format{}.Title())
	if err != nil {
		return err
	}
	t := &table{Lines: lines, list: list}
	first, number, err := t.Next()
	if errors.Is(err, io.EOF) {
		return t.NotOurs()
	}
	if err != nil {
		return err
	}
	headed := t.head(first)
	switch {
	case headed && listfile.NoText([]byte(first)):
		return tracker.Unreadable("The first line of the file holds what is no text (NUL characters, or another encoding than UTF-8); save it as UTF-8 and send it again.")
	case !headed && (list == "" || strings.Count(first, "\t") < 2 || strings.HasPrefix(strings.TrimSpace(first), "<")):
		return t.NotOurs()
	case list == "" && !slices.Contains(t.names, elList):
		return errNameless
	case !headed:
		t.names = own
		if err := row(t.rowOf(first, number)); err != nil {
			return err
		}
	}
	for {
		line, number, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := row(t.rowOf(line, number)); err != nil {
			return err
		}
	}
}

// head takes the first line for the names of the columns; false: it has none.
func (t *table) head(line string) bool {
	for name := range strings.SplitSeq(line, "\t") {
		name = strings.Trim(strings.TrimSpace(name), `"`)
		if known, ok := columns[listfile.Plain(name)]; ok && !slices.Contains(t.names, known) {
			name = known
		}
		t.names = append(t.names, name)
	}
	return len(t.names) > 1 && slices.Contains(t.names, elSeries)
}

// rowOf makes a row of one line. The columns of the site stand in each entry,
// also those that the file does not have.
func (t *table) rowOf(line string, number int) tracker.Row {
	cells := strings.Split(line, "\t")
	get := func(name string) string {
		if i := slices.Index(t.names, name); i >= 0 && i < len(cells) {
			return cells[i]
		}
		return ""
	}
	var e tracker.Entry
	for _, name := range own {
		e.Native = append(e.Native, tracker.Field{name, get(name)})
	}
	if id := get(elID); strings.TrimSpace(id) != "" {
		e.Native = append(e.Native, tracker.Field{elID, id})
	}
	for i, name := range t.names {
		if i < len(cells) && cells[i] != "" && name != "" && name != elID && name != elList && !slices.Contains(own, name) {
			e = e.With(name, cells[i])
		}
	}
	list := t.list
	if said := strings.TrimSpace(get(elList)); said != "" || list == "" {
		list = said
		if known, ok := listNamed(said); ok {
			list = known.name
		}
	}
	e.Native = append(e.Native, tracker.Field{elList, list})
	row := rowOf(e, listfile.NoText([]byte(line)), number)
	if row.Fault == "" && len(cells) < min(len(t.names), 3) {
		row.Note, row.Fault = "", fmt.Sprintf("Line %d has %d cells where the first line names %d; it may be cut off.", number, len(cells), len(t.names))
	}
	return row
}
