package web

import (
	"github.com/labstack/echo/v4"

	"asapi/tasks"
)

// ActivityHeader names the activity that a request has started.
const ActivityHeader = "X-Plex-Activity"

// SetActivity names, in ActivityHeader, the activity that a request has started: for
// many, the first. Every door sets it on the answer of every request
// that starts a task.
func SetActivity(c echo.Context, id tasks.ID) {
	c.Response().Header().Set(ActivityHeader, id.String())
}
