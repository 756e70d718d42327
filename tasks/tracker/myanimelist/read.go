package myanimelist

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// maxDepth bounds how deep elements may be nested; a list needs three levels.
const maxDepth = 32

// Read implements tracker.Format. It holds one entry in memory. Entities other
// than those of XML and HTML are not known, and a document that declares some is
// refused, so nothing expands.
func (f Format) Read(file tracker.Input, row func(tracker.Row) error) error {
	in := bufio.NewReaderSize(file, 64<<10)
	head, err := in.Peek(4096)
	if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	head = bytes.Clone(head)
	src := &source{in: in}
	s := &scanner{src: src, head: head, row: row, title: f.Title()}
	s.dec = xml.NewDecoder(src)
	s.dec.Strict = false // a bare & is taken as it stands; nesting is checked here
	s.dec.Entity = xml.HTMLEntity
	s.dec.CharsetReader = s.charset
	if err := s.scan(); err != nil {
		return err
	}
	// What follows the list may hold the checksum of an archive.
	_, err = io.Copy(io.Discard, in)
	return err
}

// scanner walks through one document.
type scanner struct {
	src   *source
	dec   *xml.Decoder
	head  []byte
	title string
	row   func(tracker.Row) error

	rooted  bool
	stack   []string
	entries int64
	fault   *tasks.Error // set inside a callback of the decoder

	names  names
	entry  tracker.Entry
	text   []byte
	nested string // an element of the entry that holds others
}

var errEnd = errors.New("the list ended")

func (s *scanner) scan() error {
	for {
		start := s.dec.InputOffset()
		s.src.begin(start)
		token, err := s.dec.RawToken()
		if err != nil {
			return s.translate(err)
		}
		if err := s.take(token); err != nil {
			if errors.Is(err, errEnd) {
				return nil
			}
			return err
		}
	}
}

func (s *scanner) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return s.open(qualified(t.Name))
	case xml.EndElement:
		return s.close(qualified(t.Name))
	case xml.CharData:
		return s.characters(t)
	case xml.Directive:
		if bytes.ContainsRune(t, '[') || bytes.Contains(t, []byte("ENTITY")) {
			return s.unreadable("The file declares entities of its own (line %d), which no list does; it is refused.", s.line())
		}
	}
	return nil
}

func qualified(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

func (s *scanner) open(name string) error {
	if !s.rooted {
		if name != "myanimelist" {
			return tracker.NotA(s.title, s.head)
		}
		s.rooted = true
	}
	if len(s.stack) >= maxDepth {
		return s.unreadable("The elements of the file are nested more than %d deep (line %d), which no list does; it is refused.", maxDepth, s.line())
	}
	s.stack = append(s.stack, name)
	switch depth := len(s.stack); {
	case depth == 2:
		s.names, _ = namesFor(name)
		s.entry, s.nested, s.src.broken = tracker.Entry{}, "", false
	case s.names.kind == "":
	case depth == 3:
		s.text = s.text[:0]
	default:
		s.nested = s.stack[2]
	}
	return nil
}

func (s *scanner) close(name string) error {
	depth := len(s.stack)
	if depth == 0 || s.stack[depth-1] != name {
		return s.unreadable("The file is not well-formed at line %d: </%s> closes nothing that is open.%s", s.line(), tasks.Clip(name, 60), s.where())
	}
	s.stack = s.stack[:depth-1]
	switch {
	case depth == 1:
		return errEnd
	case s.names.kind == "":
	case depth == 3:
		s.entry.Native = append(s.entry.Native, tracker.Field{strings.Clone(name), string(s.text)})
	case depth == 2:
		s.entries++
		row := s.finish()
		s.names = names{}
		return s.row(row)
	}
	return nil
}

func (s *scanner) finish() tracker.Row {
	row := rowOf(s.names, s.entry)
	switch {
	case s.src.broken:
		row.Fault = fmt.Sprintf("The entry that ends at line %d holds bytes that are no text (control characters, or another encoding than UTF-8).", s.line())
		row.Foreign = false
	case s.nested != "":
		row.Fault = fmt.Sprintf("The element %s holds other elements (entry ends at line %d).", tasks.Clip(s.nested, 60), s.line())
		row.Foreign = false
	}
	return row
}

func (s *scanner) characters(t xml.CharData) error {
	if !s.rooted {
		if len(bytes.TrimSpace(t)) > 0 {
			return tracker.NotA(s.title, s.head)
		}
		return nil
	}
	if len(s.stack) != 3 || s.names.kind == "" {
		return nil
	}
	if len(s.text)+len(t) > maxToken {
		return errTooLong
	}
	raw := s.src.token(s.dec.InputOffset())
	if inside, ok := bytes.CutPrefix(raw, []byte("<![CDATA[")); ok && slices.Contains(raw, '\r') {
		s.text = append(s.text, bytes.TrimSuffix(inside, []byte("]]>"))...)
		return nil
	}
	s.text = append(s.text, t...)
	return nil
}

func (s *scanner) line() int {
	line, _ := s.dec.InputPos()
	return line
}

// where says how many entries were read before a fault.
func (s *scanner) where() string {
	if s.entries == 0 {
		return ""
	}
	return fmt.Sprintf(" %d entries stand before it.", s.entries)
}

func (s *scanner) unreadable(format string, args ...any) error {
	return tracker.Unreadable(fmt.Sprintf(format, args...))
}

// charset accepts other spellings of UTF-8 and its subset; the decoder asks
// only when a declaration names something else than utf-8.
func (s *scanner) charset(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf8", "us-ascii", "ascii":
		return input, nil
	}
	s.fault = tracker.Unreadable("The file says that its encoding is " + tasks.Clip(label, 40) + "; save it as UTF-8 and send it again.")
	return nil, s.fault
}

// translate turns an error of the decoder into a sentence. What kept the file
// from being read stays as it is.
func (s *scanner) translate(err error) error {
	cut := errors.Is(err, io.EOF)
	what := strings.TrimPrefix(err.Error(), "xml: ")
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		what = syntax.Msg
		cut = strings.Contains(what, "unexpected EOF")
	}
	switch {
	case s.src.failed != nil:
		return s.src.failed
	case s.fault != nil:
		return s.fault
	case !s.rooted:
		return tracker.NotA(s.title, s.head)
	case cut:
		return s.unreadable("The file is cut off at line %d: its end is missing.%s", s.line(), s.where())
	}
	what = strings.ToValidUTF8(tasks.Clip(what, 120), "?")
	return s.unreadable("The file is not well-formed XML at line %d: %s.%s", s.line(), what, s.where())
}
