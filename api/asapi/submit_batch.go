package asapi

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// Bounds of POST /submit-tasks/.
const (
	maxBatch     = 10000 // lines
	batchWorkers = 64    // submissions at once, so that they share commits
)

// submitBatch submits newline-delimited JSON objects. It answers one line for
// each, in their order, as soon as it is known; a bad line fails alone. With an
// Idempotency-Key each line gets a key of its own, made from it and the line's
// number.
func (d *door) submitBatch(c echo.Context) error {
	lines, err := d.Lines(c, maxBatch)
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		return &tasks.Error{Code: tasks.CodeInvalid, Message: "The body holds no line."}
	}
	ctx, stop := context.WithCancel(c.Request().Context())
	answers := make([]chan []byte, len(lines))
	for i := range answers {
		answers[i] = make(chan []byte, 1)
	}
	var next atomic.Int64
	var working sync.WaitGroup
	defer working.Wait()
	defer stop()
	for range min(batchWorkers, len(lines)) {
		working.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(lines)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				answers[i] <- d.submitLine(ctx, c, lines[i], i)
			}
		})
	}
	return d.writeAnswers(c, answers)
}

// flushLines is how many bytes of answers wait at most for one that is not
// known yet.
const flushLines = 32 << 10

func (d *door) writeAnswers(c echo.Context, answers []chan []byte) error {
	w := c.Response()
	w.Header().Set(echo.HeaderContentType, "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	var out []byte
	flush := func() error {
		d.SetWriteDeadline(w)
		if _, err := w.Write(out); err != nil {
			return err
		}
		out = out[:0]
		return http.NewResponseController(w).Flush()
	}
	for _, answer := range answers {
		select {
		case line := <-answer:
			out = append(out, line...)
		default:
			if len(out) > 0 {
				if err := flush(); err != nil {
					return err
				}
			}
			select {
			case line := <-answer:
				out = append(out, line...)
			case <-c.Request().Context().Done():
				return context.Cause(c.Request().Context())
			}
		}
		if len(out) >= flushLines {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// submitLine submits one line and gives its answer, whatever becomes of it.
func (d *door) submitLine(ctx context.Context, c echo.Context, line []byte, i int64) []byte {
	caller := web.Caller(c)
	s := tasks.Submission{Fields: lineFields(line)}
	if key := c.Request().Header.Get("Idempotency-Key"); key != "" {
		s.IdempotencyKey = fmt.Sprintf("%s#%d", key, i)
	}
	receipt, err := d.Desk.Submit(ctx, caller, s)
	if err == nil {
		return append(d.appendReceipt(nil, c.Request(), caller, receipt), '\n')
	}
	p := web.ProblemOf(err)
	if p.Status >= http.StatusInternalServerError && ctx.Err() == nil {
		d.Log.ErrorContext(ctx, "A line of a batch failed.", "request_id", web.RequestID(c), "line", i, "error", err)
	}
	b, err := json.Marshal(p)
	if err != nil { // strings always marshal
		b = []byte(`{"success":false,"error":"","errors":{}}`)
	}
	return append(b, '\n')
}

func lineFields(line []byte) iter.Seq2[tasks.Field, error] {
	return func(yield func(tasks.Field, error) bool) { web.JSONFields(line, yield) }
}
