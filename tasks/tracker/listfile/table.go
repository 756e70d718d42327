package listfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// Table reads a file of rows whose cells are parted by one character, the first
// row being the names of the columns. It holds one row of at most MaxEntry.
type Table struct {
	// Columns are the names in the first row, as they stand there.
	Columns []string

	title string
	src   *source
	csv   *csv.Reader
	rows  int64
}

// Row is one row of a table.
type Row struct {
	Line  int // of the file, where it begins
	Cells []string
}

// NewTable reads the first row of a file of the provider that title names; what
// parts its cells, a comma, a semicolon or a tab, parts those of all rows. Cells
// may be quoted.
func NewTable(r io.Reader, title string) (*Table, error) {
	src, err := newSource(r, "One row of the file")
	if err != nil {
		return nil, err
	}
	t := &Table{title: title, src: src}
	t.csv = csv.NewReader(src)
	t.csv.Comma, t.csv.LazyQuotes, t.csv.FieldsPerRecord = commaOf(src.head), true, -1
	first, err := t.Next()
	if errors.Is(err, io.EOF) {
		return nil, t.NotOurs()
	}
	for _, name := range first.Cells {
		t.Columns = append(t.Columns, strings.TrimSpace(name))
	}
	if err == nil && NoText([]byte(strings.Join(t.Columns, ""))) {
		err = errFirst
	}
	t.rows = 0
	return t, err
}

// errFirst is of a table whose columns have no names that could be kept.
var errFirst = tracker.Unreadable("The first row of the file holds what is no text (NUL characters, or another encoding than UTF-8); save it as UTF-8 and send it again.")

// commaOf tells what parts the cells by what stands most often in the first
// line.
func commaOf(head []byte) rune {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	comma, most := ',', bytes.Count(line, []byte(","))
	for _, c := range ";\t" {
		if n := strings.Count(string(line), string(c)); n > most {
			comma, most = c, n
		}
	}
	return comma
}

// Next gives the next row that is not empty; io.EOF at the end.
func (t *Table) Next() (Row, error) {
	t.src.allow(t.csv.InputOffset())
	cells, err := t.csv.Read()
	switch {
	case t.src.failed != nil:
		return Row{}, t.src.failed
	case errors.Is(err, io.EOF):
		return Row{}, io.EOF
	case err != nil:
		what := strings.ToValidUTF8(tasks.Clip(err.Error(), 120), "?")
		return Row{}, tracker.Unreadable(fmt.Sprintf("The file is no table that can be read: %s.%s", what, Before(t.rows)))
	}
	t.rows++
	line, _ := t.csv.FieldPos(0)
	return Row{line, cells}, nil
}

// NotOurs makes the error of a file that is another one than was said.
func (t *Table) NotOurs() error { return tracker.NotA(t.title, t.src.head) }

// Plain gives the letters and digits of a column's name in lower case, so that
// "Main Title", main_title and mainTitle are the same.
func Plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}
