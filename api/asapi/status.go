package asapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

const notFoundMessage = "No task with this ID was found."

func (d *door) status(c echo.Context) error {
	form, err := d.Form(c)
	if err != nil {
		return err
	}
	asked, err := tasks.ParseIDs(form.All("task_ids"))
	wait, faults := waitOf(form.Get("wait"), tasks.FaultsOf(err))
	if len(faults) > 0 {
		return faults.Err()
	}
	ctx, stop := web.UntilClosing(c.Request().Context())
	defer stop()
	answers, err := d.Desk.Status(ctx, web.Caller(c), asked, wait)
	if err != nil && errors.Is(context.Cause(ctx), tasks.ErrShuttingDown) {
		return &tasks.Error{Code: tasks.CodeUnavailable, Message: "The server is shutting down; ask again.", Err: err}
	}
	if err != nil {
		return err
	}
	base := d.fetchBase(c.Request())
	return d.perID(c, answers, notFoundMessage, func(b []byte, t *tasks.Task) []byte { return d.appendStatus(b, base, t) })
}

// waitOf reads the seconds that a status request may wait.
func waitOf(s string, faults tasks.Faults) (time.Duration, tasks.Faults) {
	if s == "" {
		return 0, faults
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n >= 0) || n > tasks.MaxWait.Seconds() {
		return 0, append(faults, &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "wait", Message: "wait must be a number of seconds from 0 to 60.", Err: err})
	}
	return time.Duration(n * float64(time.Second)), faults
}

// perID answers one entry for each asked id in their order: 200 when one of them
// is a task of the caller, else 400. It is written by hand into one buffer,
// since ten thousand entries are an ordinary request.
func (d *door) perID(c echo.Context, answers []tasks.Answer, notFound string, appendFound func([]byte, *tasks.Task) []byte) error {
	b := make([]byte, 0, 64+len(answers)*512)
	b = append(b, '{')
	one := false
	var bad tasks.Faults
	for i := range answers {
		a := &answers[i]
		if a.Asked.Bad != nil {
			bad = append(bad, a.Asked.Bad)
			if reserved(a.Asked.Text) {
				continue
			}
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = web.AppendString(b, a.Asked.Text)
		b = append(b, ':', '{')
		switch {
		case a.Found:
			one = true
			b = appendFound(b, &a.Task)
		case a.Asked.Bad != nil:
			b = appendNot(b, a.Asked.Bad.Message)
		default:
			b = appendNot(b, notFound)
		}
		b = append(b, '}')
	}
	status := http.StatusOK
	if !one {
		status = http.StatusBadRequest
		b = web.AppendText(b, "error", web.OneLine(firstMessage(bad, notFound)))
		b = appendErrors(web.AppendMember(b, "errors"), bad)
	}
	b = web.AppendBool(b, "success", one)
	return c.JSONBlob(status, append(b, '}', '\n'))
}

// reserved are the names of the answer's own members, which an entry for a value
// that is no id may not take.
func reserved(text string) bool { return text == "success" || text == "error" || text == "errors" }

func appendNot(b []byte, message string) []byte {
	return web.AppendText(web.AppendBool(b, "success", false), "error", message)
}

func firstMessage(bad tasks.Faults, otherwise string) string {
	if len(bad) > 0 {
		return bad[0].Message
	}
	return otherwise
}

func appendErrors(b []byte, bad tasks.Faults) []byte {
	b = append(b, '{')
	for i, f := range bad {
		if i == 0 {
			b = append(web.AppendMember(b, "task_ids"), '[')
		} else {
			b = append(b, ',')
		}
		b = append(web.AppendString(append(b, '['), f.Message), ',')
		b = append(web.AppendString(b, string(f.Code)), ']')
	}
	if len(bad) > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}

// appendStatus appends the members of a found task's entry.
func (d *door) appendStatus(b []byte, base string, t *tasks.Task) []byte {
	b = web.AppendText(b, "status", t.State.Sentence())
	b = web.AppendText(b, "retrieval_protocol", string(t.Protocol))
	if t.Fetchable() {
		b = d.appendRetrieval(b, base, t.ID)
	}
	b = web.AppendBool(b, "result_retrieved", t.Retrieved)
	if !t.Subscription.IsZero() {
		b = web.AppendText(b, "subscription_id", t.Subscription.String())
	}
	if t.Expired {
		b = web.AppendBool(b, "result_expired", true)
	}
	b = web.AppendInt(b, "progress", int64(t.Progress))
	b = appendTimes(b, t)
	b = web.AppendInt(b, "attempts", int64(t.Tries))
	b = append(web.AppendMember(b, "items"), '{')
	b = web.AppendInt(b, "total", t.Items.Total)
	b = web.AppendInt(b, "succeeded", t.Items.Succeeded())
	b = web.AppendInt(b, "failed", t.Items.Failed)
	b = append(b, '}')
	if reason, until := t.Waits(); reason != "" {
		b = web.AppendText(b, "waits_for", reason)
		b = web.AppendTime(web.AppendMember(b, "waits_until"), until)
	}
	if t.State.Ended() && !t.State.Success() {
		b = web.AppendText(b, "error", tasks.Failed.Sentence())
		b = web.AppendText(b, "error_code", string(t.ErrorCode))
		b = web.AppendText(b, "error_detail", t.ErrorDetail)
	}
	return web.AppendBool(b, "success", t.State.Success())
}

func appendTimes(b []byte, t *tasks.Task) []byte {
	for _, m := range [...]struct {
		name string
		at   time.Time
	}{{"created_at", t.CreatedAt}, {"started_at", t.StartedAt}, {"completed_at", t.EndedAt}} {
		if !m.at.IsZero() {
			b = web.AppendTime(web.AppendMember(b, m.name), m.at)
		}
	}
	return b
}
