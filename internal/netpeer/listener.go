package netpeer

import (
	"context"
	"errors"
	"net"
	"time"

	"asapi/tasks"
)

// VanishedAfter is for how long sent bytes may stay unacknowledged, or a peer may
// refuse to take more, until the kernel ends the connection as reset
// (TCP_USER_TIMEOUT, Linux only). It finds hosts that vanished without a word.
const VanishedAfter = 30 * time.Second

// Listen listens on a TCP address whose connections are peers.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, &tasks.Error{Code: tasks.CodeUnavailable, Message: "The server cannot listen on " + addr + ".", Err: err}
	}
	return Wrap(l), nil
}

// Wrap makes the connections of l peers. For TLS, wrap first and put the
// tls.Listener around the result.
func Wrap(l net.Listener) net.Listener { return listener{l} }

type listener struct{ net.Listener }

// Accept takes no notice of a connection that ended before it was accepted.
func (l listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		wrapped, err := wrap(c)
		if err == nil {
			return wrapped, nil
		}
		if closeErr := c.Close(); closeErr != nil && !errors.Is(closeErr, net.ErrClosed) {
			return nil, errors.Join(err, closeErr)
		}
	}
}
