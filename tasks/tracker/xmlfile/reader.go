// Package xmlfile reads XML list files of which nobody knows who made them: in
// bounded memory, without entities of their own, and with faults that say what
// is wrong and on which line. The formats of providers share it.
package xmlfile

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

// What a document may be.
const (
	maxDepth = 32   // levels of elements
	headSize = 4096 // bytes that are looked at to tell whose file it is
)

// Kind is the kind of a Token.
type Kind int

// The kinds of tokens.
const (
	Start Kind = iota
	End
	Text
)

// Token is what stands next in a document. Comments, declarations and
// processing instructions are passed over.
type Token struct {
	Kind  Kind
	Name  string // of Start and End, with its prefix where it has one
	Attrs []xml.Attr
	Text  []byte // of Text; valid until the next call
	Depth int    // of the element, or of the one that holds the text; the root has 1
	// Broken says that bytes which are no text stood here (control characters,
	// another encoding than UTF-8); they were replaced by U+FFFD.
	Broken bool
}

// Reader walks through one document. Its errors are permanent ones that say
// what is wrong and where, or what kept the file from being read.
type Reader struct {
	src   *source
	dec   *xml.Decoder
	head  []byte
	title string
	root  func(name string) bool

	rooted  bool
	ended   bool
	stack   []string
	entries int64
	fault   *tasks.Error // set inside a callback of the decoder
}

// NewReader reads a document whose root element is one that root accepts;
// another is refused as no export of what title names. A bare & is taken as it
// stands. Entities other than those of XML and HTML are not known, and a
// document that declares some is refused, so nothing expands.
func NewReader(file io.Reader, title string, root func(name string) bool) (*Reader, error) {
	in := bufio.NewReaderSize(file, 64<<10)
	head, err := in.Peek(headSize)
	if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	r := &Reader{src: &source{in: in}, head: bytes.Clone(head), title: title, root: root}
	r.dec = xml.NewDecoder(r.src)
	r.dec.Strict = false // for the bare &; nesting is checked here
	r.dec.Entity = xml.HTMLEntity
	r.dec.CharsetReader = r.charset
	return r, nil
}

// Next gives the next token. After the end of the root element it reads the
// rest of the file, which may hold the checksum of an archive, and gives io.EOF.
func (r *Reader) Next() (Token, error) {
	for !r.ended {
		r.src.begin(r.dec.InputOffset())
		raw, err := r.dec.RawToken()
		if err != nil {
			return Token{}, r.translate(err)
		}
		t, ok, err := r.take(raw)
		if ok || err != nil {
			return t, err
		}
	}
	if _, err := io.Copy(io.Discard, r.src.in); err != nil {
		return Token{}, err
	}
	return Token{}, io.EOF
}

// Starts calls take for the start of each element, until the document has ended. An
// element that take reads to its end is over with that.
func (r *Reader) Starts(take func(Token) error) error {
	for {
		t, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && t.Kind == Start {
			err = take(t)
		}
		if err != nil {
			return err
		}
	}
}

// Line gives the line that was read last, from 1.
func (r *Reader) Line() int {
	line, _ := r.dec.InputPos()
	return line
}

// Count tells that one entry was read: faults say how many stand before them.
func (r *Reader) Count() { r.entries++ }

func (r *Reader) take(raw xml.Token) (t Token, ok bool, err error) {
	switch raw := raw.(type) {
	case xml.StartElement:
		t = Token{Kind: Start, Name: qualified(raw.Name), Attrs: raw.Attr}
		err = r.open(t.Name)
		t.Depth = len(r.stack)
	case xml.EndElement:
		t = Token{Kind: End, Name: qualified(raw.Name), Depth: len(r.stack)}
		err = r.close(t.Name)
	case xml.CharData:
		if t = (Token{Kind: Text, Text: r.text(raw), Depth: len(r.stack)}); !r.rooted {
			if len(bytes.TrimSpace(raw)) > 0 {
				err = tracker.NotA(r.title, r.head)
			}
			return t, false, err
		}
	case xml.Directive:
		if bytes.ContainsRune(raw, '[') || bytes.Contains(raw, []byte("ENTITY")) {
			err = r.unreadable("The file declares entities of its own (line %d), which no list does; it is refused.", r.Line())
		}
		return t, false, err
	default:
		return t, false, nil
	}
	t.Broken = r.src.broken
	return t, true, err
}

func qualified(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

func (r *Reader) open(name string) error {
	if !r.rooted {
		if !r.root(name) {
			return tracker.NotA(r.title, r.head)
		}
		r.rooted = true
	}
	if len(r.stack) >= maxDepth {
		return r.unreadable("The elements of the file are nested more than %d deep (line %d), which no list does; it is refused.", maxDepth, r.Line())
	}
	r.stack = append(r.stack, name)
	return nil
}

func (r *Reader) close(name string) error {
	depth := len(r.stack)
	if depth == 0 || r.stack[depth-1] != name {
		return r.unreadable("The file is not well-formed at line %d: </%s> closes nothing that is open.%s", r.Line(), tasks.Clip(name, 60), r.where())
	}
	r.stack = r.stack[:depth-1]
	r.ended = depth == 1
	return nil
}

// text gives what was written, where the decoder would change line ends: inside
// CDATA a CR stays.
func (r *Reader) text(t xml.CharData) []byte {
	raw := r.src.token(r.dec.InputOffset())
	if inside, ok := bytes.CutPrefix(raw, []byte("<![CDATA[")); ok && slices.Contains(raw, '\r') {
		return bytes.TrimSuffix(inside, []byte("]]>"))
	}
	return t
}

// where says how many entries were read before a fault.
func (r *Reader) where() string {
	if r.entries == 0 {
		return ""
	}
	return fmt.Sprintf(" %d entries stand before it.", r.entries)
}

func (r *Reader) unreadable(format string, args ...any) error {
	return tracker.Unreadable(fmt.Sprintf(format, args...))
}

// charset accepts other spellings of UTF-8 and its subset; the decoder asks
// only when a declaration names something else than utf-8.
func (r *Reader) charset(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf8", "us-ascii", "ascii":
		return input, nil
	}
	r.fault = tracker.Unreadable("The file says that its encoding is " + tasks.Clip(label, 40) + "; save it as UTF-8 and send it again.")
	return nil, r.fault
}

// translate turns an error of the decoder into a sentence. What kept the file
// from being read stays as it is.
func (r *Reader) translate(err error) error {
	cut := errors.Is(err, io.EOF)
	what := strings.TrimPrefix(err.Error(), "xml: ")
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		what = syntax.Msg
		cut = strings.Contains(what, "unexpected EOF")
	}
	switch {
	case r.src.failed != nil:
		return r.src.failed
	case r.fault != nil:
		return r.fault
	case !r.rooted:
		return tracker.NotA(r.title, r.head)
	case cut:
		return r.unreadable("The file is cut off at line %d: its end is missing.%s", r.Line(), r.where())
	}
	what = strings.ToValidUTF8(tasks.Clip(what, 120), "?")
	return r.unreadable("The file is not well-formed XML at line %d: %s.%s", r.Line(), what, r.where())
}
