package client

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Bounds on what a stream may make this side keep in memory.
const (
	maxHeader  = 1 << 20
	maxPayload = 256 << 20
)

// Header describes a message of a stream.
type Header struct {
	Type        string `json:"type"` // the action's slug, or "system"
	TaskID      string `json:"task_id"`
	Service     string `json:"service"`
	Account     string `json:"account"`
	Chunk       int    `json:"chunk"` // from 1
	TotalChunks int    `json:"total_chunks"`
	ChunkSize   int64  `json:"chunk_size"` // bytes of a full chunk
	ContentType string `json:"content_type"`
	Filename    string `json:"filename"`
	Success     bool   `json:"success"`
	MessageID   string `json:"message_id"`
}

// Frame is one message of a stream.
type Frame struct {
	Header  Header
	Payload []byte // valid until the next call of Next or Event
	// Heartbeat says that this is no message but a sign of life: all that the
	// server sent before has arrived, and nothing else is on its way.
	Heartbeat bool
}

// System reports whether the frame is the server's and not a task's.
func (f *Frame) System() bool { return f.Header.Type == "system" }

// Decoder reads the classic stream format: header length, header, payload
// length, payload, each ended by CR LF, where a length counts the bytes that
// follow including their CR LF; an empty line is a heartbeat.
type Decoder struct {
	r               *bufio.Reader
	header, payload []byte
}

// NewDecoder reads frames from r.
func NewDecoder(r io.Reader) *Decoder { return &Decoder{r: bufio.NewReaderSize(r, 64<<10)} }

// errFrame says that the bytes are not a stream of messages.
var errFrame = errors.New("the stream is malformed")

// Next gives the next message and passes over heartbeats. It gives io.EOF where
// the stream ends between messages, io.ErrUnexpectedEOF where it ends inside one.
func (d *Decoder) Next() (Frame, error) {
	for {
		f, err := d.Event()
		if err != nil || !f.Heartbeat {
			return f, err
		}
	}
}

// Event gives the next message or heartbeat; its errors are those of Next.
func (d *Decoder) Event() (Frame, error) {
	var f Frame
	header, payload, err := d.Raw()
	if err != nil || header == nil {
		f.Heartbeat = err == nil
		return f, err
	}
	if err := json.Unmarshal(header, &f.Header); err != nil {
		return f, fmt.Errorf("%w: a header is no JSON: %w", errFrame, err)
	}
	f.Payload = payload
	return f, nil
}

// Raw gives the next message without reading its header, a JSON object; both are
// valid until the next call. A heartbeat has neither.
func (d *Decoder) Raw() (header, payload []byte, err error) {
	size, heartbeat, err := d.length(maxHeader, false)
	if err != nil || heartbeat {
		return nil, nil, err
	}
	if d.header, err = d.block(d.header, size); err != nil {
		return nil, nil, err
	}
	if size, _, err = d.length(maxPayload, true); err != nil {
		return nil, nil, err
	}
	if d.payload, err = d.block(d.payload, size); err != nil {
		return nil, nil, err
	}
	return d.header, d.payload, nil
}

// length reads the line of a length; an empty one is a heartbeat, which cannot
// stand inside a message.
func (d *Decoder) length(most int, inside bool) (size int, heartbeat bool, err error) {
	line, err := d.r.ReadSlice('\n')
	if err != nil {
		if errors.Is(err, bufio.ErrBufferFull) {
			return 0, false, fmt.Errorf("%w: a length is too long", errFrame)
		}
		if errors.Is(err, io.EOF) && (inside || len(line) > 0) {
			err = io.ErrUnexpectedEOF
		}
		return 0, false, err
	}
	if len(line) == 2 && line[0] == '\r' && !inside {
		return 0, true, nil
	}
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return 0, false, fmt.Errorf("%w: a length does not end with CR LF", errFrame)
	}
	size, err = strconv.Atoi(string(line[:len(line)-2]))
	if err != nil || size < 2 || size > most {
		return 0, false, fmt.Errorf("%w: a length is %q", errFrame, line[:len(line)-2])
	}
	return size, false, nil
}

// block reads size bytes that end with CR LF into b, or into a larger one, and
// gives them without it.
func (d *Decoder) block(b []byte, size int) ([]byte, error) {
	if cap(b) < size {
		b = make([]byte, size)
	}
	b = b[:size]
	if _, err := io.ReadFull(d.r, b); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if b[size-2] != '\r' || b[size-1] != '\n' {
		return nil, fmt.Errorf("%w: a block of %d bytes does not end with CR LF", errFrame, size)
	}
	return b[:size-2], nil
}
