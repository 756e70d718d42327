package xmlfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"asapi/tasks/tracker"
)

// maxToken bounds one tag, text or comment of a file, in bytes.
const maxToken = 1 << 20

// source feeds the XML decoder. It keeps the raw bytes of the current token,
// because the decoder turns CR LF into LF, which would change comments; it
// replaces what is no text (NUL, other control characters, broken UTF-8) by
// U+FFFD and remembers that it did; and it bounds a token's size.
type source struct {
	in      *bufio.Reader
	raw     []byte // emitted since the token began
	base    int64  // the offset of raw[0] in what was emitted
	pending []byte // the rest of a character of several bytes
	broken  bool   // something was replaced since the token began
	failed  error  // why reading ended, unless it was the file's end
}

// Read makes source an io.Reader, which the decoder asks of what it passes to
// a CharsetReader; it is never the way bytes go.
func (s *source) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := s.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

// ReadByte implements io.ByteReader.
func (s *source) ReadByte() (byte, error) {
	if len(s.raw) >= maxToken {
		s.failed = errTooLong
		return 0, errTooLong
	}
	b, err := s.next()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			s.failed = err
		}
		return 0, err
	}
	s.raw = append(s.raw, b)
	return b, nil
}

var errTooLong = tracker.Unreadable(fmt.Sprintf("One element or text of the file is larger than %d MB; a list has none such.", maxToken>>20))

func (s *source) next() (byte, error) {
	if len(s.pending) > 0 {
		b := s.pending[0]
		s.pending = s.pending[1:]
		return b, nil
	}
	b, err := s.in.ReadByte()
	if err != nil {
		return 0, err
	}
	if b >= ' ' && b < utf8.RuneSelf || b == '\n' || b == '\t' || b == '\r' {
		return b, nil
	}
	r, size := rune(utf8.RuneError), 1
	if b >= utf8.RuneSelf {
		if err := s.in.UnreadByte(); err != nil {
			return 0, err
		}
		if r, size, err = s.in.ReadRune(); err != nil {
			return 0, err
		}
	}
	if (r == utf8.RuneError && size == 1) || r == 0xFFFE || r == 0xFFFF {
		s.broken = true
		r = utf8.RuneError
	}
	s.pending = utf8.AppendRune(s.pending[:0:0], r)
	return s.next()
}

// begin forgets the raw bytes before the offset, where the next token begins.
func (s *source) begin(offset int64) {
	s.broken = false
	n := min(int(offset-s.base), len(s.raw))
	s.raw = append(s.raw[:0], s.raw[n:]...)
	s.base += int64(n)
}

// token gives the raw bytes of the token that ends at the offset.
func (s *source) token(offset int64) []byte { return s.raw[:min(int(offset-s.base), len(s.raw))] }

var (
	_ io.ByteReader = (*source)(nil)
	_ io.Reader     = (*source)(nil)
)
