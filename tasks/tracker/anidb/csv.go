package anidb

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
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
// table of episodes and files for each anime. An archive that holds one list of
// another template is read as that. Nothing of it is ever written to a disk, so
// the names in it do no harm.
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
		case lists == 0 && isList(name):
			lists++
			err = Format{}.Read(tracker.Input{Reader: archive, Name: name}, row)
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

// wrong keeps a row that cannot be read as one that fails alone.
func (t *table) wrong(cells []string, text string) error {
	what := fmt.Sprintf("has %d columns, where %d are named", len(cells), t.width)
	if !validCells(text) {
		what = "holds bytes that are no text"
	}
	_, part := t.columns["eid"]
	if !part {
		a := t.held.of(said(cells[0]))
		a.broken = fmt.Sprintf("Line %d of the table %s.", t.line, what)
		return nil
	}
	return tracker.Unreadable(fmt.Sprintf("%s cannot be read: line %d %s.", t.name, t.line, what))
}

// row takes one row over, by the columns that it has.
func (t *table) row(get func(column string) string) error {
	a := t.held.of(get("aid"))
	_, episodes := t.columns["epno"]
	_, files := t.columns["fid"]
	switch {
	case episodes:
		return a.add(episode{No: get("epno"), EID: get("eid"), Name: firstOf(get("romaji"), get("name")), Length: get("length")})
	case files:
		return a.addFile(get("eid"), file{FID: get("fid"), LID: get("lid"), State: get("mystate"), Watched: get("iswatched") == "1", Viewed: moment(get("viewdate"))})
	case get("romaji") != "" || get("epstotal") != "":
		a.title, a.kanji, a.english, a.year = get("romaji"), get("kanji"), get("english"), get("year")
		a.all, a.eps, a.special, a.typ = get("epstotal"), get("eps"), get("epsspec"), get("typename")
	}
	return nil
}
