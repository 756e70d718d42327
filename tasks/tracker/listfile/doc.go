// Package listfile holds what the readers of list files share: JSON and tables
// that are read entry by entry in bounded memory, and whose faults end in
// sentences that say where they are.
package listfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"asapi/tasks/tracker"
)

// MaxEntry bounds one entry, one value or one row of a file, in bytes.
const MaxEntry = 1 << 20

// headSize is how much of a file's beginning is looked at to tell what it is.
const headSize = 4096

// source hands out the bytes of a file up to a limit that moves on with what
// was read, so that nothing that buffers one value buffers the whole file.
type source struct {
	in     *bufio.Reader
	head   []byte
	given  int64
	limit  int64
	what   string // what is too long when the limit is met
	failed error  // why reading ended, unless it was the file's end
}

func newSource(r io.Reader, what string) (*source, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(headSize)
	if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return &source{in: in, head: append([]byte(nil), head...), what: what}, nil
}

// allow moves the limit to a value that begins at the offset.
func (s *source) allow(offset int64) { s.limit = max(s.limit, offset+MaxEntry+4096) }

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if s.failed != nil {
		return 0, s.failed
	}
	if s.given >= s.limit {
		s.failed = tracker.Unreadable(fmt.Sprintf("%s is larger than %d MB; a list has none such.", s.what, MaxEntry>>20))
		return 0, s.failed
	}
	n, err := s.in.Read(p[:min(int64(len(p)), s.limit-s.given)])
	s.given += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		s.failed = err
	}
	return n, err
}

// Before says how many entries stand before a fault, as the end of a message.
func Before(entries int64) string {
	switch entries {
	case 0:
		return ""
	case 1:
		return " 1 entry stands before it."
	}
	return fmt.Sprintf(" %d entries stand before it.", entries)
}
