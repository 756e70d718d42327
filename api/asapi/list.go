package asapi

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// Bounds of a page of /list-tasks/.
const (
	defaultPage = 100
	maxPage     = 1000
)

// list pages through the caller's tasks, newest first.
func (d *door) list(c echo.Context) error {
	form, err := d.Form(c, "id", "state", "service", "action", "account", "since", "until", "page_size", "page_token")
	faults := tasks.FaultsOf(err)
	filter, bad := filterOf(form)
	if faults = append(faults, bad...); len(faults) > 0 {
		return faults.Err()
	}
	found, err := d.Desk.List(c.Request().Context(), web.Caller(c), filter)
	if err != nil {
		return err
	}
	b := append(make([]byte, 0, 64+len(found.Tasks)*512), `{"tasks":[`...)
	base := d.fetchBase(c.Request())
	for i := range found.Tasks {
		if i > 0 {
			b = append(b, ',')
		}
		t := &found.Tasks[i]
		b = web.AppendText(append(b, '{'), "task_id", t.ID.String())
		b = web.AppendText(b, "service", t.Service)
		b = web.AppendText(b, "action", t.Action)
		b = web.AppendText(b, "account", t.Account)
		b = web.AppendText(b, "state", t.State.String())
		b = append(d.appendStatus(b, base, t), '}')
	}
	b = append(b, `],"next_page_token":`...)
	next := ""
	if !found.Next.IsZero() {
		next = pageToken(found.Next)
	}
	b = web.AppendString(b, next)
	return c.JSONBlob(http.StatusOK, append(b, `,"success":true}`+"\n"...))
}

// filterOf reads the filter of a listing and gives all its faults.
func filterOf(form web.Form) (tasks.TaskFilter, tasks.Faults) {
	f := tasks.TaskFilter{Service: form.Get("service"), Actions: tasks.SplitList(form.All("action")), Account: form.Get("account"), Limit: defaultPage}
	var faults tasks.Faults
	for _, name := range tasks.SplitList(form.All("state")) {
		s, err := tasks.ParseState(name)
		faults = append(faults, tasks.FaultsOf(err)...)
		f.States = append(f.States, s)
	}
	if v := form.Get("id"); v != "" {
		var err error
		f.First, f.Last, err = tasks.ParseIDPrefix(v)
		faults = append(faults, tasks.FaultsOf(err)...)
	}
	for field, at := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		if v := form.Get(field); v != "" {
			var err error
			if *at, err = tasks.ParseDate(v); err != nil {
				faults = append(faults, &tasks.Error{Code: tasks.CodeInvalidParameter, Field: field, Message: field + " must be a date (2026-11-22) or a date-time (2026-11-22T10:00:00Z).", Err: err})
			}
		}
	}
	faults = append(faults, readPage(form, &f.Limit, &f.After)...)
	return f, faults
}

// pageToken tells where the next page begins; clients take it as it is.
func pageToken(id tasks.ID) string { return base64.RawURLEncoding.EncodeToString(id[:]) }
