package console

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
)

// loadAnswer is the answer of GET /console/load.
type loadAnswer struct {
	Client    string   `json:"client"`
	Scope     string   `json:"scope"` // client, or system for an admin token
	Open      int64    `json:"open_tasks"`
	Lag       float64  `json:"lag_seconds"` // of the oldest due task, now
	Minutes   []minute `json:"minutes"`     // oldest first
	Succeeded bool     `json:"success"`
}

type minute struct {
	At        time.Time `json:"at"`
	Submitted int64     `json:"submitted"`
	Succeeded int64     `json:"succeeded"`
	Failed    int64     `json:"failed"`
	Cancelled int64     `json:"cancelled"`
	Lag       float64   `json:"lag_seconds"`
}

// load tells the last hour: of the token's client, of all for an admin token.
func (d *door) load(c echo.Context) error {
	caller := web.Caller(c)
	found, err := d.Desk.Load(c.Request().Context(), caller)
	if err != nil {
		return err
	}
	out := loadAnswer{
		Client: caller.Client.Name, Scope: "client", Open: found.Open, Lag: found.Lag.Seconds(),
		Minutes: make([]minute, 0, len(found.Minutes)), Succeeded: true,
	}
	if caller.Token.Admin {
		out.Scope = "system"
	}
	for _, m := range found.Minutes {
		out.Minutes = append(out.Minutes, minute{m.At, m.Submitted, m.Succeeded, m.Failed, m.Cancelled, m.Lag.Seconds()})
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusOK, out)
}
