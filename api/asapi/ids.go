package asapi

import (
	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// cancel ends waiting tasks at once and asks running ones to stop.
func (d *door) cancel(c echo.Context) error {
	asked, err := d.askedIDs(c)
	if err != nil {
		return err
	}
	answers, err := d.Desk.Cancel(c.Request().Context(), web.Caller(c), asked)
	if err != nil {
		return err
	}
	return d.perID(c, answers, notFoundMessage, func(b []byte, t *tasks.Task) []byte {
		b = web.AppendText(b, "status", t.State.Sentence())
		b = web.AppendBool(b, "cancelled", t.State == tasks.Cancelled)
		b = web.AppendBool(b, "cancel_requested", t.CancelAsked || t.State == tasks.Cancelled)
		return web.AppendBool(b, "success", true)
	})
}

// consumed takes the client's word that it has the results.
func (d *door) consumed(c echo.Context) error {
	asked, err := d.askedIDs(c)
	if err != nil {
		return err
	}
	answers, err := d.Desk.Consumed(c.Request().Context(), web.Caller(c), asked)
	if err != nil {
		return err
	}
	return d.perID(c, answers, "No ended task with this ID was found.", func(b []byte, _ *tasks.Task) []byte {
		return web.AppendBool(b, "success", true)
	})
}

func (d *door) askedIDs(c echo.Context) ([]tasks.AskedID, error) {
	form, err := d.Form(c)
	if err != nil {
		return nil, err
	}
	return tasks.ParseIDs(form.All("task_ids"))
}
