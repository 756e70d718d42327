package zerotouch

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/googleapi"
	"asapi/api/internal/web"
)

// chunk is how much of a long answer is collected before it is written.
const chunk = 64 << 10

// document writes an operation piece by piece. Until the first chunk is full
// nothing is sent, so that what goes wrong before can be told.
type document struct {
	shared *web.Shared
	to     *echo.Response
	pretty bool
	text   []byte
	one    bytes.Buffer
}

func newDocument(shared *web.Shared, to *echo.Response, pretty bool) *document {
	return &document{shared: shared, to: to, pretty: pretty}
}

// add begins the document with an object that stays open.
func (d *document) add(object []byte) {
	if d.pretty {
		d.one.Reset()
		// It was marshalled a moment ago, so it is well-formed.
		_ = json.Indent(&d.one, object, "", "  ")
		object = bytes.TrimSuffix(d.one.Bytes(), []byte("\n}"))
	} else {
		object = bytes.TrimSuffix(object, []byte("}"))
	}
	d.text = append(d.text, object...)
}

// response adds the response with all its entries.
func (d *document) response(r *results) error {
	d.member("response", 1, ",")
	d.text = append(d.text, '{')
	d.member("@type", 2, "")
	d.text = append(d.text, `"`+responseType+`"`...)
	d.member("successCount", 2, ",")
	d.text = strconv.AppendInt(d.text, r.success, 10)
	d.member("perDeviceStatus", 2, ",")
	d.text = append(d.text, '[')
	before, raw := "", []byte(nil)
	for result, err := range r.devices {
		if err != nil {
			return d.failed(err)
		}
		if raw, err = perDevice(raw[:0], result, r.entry); err != nil {
			return d.failed(err)
		}
		d.line(before, 3)
		if err := d.entry(raw); err != nil {
			return err
		}
		before = ","
	}
	if before != "" {
		d.line("", 2)
	}
	d.line("]", 1)
	d.text = append(d.text, '}')
	return nil
}

// line adds text and, where that is wanted, a new line.
func (d *document) line(text string, depth int) {
	d.text = append(d.text, text...)
	if d.pretty {
		d.text = append(append(d.text, '\n'), "      "[:2*depth]...)
	}
}

// member begins a member.
func (d *document) member(name string, depth int, before string) {
	d.line(before, depth)
	d.text = append(append(d.text, '"'), name...)
	d.text = append(d.text, `":`...)
	if d.pretty {
		d.text = append(d.text, ' ')
	}
}

// entry adds one entry of the list, and sends what has come together.
func (d *document) entry(raw []byte) error {
	if d.pretty {
		d.one.Reset()
		if err := json.Indent(&d.one, raw, "      ", "  "); err != nil {
			return d.failed(err)
		}
		raw = d.one.Bytes()
	}
	if d.text = append(d.text, raw...); len(d.text) < chunk {
		return nil
	}
	return d.send()
}

// end closes the document and sends the rest.
func (d *document) end() error {
	d.line("", 0)
	d.text = append(d.text, "}\n"...)
	return d.send()
}

func (d *document) send() error {
	if !d.to.Committed {
		d.to.Header().Set(echo.HeaderContentType, googleapi.ContentType)
		d.to.WriteHeader(http.StatusOK)
	}
	d.shared.SetWriteDeadline(d.to)
	_, err := d.to.Write(d.text)
	d.text = d.text[:0]
	return err
}

// failed gives the error as it is while it can be told. Later the connection is
// broken off: half an answer must not look like a whole one.
func (d *document) failed(err error) error {
	if d.to.Committed {
		panic(http.ErrAbortHandler)
	}
	return err
}
