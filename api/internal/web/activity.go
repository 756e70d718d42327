package web

import (
	"github.com/labstack/echo/v4"

	"asapi/tasks"
)

// SetActivity names, in the header X-Plex-Activity, the activity that a request has
// started: for many, the first. Every door sets it on the answer of every request
// that starts a task.
func SetActivity(c echo.Context, id tasks.ID) {
	c.Response().Header().Set("X-Plex-Activity", id.String())
}
