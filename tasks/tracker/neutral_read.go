package tracker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"asapi/tasks"
)

// maxElement bounds one element of a neutral document, in bytes.
const maxElement = 8 << 20

// neutralRow is one element of a neutral document.
type neutralRow struct {
	Whole
	fault string
}

// readNeutral calls row with every element of the document. It holds one element
// in memory.
func readNeutral(in io.Reader, row func(neutralRow) error) error {
	r := &neutralReader{bound: &tokenBound{r: in, max: maxElement, what: "one tracker of the document"}, row: row}
	r.dec = json.NewDecoder(r.bound)
	if err := r.document(); err != nil {
		return r.translate(err)
	}
	if !r.found {
		return Unreadable("This is not a neutral JSON document: it has no member trackers.")
	}
	return nil
}

type neutralReader struct {
	bound  *tokenBound
	dec    *json.Decoder
	row    func(neutralRow) error
	number int
	named  bool // the member format came by
	found  bool // the member trackers came by
	taken  error
}

func (r *neutralReader) document() error {
	if err := r.delim('{'); err != nil {
		return err
	}
	for r.more() {
		name, err := r.dec.Token()
		if err != nil {
			return err
		}
		if err := r.member(name); err != nil {
			return err
		}
	}
	if err := r.delim('}'); err != nil {
		return err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return Unreadable(fmt.Sprintf("Something follows the JSON document (byte %d).", r.dec.InputOffset()))
	}
	return nil
}

// more reports whether there is more, and lets the bound begin anew.
func (r *neutralReader) more() bool {
	r.bound.from = r.dec.InputOffset()
	return r.dec.More()
}

func (r *neutralReader) member(name json.Token) error {
	switch name {
	case "trackers":
		if r.found || !r.named {
			return Unreadable("The document must say its format before its trackers, and have these once.")
		}
		r.found = true
		return r.trackers()
	case "format":
		var format string
		if err := r.dec.Decode(&format); err != nil || format != neutralFormat {
			return Unreadable("This is not a neutral JSON document: its format is not " + neutralFormat + ".")
		}
		r.named = true
		return nil
	case "version":
		var version float64
		if err := r.dec.Decode(&version); err != nil || version != neutralVersion {
			return Unreadable(fmt.Sprintf("The document is of another version than %d, which cannot be read here.", neutralVersion))
		}
		return nil
	}
	var skipped json.RawMessage
	return r.dec.Decode(&skipped)
}

func (r *neutralReader) trackers() error {
	if err := r.delim('['); err != nil {
		return err
	}
	for r.more() {
		r.number++
		var raw json.RawMessage
		if err := r.dec.Decode(&raw); err != nil {
			return err
		}
		if r.taken = r.row(rowIn(raw, r.number)); r.taken != nil {
			return r.taken
		}
	}
	return r.delim(']')
}

// rowIn reads one element.
func rowIn(raw []byte, number int) neutralRow {
	var doc wholeDoc
	row := neutralRow{}
	if err := json.Unmarshal(raw, &doc); err != nil {
		row.fault = "It is no JSON object."
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
			row.fault = fmt.Sprintf("%s must not be a %s.", wrong.Field, wrong.Value)
		}
	} else {
		row.Whole, row.fault = doc.whole()
	}
	if row.Tracker.Resource = tasks.Clip(doc.Resource, maxResource); row.fault != "" {
		row.fault = fmt.Sprintf("Tracker %d of the document: %s", number, row.fault)
	}
	return row
}

func (r *neutralReader) delim(want json.Delim) error {
	token, err := r.dec.Token()
	if err == nil && token != want {
		err = Unreadable(fmt.Sprintf("This is not a neutral JSON document: there is no %s at byte %d.", want, r.dec.InputOffset()))
	}
	return err
}

// translate turns an error of the decoder into a sentence; what the rows, or the
// reading of the file, failed with stays.
func (r *neutralReader) translate(err error) error {
	var syntax *json.SyntaxError
	switch {
	case r.taken != nil:
		return r.taken
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Unreadable(fmt.Sprintf("The file is cut off: the end of the JSON document is missing. %d trackers stand before it.", max(r.number-1, 0)))
	case errors.As(err, &syntax):
		return Unreadable(fmt.Sprintf("The file is not valid JSON at tracker %d (byte %d).", r.number, syntax.Offset))
	}
	return err
}
