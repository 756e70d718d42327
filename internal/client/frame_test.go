package client_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"asapi/internal/client"

	"github.com/google/go-cmp/cmp"
)

// wire writes a message as the classic format has it.
func wire(header, payload string) string {
	return fmt.Sprintf("%d\r\n%s\r\n%d\r\n%s\r\n", len(header)+2, header, len(payload)+2, payload)
}

func TestMessagesAreReadWithTheirPayloadsByteForByte(t *testing.T) {
	payloads := []string{"", "x", "line\r\nline\r\n", "\r\n", strings.Repeat("long", 50_000), "\x00\xff"}
	var b strings.Builder
	for i, p := range payloads {
		b.WriteString("\r\n") // a heartbeat between two messages
		b.WriteString(wire(fmt.Sprintf(`{"type":"noop","task_id":"%d","chunk":1,"total_chunks":1}`, i), p))
	}
	d := client.NewDecoder(strings.NewReader(b.String()))
	for i, want := range payloads {
		f, err := d.Next()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(client.Header{Type: "noop", TaskID: fmt.Sprint(i), Chunk: 1, TotalChunks: 1}, f.Header); diff != "" {
			t.Error(diff)
		}
		if string(f.Payload) != want {
			t.Errorf("payload %d has %d bytes, not %d", i, len(f.Payload), len(want))
		}
	}
	if _, err := d.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last message: %v", err)
	}
}

func TestEventTellsHeartbeats(t *testing.T) {
	d := client.NewDecoder(strings.NewReader("\r\n" + wire(`{"type":"noop"}`, "p") + "\r\n"))
	for i, want := range []bool{true, false, true} {
		f, err := d.Event()
		if err != nil || f.Heartbeat != want {
			t.Errorf("event %d: heartbeat %v, %v", i, f.Heartbeat, err)
		}
	}
}

func TestAStreamThatEndsInsideAMessageIsBroken(t *testing.T) {
	whole := wire(`{"type":"noop"}`, "payload")
	for n := 1; n < len(whole); n++ {
		if _, err := client.NewDecoder(strings.NewReader(whole[:n])).Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

func TestWhatIsNoStreamIsRefused(t *testing.T) {
	for _, bytes := range []string{
		"\n", "x\r\n", "-1\r\n", "1\r\n", "3\n{}\r\n", "99999999999999999999\r\n", "2000000000\r\n",
		"4\r\n{}xx2\r\n\r\n", "5\r\nnot\r\n2\r\n\r\n", "4\r\n{}\r\n\r\n", strings.Repeat("9", 70_000),
	} {
		if f, err := client.NewDecoder(strings.NewReader(bytes)).Next(); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%.20q gave %v, %v", bytes, f, err)
		}
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add(wire(`{"type":"noop"}`, "payload") + "\r\n")
	f.Add("4\r\n{}\r\n2\r\n\r\n")
	f.Fuzz(func(t *testing.T, bytes string) {
		d := client.NewDecoder(strings.NewReader(bytes))
		for {
			frame, err := d.Event()
			if err != nil {
				return
			}
			if len(frame.Payload) > len(bytes) {
				t.Fatalf("%d bytes of payload out of %d", len(frame.Payload), len(bytes))
			}
		}
	})
}
