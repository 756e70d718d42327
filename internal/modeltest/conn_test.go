package modeltest_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"asapi/internal/client"
)

// conn is a connection to a stream that a client opened, and what came on it.
type conn struct {
	m      *member
	server int
	opened int64 // before it was dialled
	tcp    *net.TCPConn
	resp   *http.Response
	ended  chan struct{} // closed when its reader has ended

	mu     sync.Mutex
	more   chan struct{} // closed and replaced when budget or broken change
	budget int           // messages that may be read; below 0: all
	broken int64         // when the client began to end it
	got    []arrival
	fault  error // what must not happen on a connection
}

// arrival is the first chunk of a message, or all of it.
type arrival struct {
	at     int64
	seq    int64
	one    *item
	chunks int
	whole  bool
}

const unlimited = -1

// connect opens the member's stream on a server. With a budget the socket's buffer
// is small, so that what is not read is not taken from the server either.
func (m *member) connect(ctx context.Context, server, budget int) (*conn, error) {
	c := &conn{m: m, server: server, budget: budget, opened: m.w.now(), ended: make(chan struct{}), more: make(chan struct{})}
	d := net.Dialer{Timeout: patience}
	if budget != unlimited {
		d.Control = func(_, _ string, raw syscall.RawConn) error {
			var inner error
			err := raw.Control(func(fd uintptr) {
				inner = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
			})
			return errors.Join(err, inner)
		}
	}
	dialled, err := d.DialContext(ctx, "tcp", m.w.addrs[server])
	if err != nil {
		return nil, err
	}
	c.tcp, _ = dialled.(*net.TCPConn)
	target := "/stream/?stream=" + m.stream
	head := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Token %s\r\n\r\n", target, m.w.addrs[server], m.secrets["aschannel"])
	if _, err := c.tcp.Write([]byte(head)); err != nil {
		return nil, errors.Join(err, c.tcp.Close())
	}
	c.resp, err = http.ReadResponse(bufio.NewReaderSize(c.tcp, 512), nil) //nolint:bodyclose // the connection is closed instead: closing a body reads it to its end
	if err == nil && c.resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the stream answered %s", c.resp.Status)
	}
	if err != nil {
		return nil, errors.Join(err, c.tcp.Close())
	}
	m.mu.Lock()
	m.conns = append(m.conns, c)
	m.mu.Unlock()
	go c.read()
	return c, nil
}

// little gives few bytes at a time, so that nothing is read ahead.
type little struct{ r io.Reader }

func (l little) Read(p []byte) (int, error) { return l.r.Read(p[:min(len(p), 512)]) }

// read reads messages as the budget allows, until the connection ends.
func (c *conn) read() {
	defer close(c.ended)
	frames := client.NewDecoder(little{c.resp.Body})
	if f, err := frames.Next(); err != nil || !f.System() {
		c.fail(fmt.Errorf("a stream began with %+v: %w", f.Header, err))
		return
	}
	for c.allowed() {
		f, err := frames.Next()
		if err != nil {
			c.fail(fmt.Errorf("the server ended a connection: %w", err))
			return
		}
		if err := c.arrived(&f); err != nil {
			c.fail(err)
			return
		}
	}
}

// allowed waits until a message may be read and reports false once the client
// ends the connection.
func (c *conn) allowed() bool {
	for {
		c.mu.Lock()
		broken, budget, more := c.broken != 0, c.budget, c.more
		c.mu.Unlock()
		if broken {
			return false
		}
		if budget != 0 {
			return true
		}
		<-more
	}
}

func (c *conn) changed() {
	close(c.more)
	c.more = make(chan struct{})
}

// allow lets n more messages be read.
func (c *conn) allow(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.budget >= 0 {
		c.budget += n
	}
	c.changed()
}

// fail keeps the first fault; what happens after the client ended the connection
// is none.
func (c *conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken == 0 && c.fault == nil {
		c.fault = err
	}
}

// arrived keeps a message, or the next chunk of one.
func (c *conn) arrived(f *client.Frame) error {
	c.m.mu.Lock()
	one := c.m.byTask[f.Header.TaskID]
	c.m.mu.Unlock()
	if one == nil {
		return fmt.Errorf("%s got a message of task %s, which is not its own", c.m.name, f.Header.TaskID)
	}
	number, chunk, _ := strings.Cut(f.Header.MessageID, "-")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || chunk != strconv.Itoa(f.Header.Chunk) {
		return fmt.Errorf("chunk %d has the message_id %q", f.Header.Chunk, f.Header.MessageID)
	}
	if err := checkFrame(one, f); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != 0 { // who else may have it by now is not known
		return nil
	}
	if f.Header.Chunk == 1 {
		c.got = append(c.got, arrival{at: c.m.w.now(), seq: seq, one: one})
	}
	n := len(c.got)
	if n == 0 || c.got[n-1].seq != seq || c.got[n-1].chunks != f.Header.Chunk-1 || n > 1 && !c.got[n-2].whole {
		return fmt.Errorf("chunk %s stands alone, or among another message's", f.Header.MessageID)
	}
	c.got[n-1].chunks++
	c.got[n-1].whole = f.Header.Chunk == f.Header.TotalChunks
	if c.got[n-1].whole && c.budget > 0 {
		c.budget--
	}
	c.changed()
	return nil
}

// checkFrame compares a message with what its task left.
func checkFrame(one *item, f *client.Frame) error {
	h := &f.Header
	switch {
	case h.Success == one.failed, h.Account != "alice", h.Service != "archive", h.Type != "copy-page":
		return fmt.Errorf("a message of task %s has the header %+v", one.id, *h)
	case one.failed:
		if !bytes.Contains(f.Payload, []byte("It did not work.")) {
			return fmt.Errorf("a failed task was told of with %s", f.Payload)
		}
		return nil
	}
	from := h.ChunkSize * int64(h.Chunk-1)
	to := min(from+h.ChunkSize, int64(len(one.payload)))
	if from > to || !bytes.Equal(f.Payload, one.payload[from:to]) {
		return fmt.Errorf("chunk %s of task %s holds other bytes", h.MessageID, one.id)
	}
	return nil
}

// end ends the connection with a reset, or in order. An orderly close of a
// connection with unread bytes is a reset too, by the kernel's own decision.
func (c *conn) end(reset bool) error {
	c.mu.Lock()
	if c.broken != 0 {
		c.mu.Unlock()
		return nil
	}
	c.broken = c.m.w.now()
	c.changed()
	c.mu.Unlock()
	if reset {
		if err := c.tcp.SetLinger(0); err != nil {
			return err
		}
	}
	if err := c.tcp.Close(); err != nil {
		return err
	}
	<-c.ended
	return nil
}

// live reports whether the client has not ended the connection.
func (c *conn) live() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken == 0
}

// has gives the numbers of the messages that came whole.
func (c *conn) has() map[*item]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[*item]bool{}
	for _, a := range c.got {
		if a.whole {
			all[a.one] = true
		}
	}
	return all
}

// await waits until n more messages came, or a moment has passed.
func (c *conn) await(ctx context.Context, n int, moment time.Duration) {
	ctx, stop := context.WithTimeout(ctx, moment)
	defer stop()
	c.mu.Lock()
	want := len(c.got) + n
	c.mu.Unlock()
	for {
		c.mu.Lock()
		come, more := len(c.got) >= want, c.more
		c.mu.Unlock()
		if come {
			return
		}
		select {
		case <-more:
		case <-c.ended:
			return
		case <-ctx.Done():
			return
		}
	}
}
