package web

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"
)

// errHungUp ends an endless answer whose client closed the connection.
var errHungUp = errors.New("the client closed the connection")

// linger is how long a connection that was ended in order waits for its client to
// close too: a connection that is closed at once may throw away what the client
// has not read yet.
const linger = 500 * time.Millisecond

// Endless answers with what run writes until it returns; its context ends when
// the client hangs up or the server closes. An error of run is answered when
// nothing was written; otherwise the answer ends there.
//
// With the first byte the connection is taken from the HTTP server, so that it
// costs neither the server's buffers nor the stack of all that led here: there
// are thousands of such answers at a time, and they are idle. run goes on in a
// goroutine of its own; it must not use c.
func (s *Shared) Endless(c echo.Context, run func(ctx context.Context, w http.ResponseWriter) error) error {
	request := c.Request()
	if _, ok := c.Response().Writer.(http.Hijacker); !ok || request.Context().Value(openKey{}) == nil {
		return s.inPlace(c, run)
	}
	a := &answer{
		shared: s, header: c.Response().Header().Clone(), chunked: request.ProtoAtLeast(1, 1),
		wanted: make(chan struct{}), taken: make(chan error), ended: make(chan error, 1), gone: make(chan struct{}),
	}
	early, hangUp := context.WithCancel(context.Background())
	unwatch := context.AfterFunc(request.Context(), hangUp)
	defer unwatch()
	Outlive(request.Context(), func(ctx context.Context) { a.run(ctx, early, run) })
	select {
	case err := <-a.ended: // without a byte
		return err
	case <-a.wanted:
	}
	unwatch() // the request's context ends with this call, the answer does not
	conn, _, err := c.Response().Hijack()
	if err != nil {
		a.taken <- err
		return <-a.ended
	}
	a.conn, a.log = conn, s.logLater(c)
	a.taken <- nil
	return nil
}

// inPlace answers where the connection cannot be taken over.
func (s *Shared) inPlace(c echo.Context, run func(ctx context.Context, w http.ResponseWriter) error) error {
	ctx, stop := UntilClosing(c.Request().Context())
	defer stop()
	w := c.Response()
	before := maps.Clone(w.Header())
	err := run(ctx, w)
	if w.Committed {
		return nil
	}
	clear(w.Header())
	maps.Copy(w.Header(), before)
	return err
}

// run calls run and ends the connection. early ends when the client hangs up
// before it is answered.
func (a *answer) run(ctx, early context.Context, run func(ctx context.Context, w http.ResponseWriter) error) {
	ctx, a.cancel = context.WithCancelCause(ctx)
	defer a.cancel(nil)
	unwatch := context.AfterFunc(early, func() { a.cancel(errHungUp) })
	defer unwatch()
	began := time.Now()
	a.end(a.recovered(ctx, run), began)
}

// end ends the connection, or gives err to the handler where nothing was written.
func (a *answer) end(err error, began time.Time) {
	if a.conn == nil {
		a.ended <- err
		return
	}
	if !a.broken {
		a.finish()
	}
	_ = a.conn.Close() // nothing more can be done for it
	a.log(a.size, time.Since(began))
}

func (a *answer) recovered(ctx context.Context, run func(ctx context.Context, w http.ResponseWriter) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			a.shared.Log.ErrorContext(ctx, "An endless answer panicked.", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			a.broken, err = true, fmt.Errorf("panic: %v", v)
		}
	}()
	return run(ctx, a)
}

// finish ends the answer in order.
func (a *answer) finish() {
	_ = a.conn.SetWriteDeadline(time.Now().Add(linger))
	if err := a.Flush(); err != nil {
		return
	}
	if a.chunked {
		if _, err := a.conn.Write([]byte("0\r\n\r\n")); err != nil {
			return
		}
	}
	if half, ok := a.conn.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		return
	}
	waited := time.NewTimer(linger)
	defer waited.Stop()
	select {
	case <-a.gone:
	case <-waited.C:
	}
}

// watch reads until the client hangs up; what it sends meanwhile is none of an
// answer's business.
func (a *answer) watch(conn net.Conn) {
	b := make([]byte, 64)
	for {
		if _, err := conn.Read(b); err != nil {
			break
		}
	}
	close(a.gone)
	a.cancel(errHungUp)
}
