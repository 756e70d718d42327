package web

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// answer is the http.ResponseWriter of an endless answer. It is for one goroutine.
type answer struct {
	shared  *Shared
	header  http.Header
	status  int
	chunked bool // HTTP/1.0 knows no chunks: there the answer ends with the connection
	cancel  context.CancelCauseFunc

	wanted chan struct{} // closed when the connection is to be taken over
	taken  chan error    // tells that it was, or why not
	ended  chan error    // how it ended, when nothing was written
	gone   chan struct{} // closed when the client hung up
	conn   net.Conn      // nil: not taken over
	log    func(size int64, took time.Duration)

	size   int64
	open   bool // the CR LF that ends the last chunk is owed
	broken bool // a write failed
	failed error
}

// smallChunk is up to where a chunk is copied, to be written with its frame at
// once.
const smallChunk = 128 << 10

var chunkBuffers = sync.Pool{New: func() any { b := make([]byte, 0, smallChunk+64); return &b }}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter; the header goes with the first
// byte.
func (a *answer) WriteHeader(status int) { a.status = status }

// SetWriteDeadline lets http.ResponseController set it.
func (a *answer) SetWriteDeadline(t time.Time) error {
	if a.conn == nil {
		return nil
	}
	return a.conn.SetWriteDeadline(t)
}

// Write implements http.ResponseWriter; each call is a chunk.
func (a *answer) Write(p []byte) (int, error) {
	if err := a.start(); err != nil || len(p) == 0 {
		return 0, err
	}
	a.size += int64(len(p))
	if !a.chunked {
		return len(p), a.send(p)
	}
	if len(p) > smallChunk {
		var frame [32]byte
		if err := a.send(a.begin(frame[:0], len(p))); err != nil {
			return 0, err
		}
		a.open = true
		return len(p), a.send(p)
	}
	b, _ := chunkBuffers.Get().(*[]byte)
	defer chunkBuffers.Put(b)
	*b = append(append(a.begin((*b)[:0], len(p)), p...), "\r\n"...)
	a.open = false
	return len(p), a.send(*b)
}

// begin appends what comes before a chunk of n bytes.
func (a *answer) begin(b []byte, n int) []byte {
	if a.open {
		b = append(b, "\r\n"...)
	}
	return append(strconv.AppendInt(b, int64(n), 16), "\r\n"...)
}

// FlushError lets http.ResponseController flush: nothing is held back but the
// end of a chunk.
func (a *answer) FlushError() error { return a.Flush() }

// Flush writes what is owed.
func (a *answer) Flush() error {
	if err := a.start(); err != nil || !a.open {
		return err
	}
	a.open = false
	return a.send([]byte("\r\n"))
}

func (a *answer) send(p []byte) error {
	if a.failed != nil {
		return a.failed
	}
	if _, err := a.conn.Write(p); err != nil {
		a.broken, a.failed = true, err
	}
	return a.failed
}

// start takes the connection over and writes the header.
func (a *answer) start() error {
	if a.conn != nil || a.failed != nil {
		return a.failed
	}
	close(a.wanted)
	if a.failed = <-a.taken; a.failed != nil {
		return a.failed
	}
	go a.watch(a.conn) // ends with the connection
	if err := a.conn.SetWriteDeadline(time.Now().Add(a.shared.Limits.Write)); err != nil {
		return err
	}
	return a.send(a.head())
}

// head gives the status line and the header. The connection ends with the answer.
func (a *answer) head() []byte {
	status := a.status
	if status == 0 {
		status = http.StatusOK
	}
	h := a.header
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("Connection", "close")
	if a.chunked {
		h.Set("Transfer-Encoding", "chunked")
	}
	a.header = nil // thousands of them would be kept for nothing
	return Head(status, h)
}

// Head gives the status line and the header of an answer whose connection was
// taken from the HTTP server.
func Head(status int, h http.Header) []byte {
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 " + strconv.Itoa(status) + " " + http.StatusText(status) + "\r\n")
	_ = h.Write(&b) // a buffer takes everything
	b.WriteString("\r\n")
	return b.Bytes()
}
