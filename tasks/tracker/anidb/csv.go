package anidb

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"asapi/tasks/tracker"
)

// maxLine bounds one line of a table.
const maxLine = 1 << 20

// readCSV reads mylist.csv of the template csv-adborg without its archive: it
// lists the anime, and says nothing of what was watched.
func readCSV(in io.Reader, row func(tracker.Row) error) error {
	held := newHolder()
	t := table{name: "The file", held: held}
	if err := t.read(in); err != nil {
		return err
	}
	return held.rows(row)
}

// readArchive reads the archive of the template csv-adborg: mylist.csv and a
// table of episodes and files for each anime; and those of other templates: the
// list, and for some a document of each anime besides. Nothing of it is ever
// written to a disk, so the names in it do no harm.
func readArchive(in io.Reader, row func(tracker.Row) error) error {
	held := newHolder()
	tables, lists := 0, 0
	archive := tar.NewReader(in)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return archiveError(err)
		}
		name := path.Base(path.Clean("/" + strings.ReplaceAll(h.Name, `\`, "/")))
		switch {
		case h.Typeflag != tar.TypeReg:
		case strings.HasSuffix(strings.ToLower(name), ".csv"):
			tables++
			t := table{name: "The table " + name + " of the archive", held: held}
			err = t.read(archive)
		case isList(name):
			var list bool
			list, err = readMember(archive, held, row)
			lists += map[bool]int{true: 1}[list]
		}
		if err != nil {
			return archiveError(err)
		}
	}
	if tables+lists == 0 {
		return tracker.Unreadable("The archive holds no list: no .csv, .xml or .json file is in it. AniDB's templates xml-plain-cs, csv-adborg and json-adborg make them.")
	}
	if _, err := io.Copy(io.Discard, in); err != nil { // the checksum of the packing
		return archiveError(err)
	}
	return held.rows(row)
}

// readMember reads an XML or JSON file of an archive; list is false when it is none
// of a list, such as what belongs to the pages that some templates make.
func readMember(in io.Reader, held *holder, row func(tracker.Row) error) (list bool, err error) {
	file := bufio.NewReaderSize(in, 64<<10)
	head, err := file.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		if _, err := file.Discard(3); err != nil {
			return false, err
		}
		head = head[3:]
	}
	switch {
	case isPlainCS.Match(head), isPlainNew.Match(head), isMyStatus.Match(head):
		return true, Format{}.Read(tracker.Input{Reader: file}, row)
	case isNested.Match(head):
		return true, readNested(file, held.take)
	case isJSON.Match(head) && isNestedJSON.Match(head):
		return true, readJSON(file, held.take)
	}
	return false, nil
}

func isList(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".json")
}

// archiveError tells a broken archive from a file that could not be read.
func archiveError(err error) error {
	switch {
	case errors.Is(err, tar.ErrHeader):
		return tracker.Unreadable("The archive is damaged: what stands in it is no tar. Download or upload it again.")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return tracker.Unreadable("The archive is cut off: its end is missing. Download or upload it again.")
	}
	return err
}

// table is one table of csv-adborg: sections, each with a line of column names
// that begins with AID, and rows with as many columns. A line without a column
// names the section that follows.
type table struct {
	name    string
	held    *holder
	line    int
	columns map[string]int
	width   int
	last    string // the anime of the row before
}

func (t *table) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for lines.Scan() {
		t.line++
		if err := t.take(bytes.TrimPrefix(lines.Bytes(), []byte("\xef\xbb\xbf"))); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return tracker.Unreadable(fmt.Sprintf("%s has a line of more than %d MB (line %d); a list has none such.", t.name, maxLine>>20, t.line+1))
	}
	return lines.Err()
}

func (t *table) take(raw []byte) error {
	text := strings.TrimRight(string(raw), "\r")
	cells := strings.Split(text, "|")
	switch {
	case len(cells) == 1:
		t.columns = nil // the name of a section, or nothing
		return nil
	case strings.EqualFold(strings.Trim(cells[0], `"`), "AID"):
		t.columns, t.width = make(map[string]int, len(cells)), len(cells)
		for i, c := range cells {
			t.columns[strings.ToLower(strings.Trim(c, `"`))] = i
		}
		return nil
	case t.columns == nil:
		return nil
	}
	if err := t.held.spend(cells...); err != nil {
		return err
	}
	if get, ok := t.ahead(cells); ok && validCells(text) {
		return t.row(get)
	}
	if !validCells(text) || len(cells) != t.width {
		return t.wrong(cells, text)
	}
	return t.row(func(name string) string {
		if i, ok := t.columns[name]; ok {
			return said(cells[i])
		}
		return ""
	})
}

// validCells reports whether a line is text.
func validCells(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// wrong keeps a row that cannot be read: its anime fails, and no other.
func (t *table) wrong(cells []string, text string) error {
	what := fmt.Sprintf("has %d columns, where %d are named", len(cells), t.width)
	if !validCells(text) {
		what = "holds bytes that are no text"
	}
	aid := said(cells[0])
	_, part := t.columns["eid"]
	switch _, err := strconv.ParseUint(aid, 10, 63); {
	case !part:
		t.held.of(aid).broken = fmt.Sprintf("Line %d of the table %s.", t.line, what)
		return nil
	case err != nil:
		aid = t.last // the line goes on with a text of the row before
	}
	if aid == "" {
		return tracker.Unreadable(fmt.Sprintf("%s cannot be read: line %d %s.", t.name, t.line, what))
	}
	t.held.of(aid).broken = fmt.Sprintf("%s cannot be read: line %d %s.", t.name, t.line, what)
	return nil
}

// ahead gives the values of a row of episodes that has more columns than are named,
// because a name in it holds a bar: those that stand ahead of the names. ok is
// false for other rows.
func (t *table) ahead(cells []string) (get func(column string) string, ok bool) {
	name, named := t.columns["name"]
	if _, episodes := t.columns["epno"]; !episodes || !named || len(cells) <= t.width {
		return nil, false
	}
	return func(column string) string {
		if i, there := t.columns[column]; there && i < name {
			return said(cells[i])
		}
		return ""
	}, true
}

// row takes one row over, by the columns that it has.
func (t *table) row(get func(column string) string) error {
	t.last = get("aid")
	a := t.held.of(t.last)
	_, episodes := t.columns["epno"]
	_, files := t.columns["fid"]
	switch {
	case episodes:
		return a.add(episode{No: get("epno"), EID: get("eid"), Name: firstOf(get("romaji"), get("name")), Length: get("length")})
	case files:
		return a.addFile(get("eid"), file{FID: get("fid"), LID: get("lid"), State: get("mystate"), Watched: get("iswatched") == "1", Viewed: moment(get("viewdate"))})
	case get("romaji") != "" || get("epstotal") != "":
		a.title, a.kanji, a.english, a.year = firstOf(get("romaji"), get("name")), get("kanji"), get("english"), get("year")
		a.all, a.eps, a.special, a.typ = get("epstotal"), get("eps"), get("epsspec"), get("typename")
	}
	return nil
}
