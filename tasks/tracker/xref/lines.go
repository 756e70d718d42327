package xref

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"asapi/tasks/tracker"
)

// maxRow bounds one row of a file, in bytes.
const maxRow = 1 << 20

// lines reads a file and knows on which line a byte stands. It stops a decoder
// that would hold a value of any size.
type lines struct {
	r    io.Reader
	read int64   // bytes read so far
	ends []int64 // where lines end that have been read and not been passed
	line int64   // of mark, from 1
	mark int64   // where the reader of the lines has come
}

func newLines(r io.Reader) *lines { return &lines{r: r, line: 1} }

// Read implements io.Reader.
func (l *lines) Read(p []byte) (int, error) {
	if l.read-l.mark > 2*maxRow {
		return 0, tracker.Unreadable(fmt.Sprintf("A row is longer than %d KB (line %d); the rows of such files are not.", maxRow>>10, l.line))
	}
	n, err := l.r.Read(p)
	for at, b := range p[:n] {
		if b == '\n' {
			l.ends = append(l.ends, l.read+int64(at))
		}
	}
	l.read += int64(n)
	return n, err
}

// at gives the line of a byte; bytes are asked for in their order.
func (l *lines) at(offset int64) int64 {
	passed := 0
	for passed < len(l.ends) && l.ends[passed] < offset {
		passed++
	}
	l.ends = l.ends[passed:]
	l.line += int64(passed)
	l.mark = offset
	return l.line
}

// objects decodes JSON values one after the other.
type objects struct {
	*json.Decoder
	in *lines
}

func newObjects(in *lines) *objects { return &objects{json.NewDecoder(in), in} }

// next decodes one value and gives the line on which it begins.
func (o *objects) next() (json.RawMessage, int64, error) {
	var raw json.RawMessage
	if err := o.Decode(&raw); err != nil {
		return nil, 0, o.fault(err)
	}
	end := o.InputOffset()
	line := o.in.at(end - int64(len(raw)))
	o.in.at(end)
	if len(raw) > maxRow {
		return nil, 0, tracker.Unreadable(fmt.Sprintf("A row is longer than %d KB (line %d); the rows of such files are not.", maxRow>>10, line))
	}
	return raw, line, nil
}

// token takes the next token, which must be want unless want is nil.
func (o *objects) token(want json.Token) (json.Token, error) {
	got, err := o.Token()
	if err != nil {
		return nil, o.fault(err)
	}
	line := o.in.at(o.InputOffset())
	if want != nil && got != want {
		return nil, tracker.Unreadable(fmt.Sprintf("The file is not as such files are: %v is missing on line %d.", want, line))
	}
	return got, nil
}

// end makes sure that nothing follows.
func (o *objects) end() error {
	if _, err := o.Token(); !errors.Is(err, io.EOF) {
		return tracker.Unreadable(fmt.Sprintf("Something follows the end of the data on line %d.", o.in.at(o.InputOffset())))
	}
	return nil
}

// fault tells a file that is no JSON from one that could not be read.
func (o *objects) fault(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return tracker.Unreadable(fmt.Sprintf("The file is cut off on line %d: the end of the JSON is missing.", o.in.at(o.in.read)))
	case errors.As(err, &syntax):
		return tracker.Unreadable(fmt.Sprintf("The file is not valid JSON on line %d.", o.in.at(syntax.Offset)))
	}
	return err
}

// readArray reads a JSON array of rows.
func readArray(parse func([]byte, *Row)) func(*lines, func(Row) error) error {
	return func(in *lines, each func(Row) error) error {
		o := newObjects(in)
		if err := o.array(parse, each); err != nil {
			return err
		}
		return o.end()
	}
}

func (o *objects) array(parse func([]byte, *Row), each func(Row) error) error {
	if _, err := o.token(json.Delim('[')); err != nil {
		return err
	}
	for o.More() {
		raw, line, err := o.next()
		if err != nil {
			return err
		}
		row := Row{Line: line}
		parse(raw, &row)
		if err := each(row); err != nil {
			return err
		}
	}
	_, err := o.token(json.Delim(']'))
	return err
}

// readLines reads rows that are one JSON value a line. A bad line fails alone.
func readLines(parse func([]byte, *Row)) func(*lines, func(Row) error) error {
	return func(in *lines, each func(Row) error) error {
		return eachLine(in, func(line int64, text []byte) error {
			row := Row{Line: line}
			if json.Valid(text) {
				parse(text, &row)
			} else {
				row.wrong("The line is not valid JSON.")
			}
			return each(row)
		})
	}
}

// eachLine calls fn with every line that is not empty, without its end.
func eachLine(in *lines, fn func(line int64, text []byte) error) error {
	var held []byte
	chunk := make([]byte, 32<<10)
	number := int64(1)
	for {
		n, err := in.Read(chunk)
		held = append(held, chunk[:n]...)
		for {
			end := bytes.IndexByte(held, '\n')
			if end < 0 {
				break
			}
			if err := oneLine(number, held[:end], fn); err != nil {
				return err
			}
			held = held[end+1:]
			number++
		}
		in.at(in.read - int64(len(held)))
		switch {
		case errors.Is(err, io.EOF):
			return oneLine(number, held, fn)
		case err != nil:
			return err
		}
	}
}

func oneLine(number int64, text []byte, fn func(int64, []byte) error) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	return fn(number, bytes.TrimSuffix(text, []byte("\r")))
}
