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
	form, err := d.Form(c)
	if err != nil {
		return err
	}
	enc, ok := encoders[formatOf(c.Request(), form.Get("format"))]
	if !ok {
		return &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "format", Message: "format must be classic, ndjson or sse."}
	}
	name := form.Get("stream")
	delivery, err := d.Desk.Stream(c.Request().Context(), web.Caller(c), name)
	if err != nil {
		return err
	}
	web.Note(c, "stream", name)
	w := c.Response()
	h := w.Header()
	h.Set(echo.HeaderContentType, enc.contentType())
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	ctx, stop := web.UntilClosing(c.Request().Context())
	defer stop()
	out := newSink(d.Shared, w, enc, peerOf(ctx), c.Request().Header.Get("Last-Event-ID"))
	defer out.close()
	if err = delivery.Run(ctx, out); err != nil && !w.Committed {
		for _, name := range []string{echo.HeaderContentType, "Cache-Control", "X-Accel-Buffering"} {
			h.Del(name)
		}
		return err
	}
	d.Log.DebugContext(ctx, "A stream ended.", "request_id", web.RequestID(c), "stream", name, "cause", err, "context", context.Cause(ctx))
	return nil
}

// formatOf lets an EventSource, which cannot ask otherwise, have events.
func formatOf(r *http.Request, field string) string {
	if field == "" && strings.HasPrefix(r.Header.Get("Accept"), "text/event-stream") {
		return "sse"
	}
	return field
}
