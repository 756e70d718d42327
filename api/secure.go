package api

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"asapi/api/tracker"
	"asapi/tasks"
)

// GRPC answers over gRPC, see NewGRPC.
type GRPC = tracker.Server

// Protocols that TLS decides between (ALPN).
const (
	protoHTTP1 = "http/1.1"
	protoHTTP2 = "h2"
)

// byProtocol makes the client's offer decide: who offers HTTP/1.1, as browsers,
// curl and HTTP libraries do beside HTTP/2, gets it, and so HTTP/2 never reaches
// the classic stream; who offers nothing but HTTP/2 speaks gRPC.
func byProtocol(base *tls.Config, grpc bool) *tls.Config {
	with := func(protocols ...string) *tls.Config {
		c := base.Clone()
		c.NextProtos = protocols
		return c
	}
	first, second, neither := with(protoHTTP1), with(protoHTTP2), with()
	chosen := base.Clone()
	chosen.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		switch {
		case slices.Contains(hello.SupportedProtos, protoHTTP1):
			return first, nil
		case grpc && slices.Contains(hello.SupportedProtos, protoHTTP2):
			return second, nil
		}
		return neither, nil
	}
	return chosen
}

// handover is the listener of the gRPC server where the HTTP server accepts: it
// gives the connections whose clients chose HTTP/2.
type handover struct {
	addr  net.Addr
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newHandover(addr net.Addr) *handover {
	return &handover{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
}

// take is called by the HTTP server on the connection's own goroutine, and closes
// the connection when it returns.
func (h *handover) take(_ *http.Server, c *tls.Conn, _ http.Handler) {
	conn := &handed{Conn: c, closed: make(chan struct{})}
	select {
	case h.conns <- conn:
		<-conn.closed
	case <-h.done:
	}
}

// Accept implements net.Listener.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handover) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

// Addr implements net.Listener.
func (h *handover) Addr() net.Addr { return h.addr }

// handed is a connection that tells when it is closed.
type handed struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

// Close implements net.Conn.
func (h *handed) Close() error {
	defer h.once.Do(func() { close(h.closed) })
	return h.Conn.Close()
}

// handOver gives the HTTP server's connections that speak HTTP/2 to the gRPC
// server. end ends that as GRPC.Shutdown does.
func handOver(srv *http.Server, addr net.Addr, grpc *GRPC) (end func(context.Context)) {
	h := newHandover(addr)
	srv.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){protoHTTP2: h.take}
	ended := make(chan struct{})
	go func() { // ends with Shutdown
		defer close(ended)
		_ = grpc.Serve(h) // the listener never fails
	}()
	return func(ctx context.Context) {
		grpc.Shutdown(ctx)
		<-ended
	}
}

// GRPCConfig is how gRPC without TLS is served.
type GRPCConfig struct {
	Listener net.Listener
	Server   *GRPC
	Grace    time.Duration // how long calls may go on once ctx ended; 0: 8 s
}

// ServeGRPC answers calls that come without TLS until ctx ends, and ends as Serve
// does.
func ServeGRPC(ctx context.Context, cfg GRPCConfig) error {
	if cfg.Grace == 0 {
		cfg.Grace = defaultGrace
	}
	served := make(chan error, 1)
	go func() { served <- cfg.Server.Serve(cfg.Listener) }() // ends with Shutdown
	select {
	case err := <-served:
		return &tasks.Error{Code: tasks.CodeUnavailable, Message: "The server cannot accept calls.", Err: err}
	case <-ctx.Done():
	}
	ending, stop := context.WithTimeout(context.WithoutCancel(ctx), cfg.Grace)
	defer stop()
	cfg.Server.Shutdown(ending)
	return <-served
}
