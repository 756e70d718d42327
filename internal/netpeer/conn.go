package netpeer

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"

	"asapi/tasks"
)

// conn is a connection that is its own tasks.Peer.
type conn struct {
	net.Conn
	raw     syscall.RawConn // nil: the kernel cannot be asked
	written atomic.Int64

	closing sync.Once
	final   atomic.Pointer[view] // what was known when this side closed
}

// view is what the kernel knows of the peer.
type view struct {
	unacked int64
	status  tasks.PeerStatus
}

var (
	_ tasks.Peer    = (*conn)(nil)
	_ io.ReaderFrom = (*conn)(nil)
)

func wrap(c net.Conn) (*conn, error) {
	wrapped := &conn{Conn: c}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return wrapped, nil
	}
	var err error
	if wrapped.raw, err = tcp.SyscallConn(); err != nil {
		return nil, err
	}
	return wrapped, prepare(wrapped.raw)
}

// Unwrap gives the connection below, for socket options. Bytes written there are
// not counted.
func (c *conn) Unwrap() net.Conn { return c.Conn }

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// ReadFrom lets the kernel copy a file to the peer (sendfile), as
// net.TCPConn.ReadFrom does. The bytes are counted when it returns.
func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	if to, ok := c.Conn.(io.ReaderFrom); ok {
		n, err := to.ReadFrom(r)
		c.written.Add(n)
		return n, err
	}
	return io.Copy(struct{ io.Writer }{c}, r)
}

// CloseWrite lets net/http end a connection so that the peer still reads the
// last answer.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return net.ErrClosed
}

// Close implements net.Conn. The peer's state is looked at a last time: it can
// still be asked for afterwards.
func (c *conn) Close() error {
	c.closing.Do(func() {
		if v, err := c.look(); err == nil {
			c.final.Store(&v)
		}
	})
	return c.Conn.Close()
}

// Written implements tasks.Peer. Under TLS these are the encrypted bytes.
func (c *conn) Written() int64 { return c.written.Load() }

// Unacked implements tasks.Peer. After Close it gives what was unacknowledged
// when this side closed.
func (c *conn) Unacked() (int64, error) {
	v, err := c.view()
	return v.unacked, err
}

// Status implements tasks.Peer. Where the kernel cannot be asked the peer is
// taken for open: a read or a write will tell. Once this side has closed, a peer
// that was open then counts as reset, since nobody learns any more what it took.
func (c *conn) Status() tasks.PeerStatus {
	v, err := c.view()
	if err != nil {
		return tasks.PeerOpen
	}
	return v.status
}

func (c *conn) view() (view, error) {
	v, err := c.look()
	if err == nil {
		return v, nil
	}
	last := c.final.Load()
	if last == nil {
		return view{}, err
	}
	v = *last
	if v.status == tasks.PeerOpen {
		v.status = tasks.PeerReset
	}
	return v, nil
}

func (c *conn) look() (view, error) {
	if c.raw == nil {
		return view{}, tasks.ErrPeerUnknown
	}
	return ask(c.raw)
}
