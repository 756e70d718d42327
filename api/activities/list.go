package activities

import (
	"encoding/xml"
	"net/http"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// container holds every answer of this door.
type container struct {
	XMLName  xml.Name   `json:"-" xml:"MediaContainer"`
	Size     int        `json:"size" xml:"size,attr"`
	Total    int64      `json:"totalSize" xml:"totalSize,attr"`
	Activity []activity `json:"Activity"`
}

// list answers with what runs, what waits and what ended lately.
func (d *door) list(c echo.Context) error {
	found, total, err := d.Desk.Activities(c.Request().Context(), web.Caller(c))
	if err != nil {
		return err
	}
	out := container{Size: len(found), Total: total, Activity: make([]activity, len(found))}
	for i := range found {
		out.Activity[i] = activityOf(found[i])
	}
	return answer(c, out)
}

// identity is what clients ask a server for before anything else.
type identity struct {
	XMLName           xml.Name `json:"-" xml:"MediaContainer"`
	Size              int      `json:"size" xml:"size,attr"`
	FriendlyName      string   `json:"friendlyName" xml:"friendlyName,attr"`
	MachineIdentifier string   `json:"machineIdentifier" xml:"machineIdentifier,attr"`
	Version           string   `json:"version" xml:"version,attr"`
}

// version is that of the dialect. Clients read numbers with dots.
const version = "1.0.0"

// root answers who this server is.
func (d *door) root(c echo.Context) error {
	return answer(c, identity{FriendlyName: "asapi", MachineIdentifier: d.Desk.Identity(), Version: version})
}

// answer encodes as JSON where the client names it, else as XML, which is the
// default of that API.
func answer(c echo.Context, v any) error {
	if accepts(c.Request(), echo.MIMEApplicationJSON) {
		return c.JSON(http.StatusOK, map[string]any{"MediaContainer": v})
	}
	b, err := xml.Marshal(v)
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, "text/xml; charset=utf-8", append([]byte(xml.Header), b...))
}

// cancel cancels one activity. Success is exactly 200: clients refuse others.
func (d *door) cancel(c echo.Context) error {
	id, err := tasks.ParseID(c.Param("uuid"))
	if err != nil {
		return tasks.ErrNoActivity
	}
	web.Note(c, "task_id", id)
	if err := d.Desk.CancelActivity(c.Request().Context(), web.Caller(c), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusOK)
}
