package activities

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// typeEvents is the media type of Server-Sent Events.
const typeEvents = "text/event-stream"

// events answers with Server-Sent Events until the client goes away.
func (d *door) events(c echo.Context) error {
	r := c.Request()
	watch, err := d.Desk.Watch(context.WithoutCancel(r.Context()), web.Caller(c), r.Header.Get("Last-Event-ID"))
	if err != nil {
		return err
	}
	l, _, err := takeOver(c.Response())
	if err != nil {
		watch.Close()
		return err
	}
	mute := !wantsActivities(r.URL.Query())
	first := headOf(c.Response().Header(), eventsType(r))
	if place := watch.Place(); place != "" {
		// Who is told nothing before the connection breaks can come back, too.
		first = append(append(append(first, "id: "...), place...), '\n')
		first = append(first, events.ping...)
	}
	if _, err := l.Write(first); err != nil {
		watch.Close()
		_ = l.Close() // net/http does not do it any more
		return nil    //nolint:nilerr // the client is gone, nobody can be told
	}
	log, id := d.Log, web.RequestID(c)
	web.Outlive(r.Context(), func(ctx context.Context) {
		defer watch.Close()
		defer func() { _ = l.Close() }() // it may be closed already
		stop := context.AfterFunc(ctx, func() { watch.End(context.Cause(ctx)) })
		defer stop()
		go l.drain(watch) // ends when the connection is closed, above
		err := l.send(d, events, watch, mute)
		log.DebugContext(ctx, "A watcher ended.", "request_id", id, "cause", err)
	})
	return nil
}

// drain reads until the client goes away; it has nothing to say.
func (l *line) drain(w *tasks.Watch) {
	b := make([]byte, 64)
	for {
		if _, err := l.Read(b); err != nil {
			w.End(err)
			return
		}
	}
}

// headOf is the head of an answer that ends with its connection: bytes without
// chunks are the same for every watcher.
func headOf(h http.Header, contentType string) []byte {
	h = h.Clone()
	h.Set(echo.HeaderContentType, contentType)
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat)) // as net/http does
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	h.Set("Connection", "close")
	return web.Head(http.StatusOK, h)
}

// eventsType is the type of the answer. One generated client refuses the right one
// and asks for bytes.
func eventsType(r *http.Request) string {
	if accepts(r, echo.MIMEOctetStream) && !accepts(r, typeEvents) {
		return echo.MIMEOctetStream
	}
	return typeEvents
}
