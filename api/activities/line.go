package activities

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"

	"asapi/tasks"
)

// Times of a line.
const (
	pingEvery = 10 * time.Second
	stallTime = 10 * time.Second // for one write; then the watcher is cut off
)

// sendBuffer bounds what the kernel keeps for a watcher that does not read.
const sendBuffer = 256 << 10

// line is a watcher's connection, taken over from net/http so that an idle one
// costs two small goroutines and no buffers. Whole frames and events are written
// at once, so that those who share the connection do not mix theirs.
type line struct {
	net.Conn
	writing sync.Mutex
}

var _ net.Conn = (*line)(nil)

// Write implements net.Conn; each call has the time of a stalled watcher.
func (l *line) Write(p []byte) (int, error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	if err := l.SetWriteDeadline(time.Now().Add(stallTime)); err != nil {
		return 0, err
	}
	return l.Conn.Write(p)
}

// takeOver takes the connection from net/http, with what it has read already.
func takeOver(w http.ResponseWriter) (*line, []byte, error) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, _ := rw.Peek(rw.Reader.Buffered()) // what is buffered can be peeked
	l := &line{Conn: conn}
	inner := conn
	for {
		wrapped, ok := inner.(interface{ Unwrap() net.Conn })
		if !ok {
			break
		}
		inner = wrapped.Unwrap()
	}
	if tcp, ok := inner.(*net.TCPConn); ok {
		// It bounds memory only; without it the kernel's own bound holds.
		_ = tcp.SetWriteBuffer(sendBuffer)
	}
	return l, append([]byte(nil), early...), nil
}

// send writes what the watcher is told until it ends or the connection does, and
// gives why. Where mute is true it only pings.
func (l *line) send(d *door, s *shape, w *tasks.Watch, mute bool) error {
	ping := time.Now().Add(pingEvery)
	encode := func(n *tasks.Notice) []byte { return s.encode(d, n) }
	for {
		b, err := w.Next(time.Until(ping))
		if err != nil {
			return err
		}
		if !mute && len(b.Notices) > 0 {
			if _, err := l.Write(b.Encoded(s.key, encode)); err != nil {
				return err
			}
		}
		if now := time.Now(); !now.Before(ping) {
			ping = now.Add(pingEvery)
			if _, err := l.Write(s.ping); err != nil {
				return err
			}
		}
	}
}

// taken is an http.ResponseWriter that gives its connection away as a line, with
// buffers of the size that a watcher needs.
type taken struct {
	http.ResponseWriter
	line *line
}

// frameBuffer holds the frames of a watcher, which are short: pings and pongs.
const frameBuffer = 256

// Hijack implements http.Hijacker.
func (t *taken) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	l, early, err := takeOver(t.ResponseWriter)
	if err != nil {
		return nil, nil, err
	}
	t.line = l
	conn := net.Conn(l)
	if len(early) > 0 {
		conn = &rereader{line: l, early: early}
	}
	return conn, bufio.NewReadWriter(bufio.NewReaderSize(conn, frameBuffer), bufio.NewWriterSize(conn, frameBuffer)), nil
}

// rereader gives what was read already once more.
type rereader struct {
	*line
	early []byte
}

// Read implements net.Conn.
func (r *rereader) Read(p []byte) (int, error) {
	if len(r.early) == 0 {
		return r.line.Read(p)
	}
	n := copy(p, r.early)
	r.early = r.early[n:]
	return n, nil
}
