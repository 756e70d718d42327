package listfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// maxDepth bounds how deep values may be nested; lists need ten levels.
const maxDepth = 32

// JSON walks through a JSON file of any length. It holds one value that was
// asked for, of at most MaxEntry bytes. All errors are permanent ones about the
// file, but those of whoever gives the bytes.
type JSON struct {
	// Entries is how many entries were read, for the faults of the file. The
	// owner counts.
	Entries int64

	title string
	src   *source
	dec   *json.Decoder
	depth int
	began bool
}

// NewJSON reads a file of the provider that title names.
func NewJSON(r io.Reader, title string) (*JSON, error) {
	src, err := newSource(r, "One value of the file")
	if err != nil {
		return nil, err
	}
	j := &JSON{title: title, src: src, dec: json.NewDecoder(src)}
	j.dec.UseNumber()
	return j, nil
}

// More reports whether another value follows in the array or object that was
// entered, or another document in the file.
func (j *JSON) More() bool {
	j.src.allow(j.dec.InputOffset())
	return j.dec.More()
}

// Enter reads the beginning of the next value: '{' or '[' when it is an object
// or an array, whose end Members or Elements must reach then; 0 when it is
// anything else, which has been read.
func (j *JSON) Enter() (json.Delim, error) {
	token, err := j.token()
	if err != nil {
		return 0, err
	}
	delim, _ := token.(json.Delim)
	if delim == 0 {
		return 0, nil
	}
	if j.depth++; j.depth > maxDepth {
		return 0, j.tooDeep()
	}
	return delim, nil
}

// Members calls each with the name of every member of the object that was
// entered; each must read the value, by Enter, Value or Skip.
func (j *JSON) Members(each func(name string) error) error {
	for j.More() {
		token, err := j.token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if err := each(name); err != nil {
			return err
		}
	}
	return j.leave()
}

// Elements calls each for every element of the array that was entered; each
// must read it, by Enter, Value or Skip.
func (j *JSON) Elements(each func() error) error {
	for j.More() {
		if err := each(); err != nil {
			return err
		}
	}
	return j.leave()
}

func (j *JSON) leave() error {
	_, err := j.token()
	j.depth--
	return err
}

// Value reads the next value whole.
func (j *JSON) Value() (json.RawMessage, error) {
	j.src.allow(j.dec.InputOffset())
	var raw json.RawMessage
	if err := j.dec.Decode(&raw); err != nil {
		return nil, j.translate(err)
	}
	if j.depth+nesting(raw) > maxDepth {
		return nil, j.tooDeep()
	}
	return raw, nil
}

// Skip passes over the next value, of any size.
func (j *JSON) Skip() error {
	for open := 0; ; {
		token, err := j.token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			if open++; j.depth+open > maxDepth {
				return j.tooDeep()
			}
		case json.Delim('}'), json.Delim(']'):
			open--
		}
		if open == 0 {
			return nil
		}
	}
}

// End makes sure that the file ended with the document that was read last.
func (j *JSON) End() error {
	j.src.allow(j.dec.InputOffset())
	if _, err := j.dec.Token(); !errors.Is(err, io.EOF) {
		return j.translate(err)
	}
	return nil
}

// NotOurs makes the error of a file that is another one than was said.
func (j *JSON) NotOurs() error { return tracker.NotA(j.title, j.src.head) }

func (j *JSON) token() (json.Token, error) {
	j.src.allow(j.dec.InputOffset())
	token, err := j.dec.Token()
	if err != nil {
		return nil, j.translate(err)
	}
	j.began = true
	return token, nil
}

func (j *JSON) tooDeep() error {
	return tracker.Unreadable(fmt.Sprintf("The values of the file are nested more than %d deep (at byte %d), which no list does; it is refused.", maxDepth, j.dec.InputOffset()))
}

// translate turns an error of the decoder into a sentence. What kept the file
// from being read stays as it is.
func (j *JSON) translate(err error) error {
	if j.src.failed != nil {
		return j.src.failed
	}
	syntax, wrong := errors.AsType[*json.SyntaxError](err)
	cut := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || wrong && strings.Contains(syntax.Error(), "unexpected end")
	switch {
	case !j.began && !cut:
		return j.NotOurs()
	case cut:
		return tracker.Unreadable(fmt.Sprintf("The file is cut off after byte %d: its end is missing.%s", j.src.given, Before(j.Entries)))
	case wrong:
		what := strings.ToValidUTF8(tasks.Clip(syntax.Error(), 120), "?")
		return tracker.Unreadable(fmt.Sprintf("The file is not valid JSON near byte %d: %s.%s", j.dec.InputOffset(), what, Before(j.Entries)))
	}
	return err
}

// nesting counts how deep a valid JSON value goes.
func nesting(raw []byte) int {
	deepest, depth, text := 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// NoText reports whether a JSON value, or any text, holds what is no text:
// bytes that are not UTF-8, or NUL characters.
func NoText(raw []byte) bool {
	return !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 || escapedNUL(raw)
}

// escapedNUL looks for \u0000 that is not part of \\u0000.
func escapedNUL(raw []byte) bool {
	if !bytes.Contains(raw, []byte(`\u0000`)) {
		return false
	}
	for i := 0; i+5 < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		if string(raw[i+1:i+6]) == "u0000" {
			return true
		}
		i++
	}
	return false
}
