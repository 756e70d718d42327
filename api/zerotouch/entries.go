package zerotouch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"asapi/api/internal/googleapi"
	"asapi/tasks"
)

// Bounds of a batch.
const (
	// maxEntries is how many devices one batch may hold; a wrapper of the
	// published clients names that number.
	maxEntries = 100_000
	entryBytes = 64 << 10 // of one entry
)

// entries passes the body of a batch, {"claims": [...]}, on while it is read: it is
// never whole in memory. Every entry is looked at before it is passed on, so that a
// body which could not be read becomes no task.
type entries struct {
	name  string             // of the list
	check func([]byte) error // says what is wrong with one entry's JSON

	body    *bounded
	decoder *json.Decoder
	inside  bool  // of the list
	had     bool  // the list was there
	count   int64 // of entries so far
	out     bytes.Buffer
	err     error
}

func newEntries(body io.Reader, name string, check func([]byte) error) *entries {
	e := &entries{name: name, check: check, body: &bounded{r: body}}
	e.decoder = json.NewDecoder(e.body)
	return e
}

// Read implements io.Reader. Its errors are *tasks.Error, but for io.EOF.
func (e *entries) Read(p []byte) (int, error) {
	for e.out.Len() == 0 {
		if e.err != nil {
			return 0, e.err
		}
		if err := e.next(); err != nil {
			e.err = e.explain(err)
		}
	}
	return e.out.Read(p)
}

// next passes the next entry on, or what stands around the entries.
func (e *entries) next() error {
	e.body.until = e.decoder.InputOffset() + entryBytes
	if !e.inside {
		return e.outside()
	}
	if !e.decoder.More() {
		if _, err := e.token(); err != nil { // the list's end, or what stands there instead
			return err
		}
		e.inside = false
		return nil
	}
	if e.count == maxEntries {
		return &tasks.Error{Code: tasks.CodeTooLarge, Field: e.name, Message: fmt.Sprintf("%s holds more than %d devices; send the rest in another batch.", e.name, maxEntries)}
	}
	var raw json.RawMessage
	if err := e.decoder.Decode(&raw); err != nil {
		return tooEarly(err)
	}
	if err := e.check(raw); err != nil {
		return err
	}
	if e.count++; e.count > 1 {
		e.out.WriteString(",\n")
	} else {
		fmt.Fprintf(&e.out, "{%q:[\n", e.name)
	}
	return json.Compact(&e.out, raw)
}

// outside reads up to the list, or from the list to the end of the body.
func (e *entries) outside() error {
	if e.decoder.InputOffset() == 0 {
		if open, err := e.token(); err != nil || open != json.Delim('{') {
			return errors.Join(&tasks.Error{Code: tasks.CodeInvalid, Message: "The body is not a JSON object."}, err)
		}
	}
	if !e.decoder.More() {
		return e.end()
	}
	token, err := e.token()
	if err != nil {
		return err
	}
	if name, _ := token.(string); name != e.name || e.had {
		return googleapi.Malformed(fmt.Errorf("json: unknown field %q", name))
	}
	e.had = true
	token, err = e.token()
	if err == nil && token != nil && token != json.Delim('[') {
		err = &tasks.Error{Code: tasks.CodeInvalid, Field: e.name, Message: e.name + " must be a list."}
	}
	e.inside = token == json.Delim('[')
	return err
}

// token reads one token; the body cannot end before it.
func (e *entries) token() (json.Token, error) {
	token, err := e.decoder.Token()
	return token, tooEarly(err)
}

func tooEarly(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// end reads the end of the body, after which there is no error but io.EOF.
func (e *entries) end() error {
	if _, err := e.token(); err != nil {
		return err
	}
	e.body.until = e.decoder.InputOffset() + entryBytes
	if token, err := e.decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.Join(fmt.Errorf("%v follows the object", token), err)
	}
	if e.count == 0 {
		return &tasks.Error{Code: tasks.CodeInvalid, Field: e.name, Message: e.name + " must hold at least one device."}
	}
	e.out.WriteString("\n]}\n")
	e.err = io.EOF
	return nil
}

// explain makes the fault of what stopped the reading: it names the entry.
func (e *entries) explain(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &tasks.Error{Code: tasks.CodeInvalid, Message: "The body broke off or is malformed.", Err: err}
	}
	fault, ok := errors.AsType[*tasks.Error](googleapi.Malformed(err))
	if !ok || !e.inside || fault.Code == tasks.CodeTooLarge && fault.Field == e.name {
		return fault
	}
	told := *fault
	told.Field = strings.TrimSuffix(fmt.Sprintf("%s[%d].%s", e.name, e.count, fault.Field), ".")
	return &told
}

// bounded bounds how far a decoder may read for one token or entry: it would keep
// all of it.
type bounded struct {
	r           io.Reader
	read, until int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.read >= b.until {
		return 0, &tasks.Error{Code: tasks.CodeTooLarge, Message: fmt.Sprintf("One entry is larger than %d bytes.", entryBytes)}
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.until-b.read)])
	b.read += int64(n)
	return n, err
}
