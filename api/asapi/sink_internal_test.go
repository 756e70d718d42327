package asapi

import (
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/internal/client"
	"asapi/tasks"
)

// received is a message as a reader has it.
type received struct {
	ID      string
	Payload string
}

// FuzzAStreamOfMessagesIsReadByIndependentDecoders writes messages of many sizes,
// heartbeats and flushes as the bytes of program say, and reads them with two
// decoders that know nothing of the encoder.
func FuzzAStreamOfMessagesIsReadByIndependentDecoders(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7}, []byte("\r\n12\r\n"))
	f.Add([]byte{4, 4, 0, 7, 4, 1, 255, 130}, []byte(nil))
	f.Fuzz(func(t *testing.T, program, piece []byte) {
		var want []received
		w := httptest.NewRecorder()
		had := &trail{before: told{seq: 7, chunk: 1}}
		s := newSink(&web.Shared{Limits: web.Limits{}.WithDefaults()}, echo.NewResponse(w, echo.New()), classic{}, unknownPeer{}, had)
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		sizes := [...]int{0, 1, 300, sendFrom - 1, sendFrom, sendFrom + 1, 2 * sendFrom}
		for i, op := range program[:min(len(program), 40)] {
			switch op % 8 {
			case 7:
				must(s.Flush())
			case 6:
				must(s.Heartbeat())
			default:
				id := string(rune('a'+i%26)) + "-1"
				payload := repeated(piece, sizes[int(op/8)%len(sizes)])
				must(s.Write(&tasks.Message{ID: id, Result: &tasks.Result{Success: true}, Chunk: 1, TotalChunks: 1, Payload: payload}))
				must(s.Write(&tasks.Message{ID: "7-1", Result: &tasks.Result{Seq: 7}, Chunk: 1, TotalChunks: 1, Payload: payload}))
				want = append(want, received{id, string(payload)})
			}
		}
		must(s.Flush())
		s.close()
		if diff := cmp.Diff(want, readByClient(t, w.Body.Bytes())); diff != "" {
			t.Errorf("the client's decoder: %s", diff)
		}
		if diff := cmp.Diff(want, readBySpecification(t, w.Body.Bytes())); diff != "" {
			t.Errorf("the specification's decoder: %s", diff)
		}
	})
}

func repeated(piece []byte, size int) []byte {
	if len(piece) == 0 {
		return make([]byte, size)
	}
	return bytes.Repeat(piece, size/len(piece)+1)[:size]
}

func readByClient(t *testing.T, b []byte) []received {
	t.Helper()
	var list []received
	d := client.NewDecoder(bytes.NewReader(b))
	for {
		f, err := d.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, received{f.Header.MessageID, string(f.Payload)})
	}
}

func readBySpecification(t *testing.T, b []byte) []received {
	t.Helper()
	var list []received
	for len(b) > 0 {
		if rest, beat := bytes.CutPrefix(b, []byte("\r\n")); beat {
			b = rest
			continue
		}
		header, payload, rest := decodeFrame(t, b)
		id, _ := header["message_id"].(string)
		list = append(list, received{id, string(payload)})
		b = rest
	}
	return list
}
