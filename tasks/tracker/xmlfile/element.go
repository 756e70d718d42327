package xmlfile

import (
	"fmt"

	"asapi/tasks/tracker"
)

// What an Element may hold in all, so that one entry has a bound.
const (
	maxElement = 8 << 20 // bytes, of names, values and texts
	nodeCost   = 64      // bytes that an element or an attribute counts besides
)

// Element is an element with all that is in it.
type Element struct {
	Name     string
	Attrs    []Attr
	Text     string // what stands directly in it
	Children []Element
	Line     int // where its start tag ends
	// Broken says that it, or what is in it, held bytes that are no text.
	Broken bool
}

// Attr is an attribute of an Element.
type Attr struct{ Name, Value string }

// Attr gives the value of an attribute; empty when there is none.
func (e *Element) Attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// Child gives the first child of that name; false when there is none.
func (e *Element) Child(name string) (*Element, bool) {
	for i := range e.Children {
		if e.Children[i].Name == name {
			return &e.Children[i], true
		}
	}
	return nil, false
}

// Element reads the element that a Start token began, to its end. One that
// holds more than 8 MB is an error.
func (r *Reader) Element(start Token) (Element, error) {
	left := maxElement
	return r.element(start, &left)
}

// Skip reads to the end of the element that a Start token began.
func (r *Reader) Skip(start Token) error {
	for {
		t, err := r.Next()
		if err != nil || (t.Kind == End && t.Depth == start.Depth) {
			return err
		}
	}
}

// element's depth is bounded by the reader's.
func (r *Reader) element(start Token, left *int) (Element, error) {
	e := Element{Name: start.Name, Line: r.Line(), Broken: start.Broken}
	spend := nodeCost + len(e.Name)
	for _, a := range start.Attrs {
		e.Attrs = append(e.Attrs, Attr{qualified(a.Name), a.Value})
		spend += nodeCost + len(a.Value)
	}
	var text []byte
	for {
		if *left -= spend; *left < 0 {
			return e, errTooMuch
		}
		t, err := r.Next()
		if err != nil {
			return e, err
		}
		e.Broken = e.Broken || t.Broken
		spend = 0
		switch t.Kind {
		case Start:
			child, err := r.element(t, left)
			if err != nil {
				return e, err
			}
			e.Broken = e.Broken || child.Broken
			e.Children = append(e.Children, child)
		case Text:
			if len(text)+len(t.Text) > maxToken {
				return e, errTooLong
			}
			text = append(text, t.Text...)
			spend = len(t.Text)
		case End:
			e.Text = string(text)
			return e, nil
		}
	}
}

var errTooMuch = tracker.Unreadable(fmt.Sprintf("One entry of the file is larger than %d MB; a list has none such.", maxElement>>20))
