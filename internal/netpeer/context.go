package netpeer

import (
	"context"
	"net"

	"asapi/tasks"
)

type key struct{}

// ConnContext keeps a connection for From; it is an http.Server's ConnContext.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, key{}, c)
}

// From gives the peer of the connection that a request came on, and the
// connection as the HTTP server has it (a *tls.Conn under TLS). It is false when
// the server does not use ConnContext and a listener of this package.
func From(ctx context.Context) (tasks.Peer, net.Conn, bool) {
	outer, ok := ctx.Value(key{}).(net.Conn)
	if !ok {
		return nil, nil, false
	}
	inner := outer
	for {
		if p, ok := inner.(*conn); ok {
			return p, outer, true
		}
		wrapper, ok := inner.(interface{ NetConn() net.Conn })
		if !ok {
			return nil, nil, false
		}
		inner = wrapper.NetConn()
	}
}
