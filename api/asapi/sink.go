package asapi

import (
	"net/http"
	"sync"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// Sizes of a sink's buffer.
const (
	sendFrom   = 64 << 10  // then the buffer goes to the connection
	keepAtMost = 256 << 10 // larger buffers are not kept for others
)

// buffers are owned only between a write and its flush, so that an idle stream
// costs none.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, sendFrom+sendFrom/2); return &b }}

// sink writes the messages of a stream to one answer. Every write has a
// deadline: a client that does not take it in time is cut off.
type sink struct {
	shared  *web.Shared
	w       http.ResponseWriter
	control *http.ResponseController
	enc     encoder
	peer    tasks.Peer
	trail   *trail // nil: nobody asks what the client has
	buf     *[]byte
}

var _ tasks.Sink = (*sink)(nil)

func newSink(shared *web.Shared, w http.ResponseWriter, enc encoder, peer tasks.Peer, trail *trail) *sink {
	return &sink{shared: shared, w: w, control: http.NewResponseController(w), enc: enc, peer: peer, trail: trail}
}

// Write implements tasks.Sink. What the client has by its Last-Event-ID is left
// out.
func (s *sink) Write(m *tasks.Message) error {
	if m.Result != nil && s.trail != nil && s.trail.tell(m.Result.Seq, m.Chunk, m.TotalChunks) {
		return nil
	}
	b := s.buffer()
	head, split := s.enc.frame(*b, m)
	*b = head
	if split {
		if len(m.Payload) < sendFrom {
			*b = append(*b, m.Payload...)
		} else if err := s.sendWith(m.Payload); err != nil {
			return err
		}
		*b = append(*b, s.enc.tail()...)
	}
	if len(*b) >= sendFrom {
		return s.send()
	}
	return nil
}

// Heartbeat implements tasks.Sink.
func (s *sink) Heartbeat() error {
	b := s.buffer()
	*b = append(*b, s.enc.heartbeat()...)
	return nil
}

// Flush implements tasks.Sink.
func (s *sink) Flush() error {
	if s.buf != nil {
		if err := s.send(); err != nil {
			return err
		}
		s.close()
	}
	s.shared.SetWriteDeadline(s.w)
	return s.control.Flush()
}

// Peer implements tasks.Sink.
func (s *sink) Peer() tasks.Peer { return s.peer }

func (s *sink) buffer() *[]byte {
	if s.buf == nil {
		s.buf, _ = buffers.Get().(*[]byte)
		*s.buf = (*s.buf)[:0]
	}
	return s.buf
}

// close gives the buffer back.
func (s *sink) close() {
	if s.buf != nil && cap(*s.buf) <= keepAtMost {
		buffers.Put(s.buf)
	}
	s.buf = nil
}

func (s *sink) send() error {
	s.shared.SetWriteDeadline(s.w)
	_, err := s.w.Write(*s.buf)
	*s.buf = (*s.buf)[:0]
	return err
}

// sendWith sends the buffer and then a large payload without copying it.
func (s *sink) sendWith(payload []byte) error {
	if err := s.send(); err != nil {
		return err
	}
	s.shared.SetWriteDeadline(s.w)
	_, err := s.w.Write(payload)
	return err
}
