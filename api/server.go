package api

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"asapi/api/internal/web"
	"asapi/internal/netpeer"
	"asapi/tasks"
)

// ServerConfig is how the handler is served.
type ServerConfig struct {
	Addr string // host:port; not needed with a Listener
	// Listener is used where it is given; it must come from netpeer, else
	// nobody knows what a peer acknowledged.
	Listener net.Listener
	Handler  http.Handler
	// TLS makes every connection one of TLS; nil: none is. It must not name
	// protocols: what the client offers decides.
	TLS *tls.Config
	// GRPC answers the clients that offer HTTP/2 and nothing else, under TLS;
	// nil: there is no such answer.
	GRPC *GRPC
	Log  *slog.Logger // nil: slog.Default()
	// Grace is how long requests may go on once ctx ended; 0: 8 s.
	Grace time.Duration
	// Listening is called with the address once connections are accepted;
	// nil: nobody asks.
	Listening func(net.Addr)
}

// Times of a connection. Bodies and answers have deadlines of their own.
const (
	readHeaderTime = 10 * time.Second
	idleTime       = 2 * time.Minute
	maxHeaderBytes = 64 << 10
	defaultGrace   = 8 * time.Second
)

// Serve answers requests until ctx ends. Then it takes no more, ends the open
// streams, lets other requests finish within the grace time, and returns nil. It
// fails where it cannot listen.
func Serve(ctx context.Context, cfg ServerConfig) error {
	if cfg.Grace == 0 {
		cfg.Grace = defaultGrace
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	l := cfg.Listener
	if l == nil {
		var err error
		if l, err = netpeer.Listen(ctx, cfg.Addr); err != nil {
			return err
		}
	}
	if cfg.Listening != nil {
		cfg.Listening(l.Addr())
	}
	base := context.WithoutCancel(ctx)
	closing, beginClosing := context.WithCancelCause(base)
	defer beginClosing(nil)
	open := web.NewOpen(closing)
	var plain http.Protocols
	plain.SetHTTP1(true) // the classic stream knows no HTTP/2
	srv := &http.Server{
		Handler: cfg.Handler, ReadHeaderTimeout: readHeaderTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeaderBytes,
		BaseContext: func(net.Listener) context.Context { return web.WithOpen(base, open) },
		ConnContext: netpeer.ConnContext, Protocols: &plain,
		ErrorLog: slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug),
	}
	endCalls := func(context.Context) {}
	if cfg.TLS != nil {
		l = tls.NewListener(l, byProtocol(cfg.TLS, cfg.GRPC != nil))
		if cfg.GRPC != nil {
			endCalls = handOver(srv, l.Addr(), cfg.GRPC)
		}
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }() // ends with Shutdown or Close
	select {
	case err := <-served:
		return &tasks.Error{Code: tasks.CodeUnavailable, Message: "The server cannot accept connections.", Err: err}
	case <-ctx.Done():
	}
	beginClosing(tasks.ErrShuttingDown)
	ending, stop := context.WithTimeout(base, cfg.Grace)
	defer stop()
	var calls sync.WaitGroup
	calls.Go(func() { endCalls(ending) })
	err := srv.Shutdown(ending)
	calls.Wait()
	if errors.Is(err, context.DeadlineExceeded) {
		cfg.Log.WarnContext(ctx, "Some requests did not finish in time and were cut off.")
		err = srv.Close()
	}
	open.Wait(ending)
	if serveErr := <-served; err == nil && !errors.Is(serveErr, http.ErrServerClosed) {
		err = serveErr
	}
	return err
}
