package activities

import (
	"context"
	"errors"
	"io"

	"github.com/coder/websocket"
	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// socket answers a WebSocket handshake; what is none gets Server-Sent Events, as
// one generated client expects.
func (d *door) socket(c echo.Context) error {
	r := c.Request()
	if !lists(r, "Upgrade", "websocket") {
		return d.events(c)
	}
	watch, err := d.Desk.Watch(context.WithoutCancel(r.Context()), web.Caller(c), r.Header.Get("Last-Event-ID"))
	if err != nil {
		return err
	}
	w := &taken{ResponseWriter: c.Response()}
	// Any origin: nothing here trusts a cookie, and a token is in the request.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		watch.Close()
		d.Log.DebugContext(r.Context(), "A handshake failed.", "request_id", web.RequestID(c), "error", err)
		return nil // Accept has answered
	}
	conn.SetReadLimit(-1) // what comes is dropped, whatever its size
	mute := !wantsActivities(r.URL.Query())
	l, log, id := w.line, d.Log, web.RequestID(c)
	web.Outlive(r.Context(), func(ctx context.Context) {
		defer watch.Close()
		defer func() { _ = conn.CloseNow() }() // it may be closed already
		stop := context.AfterFunc(ctx, func() { watch.End(context.Cause(ctx)) })
		defer stop()
		go listen(context.WithoutCancel(ctx), conn, watch) // ends when the connection is closed, above
		err := l.send(d, frames, watch, mute)
		if frame := farewell(err); frame != nil {
			_, _ = l.Write(frame) // the watcher may be gone
		}
		log.DebugContext(ctx, "A watcher ended.", "request_id", id, "cause", err)
	})
	return nil
}

// listen drops what the client sends, answers its pings and its closing, and ends
// the watcher with the connection.
func listen(ctx context.Context, conn *websocket.Conn, w *tasks.Watch) {
	for {
		_, r, err := conn.Reader(ctx)
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if err != nil {
			w.End(err)
			return
		}
	}
}

// farewell is the frame that tells a watcher why it is ended; nil where the
// connection itself ended.
func farewell(err error) []byte {
	switch {
	case errors.Is(err, tasks.ErrShuttingDown):
		return closeFrame(int(websocket.StatusGoingAway), "The server is shutting down.")
	case errors.Is(err, tasks.ErrTokenEnded):
		return closeFrame(int(websocket.StatusPolicyViolation), tasks.ErrTokenEnded.Message)
	case errors.Is(err, tasks.ErrTooSlow):
		return closeFrame(int(websocket.StatusTryAgainLater), tasks.ErrTooSlow.Message)
	}
	return nil
}
