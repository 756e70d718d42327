package asapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

// decodeFrame reads one classic frame as the specification says, knowing nothing
// of the encoder: lengths count the bytes that follow including their CR LF.
func decodeFrame(t *testing.T, b []byte) (header map[string]any, payload, rest []byte) {
	t.Helper()
	for i := range 2 {
		line, after, ok := bytes.Cut(b, []byte("\r\n"))
		n, err := strconv.Atoi(string(line))
		if !ok || err != nil || n < 2 || n > len(after) || string(after[n-2:n]) != "\r\n" {
			t.Fatalf("no length-prefixed block: %q", b)
		}
		block := after[:n-2]
		b = after[n:]
		if i == 1 {
			payload = block
		} else if err := json.Unmarshal(block, &header); err != nil {
			t.Fatalf("the header is no JSON: %v: %s", err, block)
		}
	}
	return header, payload, b
}

func encodeAll(enc encoder, m *tasks.Message) []byte {
	b, split := enc.frame(nil, m)
	if split {
		b = append(append(b, m.Payload...), enc.tail()...)
	}
	return b
}

func FuzzAClassicFrameIsReadByAnIndependentDecoder(f *testing.F) {
	f.Add("import", "alice", "a.json", "application/json", []byte("{}\r\n"), true, 1, 2, int64(3))
	f.Add("\x00\"\\\n", "ü\xff", "", "", []byte(nil), false, 0, 0, int64(-1))
	f.Fuzz(func(t *testing.T, action, account, filename, contentType string, payload []byte, success bool, chunk, total int, size int64) {
		r := tasks.Result{Action: action, Account: account, Filename: filename, ContentType: contentType, Success: success, Service: "ledger"}
		m := tasks.Message{ID: "7-1", Result: &r, Chunk: chunk, TotalChunks: total, ChunkSize: size, Payload: payload}
		header, got, rest := decodeFrame(t, append(encodeAll(classic{}, &m), "\r\n"...))
		if string(rest) != "\r\n" || !bytes.Equal(got, payload) {
			t.Fatalf("the payload came back as %q, and %q follows", got, rest)
		}
		want := map[string]any{
			"type": strings.ToValidUTF8(action, "\ufffd"), "task_id": "00000000-0000-0000-0000-000000000000", "service": "ledger",
			"account": account, "chunk": float64(chunk), "total_chunks": float64(total), "chunk_size": float64(size),
			"content_type": contentType, "success": success, "message_id": "7-1",
		}
		if filename != "" {
			want["filename"] = filename
		}
		for _, name := range []string{"type", "account", "content_type", "filename"} {
			if s, ok := want[name].(string); ok {
				want[name] = eachInvalidByteReplaced(s)
			}
		}
		want["type"] = eachInvalidByteReplaced(action)
		if diff := cmp.Diff(want, header); diff != "" {
			t.Error(diff)
		}
	})
}

// eachInvalidByteReplaced is what ranging over a string gives.
func eachInvalidByteReplaced(s string) string { return string([]rune(s)) }

func TestTheOtherFormatsHoldTheSameMessages(t *testing.T) {
	r := tasks.Result{Action: "import", ContentType: "application/json; charset=utf-8", Success: true}
	document := tasks.Message{ID: "7-1", Result: &r, Chunk: 1, TotalChunks: 1, ChunkSize: 9, Payload: []byte("{\n \"a\": 1.50\n}\n")}
	chunk := document
	chunk.TotalChunks = 2
	latin := document
	latin.Payload = []byte("{\"a\":\"\xe9\"}")
	system := tasks.Message{ID: "0-1", Chunk: 1, TotalChunks: 1, Payload: []byte(`{"code":"connected"}`)}
	header := `{"type":"import","task_id":"00000000-0000-0000-0000-000000000000","service":"","account":"","chunk":1,"total_chunks":1,"chunk_size":9,"content_type":"application/json; charset=utf-8","success":true,"message_id":"7-1",`
	inBase64 := `"payload_base64":"` + base64.StdEncoding.EncodeToString(document.Payload) + `"}`
	for _, c := range []struct {
		name string
		enc  encoder
		m    tasks.Message
		want string
	}{
		{"a JSON document stands in an NDJSON line as it is", ndjson{}, document, header + `"payload":{"a":1.50}}` + "\n"},
		{"a chunk stands in base64", ndjson{}, chunk, strings.Replace(header, `"total_chunks":1`, `"total_chunks":2`, 1) + inBase64 + "\n"},
		{"what is no UTF-8 stands in base64", sse{}, latin, "id: 7-1\ndata: " + header + `"payload_base64":"eyJhIjoi6SJ9"}` + "\n\n"},
		{"an event has the message's id", sse{}, document, "id: 7-1\ndata: " + header + `"payload":{"a":1.50}}` + "\n\n"},
		{
			"a system event has none",
			sse{},
			system,
			`event: system` + "\n" + `data: {"type":"system","task_id":"","service":"","account":"","chunk":1,"total_chunks":1,"chunk_size":0,"content_type":"application/json","success":true,"message_id":"0-1","payload":{"code":"connected"}}` + "\n\n",
		},
	} {
		if diff := cmp.Diff(c.want, string(encodeAll(c.enc, &c.m))); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
