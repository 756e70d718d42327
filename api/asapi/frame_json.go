package asapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"mime"
	"strings"
	"unicode/utf8"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// ndjson gives each message as one line of JSON; a blank line is a heartbeat.
type ndjson struct{}

func (ndjson) contentType() string { return "application/x-ndjson" }
func (ndjson) tail() string        { return "" }
func (ndjson) heartbeat() string   { return "\n" }

func (ndjson) frame(b []byte, m *tasks.Message) ([]byte, bool) {
	return append(appendDocument(b, m), '\n'), false
}

// sse gives each message as a server-sent event (WHATWG HTML, section 9.2); a
// comment is a heartbeat.
type sse struct{}

func (sse) contentType() string { return "text/event-stream" }
func (sse) tail() string        { return "" }
func (sse) heartbeat() string   { return ":\n\n" }

func (sse) frame(b []byte, m *tasks.Message) ([]byte, bool) {
	if m.Result == nil {
		b = append(b, "event: system\n"...)
	} else { // the greeting must not become the Last-Event-ID
		if m.Result.Action == tasks.SystemAction {
			b = append(b, "event: system\n"...)
		}
		b = append(b, "id: "...)
		b = append(b, m.ID...)
		b = append(b, '\n')
	}
	b = append(b, "data: "...)
	return append(appendDocument(b, m), "\n\n"...), false
}

// appendDocument appends the header's members and the payload: as it is where it
// is one JSON document, else in base64.
func appendDocument(b []byte, m *tasks.Message) []byte {
	b = appendHeader(append(b, '{'), m)
	if document, ok := compactJSON(m); ok {
		b = append(web.AppendMember(b, "payload"), document...)
	} else {
		b = append(web.AppendMember(b, "payload_base64"), '"')
		b = base64.StdEncoding.AppendEncode(b, m.Payload)
		b = append(b, '"')
	}
	return append(b, '}')
}

// compactJSON gives a payload that is a whole JSON document, on one line. What is
// no UTF-8 is none: readers of events and of lines would replace it.
func compactJSON(m *tasks.Message) ([]byte, bool) {
	if m.TotalChunks != 1 || m.Result != nil && !isJSON(m.Result.ContentType) || !utf8.Valid(m.Payload) {
		return nil, false
	}
	var line bytes.Buffer
	if err := json.Compact(&line, m.Payload); err != nil {
		return nil, false
	}
	return line.Bytes(), true
}

func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}
