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
	return d.Endless(c, func(ctx context.Context, w http.ResponseWriter) error {
		out := d.begin(ctx, o, w)
		defer d.end(o, out)
		err := o.delivery.Run(ctx, out)
		d.streamEnded(ctx, o, err)
		return err
	})
}

// begin sets the header. It is no part of the function that calls it: that one's
// frame is on the stack of each of thousands of idle streams.
func (d *door) begin(ctx context.Context, o *opened, w http.ResponseWriter) *sink {
	h := w.Header()
	h.Set(echo.HeaderContentType, o.enc.contentType())
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	var t *trail
	if _, events := o.enc.(sse); events || o.last != "" {
		t = d.trails.begin(o.name, o.last)
	}
	return newSink(d.Shared, w, o.enc, peerOf(ctx), t)
}

func (d *door) end(o *opened, out *sink) {
	out.close()
	if out.trail != nil {
		d.trails.end(o.name, out.trail)
	}
}

func (d *door) streamEnded(ctx context.Context, o *opened, cause error) {
	d.Log.DebugContext(ctx, "A stream ended.", "request_id", o.request, "stream", o.name, "cause", cause, "context", context.Cause(ctx))
}

// opened is a stream that the caller may have, in the shape that it asked for.
type opened struct {
	name     string
	request  string // the id of the request
	last     string // the message that the client says it has
	enc      encoder
	delivery tasks.Delivery
}

func (d *door) openStream(c echo.Context) (*opened, error) {
	form, err := d.Form(c)
	if err != nil {
		return nil, err
	}
	enc, ok := encoders[formatOf(c.Request(), form.Get("format"))]
	if !ok {
		return nil, &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "format", Message: "format must be classic, ndjson or sse."}
	}
	o := &opened{name: form.Get("stream"), request: web.RequestID(c), last: c.Request().Header.Get("Last-Event-ID"), enc: enc}
	if o.delivery, err = d.Desk.Stream(c.Request().Context(), web.Caller(c), o.name); err != nil {
		return nil, err
	}
	web.Note(c, "stream", o.name)
	return o, nil
}

// formatOf lets an EventSource, which cannot ask otherwise, have events.
func formatOf(r *http.Request, field string) string {
	if field == "" && strings.HasPrefix(r.Header.Get("Accept"), "text/event-stream") {
		return "sse"
	}
	return field
}
