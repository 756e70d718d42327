package listfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"asapi/tasks/tracker"
)

// Lines reads a file line by line, each of at most MaxEntry.
type Lines struct {
	title string
	src   *source
	in    *bufio.Reader
	read  int64
	line  int
}

// NewLines reads a file of the provider that title names.
func NewLines(r io.Reader, title string) (*Lines, error) {
	src, err := newSource(r, "One line of the file")
	if err != nil {
		return nil, err
	}
	return &Lines{title: title, src: src, in: bufio.NewReader(src)}, nil
}

// Next gives the next line that is not blank, without its end, and its number;
// io.EOF after the last.
func (l *Lines) Next() (text string, number int, err error) {
	for {
		l.src.allow(l.read)
		raw, err := l.in.ReadBytes('\n')
		if l.src.failed != nil {
			return "", 0, l.src.failed
		}
		l.read += int64(len(raw))
		l.line++
		if line := bytes.TrimRight(raw, "\r\n"); len(bytes.TrimSpace(line)) > 0 {
			return string(line), l.line, nil
		}
		if errors.Is(err, io.EOF) {
			return "", 0, io.EOF
		}
	}
}

// NotOurs makes the error of a file that is another one than was said.
func (l *Lines) NotOurs() error { return tracker.NotA(l.title, l.src.head) }
