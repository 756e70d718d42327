package asapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

func (d *door) submit(c echo.Context) error {
	caller := web.Caller(c)
	receipt, err := d.Desk.Submit(c.Request().Context(), caller, tasks.Submission{
		Fields:         d.Fields(c),
		IdempotencyKey: c.Request().Header.Get("Idempotency-Key"),
	})
	if err != nil {
		return err
	}
	web.Note(c, "task_id", receipt.Task.ID)
	web.SetActivity(c, receipt.Task.ID)
	if receipt.Replayed {
		c.Response().Header().Set("Idempotent-Replayed", "true")
	}
	return c.JSONBlob(http.StatusOK, append(d.appendReceipt(nil, c.Request(), caller, receipt), '\n'))
}

// appendReceipt appends the answer to a submission.
func (d *door) appendReceipt(b []byte, r *http.Request, caller tasks.Caller, receipt tasks.Receipt) []byte {
	t := &receipt.Task
	protocol, stream := t.Protocol, t.Stream
	if protocol == "" {
		protocol, stream = caller.Token.Protocol, caller.Token.Stream
	}
	b = append(b, `{"task_id":"`...)
	b = t.ID.Append(b)
	b = append(b, '"')
	b = web.AppendText(b, "retrieval_protocol", string(protocol))
	if protocol == tasks.ASChannel {
		b = web.AppendText(b, "stream", stream)
	} else {
		b = d.appendRetrieval(b, d.fetchBase(r), t.ID)
	}
	return append(b, `,"success":true}`...)
}

// fetchBase gives the URL that a result's id is appended to.
func (d *door) fetchBase(r *http.Request) string { return d.cfg.Store.Endpoint(r, fetchPath).String() }

func (d *door) appendRetrieval(b []byte, base string, id tasks.ID) []byte {
	return web.AppendText(b, "retrieval_endpoint", base+id.String()+"/")
}
