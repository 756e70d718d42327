package asapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// encoder is one shape of a stream.
type encoder interface {
	contentType() string
	// frame appends a message without its payload's bytes where split is
	// true: they and tail follow by themselves.
	frame(b []byte, m *tasks.Message) (head []byte, split bool)
	tail() string
	heartbeat() string
}

// encoders are the values of the format field.
var encoders = map[string]encoder{"": classic{}, "classic": classic{}, "ndjson": ndjson{}, "sse": sse{}}

// stream answers with the messages of a stream until the client goes away. The
// fields stand in the query or, as published clients send them, in the body of
// the GET.
func (d *door) stream(c echo.Context) error {
	o, err := d.openStream(c)
	if err != nil {
		return err
	}
	ctx, stop := web.UntilClosing(c.Request().Context())
	defer stop()
	out := newSink(d.Shared, c.Response(), o.enc, peerOf(ctx), c.Request().Header.Get("Last-Event-ID"))
	defer out.close()
	return d.streamed(c, o, o.delivery.Run(ctx, out))
}

// opened is a stream that the caller may have, in the shape that it asked for.
type opened struct {
	name     string
	enc      encoder
	delivery tasks.Delivery
}

// openStream, like streamed, stands by itself so that a stream's stack stays
// small while it runs: there are thousands of them.
func (d *door) openStream(c echo.Context) (*opened, error) {
	form, err := d.Form(c)
	if err != nil {
		return nil, err
	}
	enc, ok := encoders[formatOf(c.Request(), form.Get("format"))]
	if !ok {
		return nil, &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "format", Message: "format must be classic, ndjson or sse."}
	}
	o := &opened{name: form.Get("stream"), enc: enc}
	if o.delivery, err = d.Desk.Stream(c.Request().Context(), web.Caller(c), o.name); err != nil {
		return nil, err
	}
	web.Note(c, "stream", o.name)
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, enc.contentType())
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	return o, nil
}

// streamed tells how a stream ended: to the client where nothing was answered
// yet, otherwise to the log.
func (d *door) streamed(c echo.Context, o *opened, err error) error {
	if w := c.Response(); err != nil && !w.Committed {
		for _, name := range []string{echo.HeaderContentType, "Cache-Control", "X-Accel-Buffering"} {
			w.Header().Del(name)
		}
		return err
	}
	ctx := c.Request().Context()
	d.Log.DebugContext(ctx, "A stream ended.", "request_id", web.RequestID(c), "stream", o.name, "cause", err, "context", context.Cause(ctx))
	return nil
}

// formatOf lets an EventSource, which cannot ask otherwise, have events.
func formatOf(r *http.Request, field string) string {
	if field == "" && strings.HasPrefix(r.Header.Get("Accept"), "text/event-stream") {
		return "sse"
	}
	return field
}
