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
	answers := make([]chan lineAnswer, len(lines))
	for i := range answers {
		answers[i] = make(chan lineAnswer, 1)
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

// lineAnswer is what became of one line.
type lineAnswer struct {
	text []byte
	task tasks.ID // the zero ID: none was submitted
}

// flushLines is how many bytes of answers wait at most for one that is not
// known yet.
const flushLines = 32 << 10

// writeAnswers writes each answer once it is known. The head waits for the first
// task that it can name, but for no more than flushLines of failures before it.
func (d *door) writeAnswers(c echo.Context, answers []chan lineAnswer) error {
	w, done := c.Response(), c.Request().Context()
	w.Header().Set(echo.HeaderContentType, "application/x-ndjson")
	named := false
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
		if len(answer) == 0 && len(out) > 0 && (named || w.Committed) {
			if err := flush(); err != nil {
				return err
			}
		}
		select {
		case one := <-answer:
			if out = append(out, one.text...); !named && !w.Committed && !one.task.IsZero() {
				named = true
				web.SetActivity(c, one.task)
			}
		case <-done.Done():
			return context.Cause(done)
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
func (d *door) submitLine(ctx context.Context, c echo.Context, line []byte, i int64) lineAnswer {
	caller := web.Caller(c)
	s := tasks.Submission{Fields: lineFields(line)}
	if key := c.Request().Header.Get("Idempotency-Key"); key != "" {
		s.IdempotencyKey = fmt.Sprintf("%s#%d", key, i)
	}
	receipt, err := d.Desk.Submit(ctx, caller, s)
	if err == nil {
		return lineAnswer{append(d.appendReceipt(nil, c.Request(), caller, receipt), '\n'), receipt.Task.ID}
	}
	p := web.ProblemOf(err)
	if p.Status >= http.StatusInternalServerError && ctx.Err() == nil {
		d.Log.ErrorContext(ctx, "A line of a batch failed.", "request_id", web.RequestID(c), "line", i, "error", err)
	}
	b, err := json.Marshal(p)
	if err != nil { // strings always marshal
		b = []byte(`{"success":false,"error":"","errors":{}}`)
	}
	return lineAnswer{text: append(b, '\n')}
}

func lineFields(line []byte) iter.Seq2[tasks.Field, error] {
	return func(yield func(tasks.Field, error) bool) { web.JSONFields(line, yield) }
}
