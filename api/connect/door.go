// Package connect is the door through which users sign in on the pages of their
// providers: a client asks for the address to send its user to, and the provider sends
// the user back here. It decodes, makes one call and encodes; docs/providers/live.md
// tells how it is used.
package connect

import (
	"html"
	"net/http"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks/tracker"
)

// The paths of this door.
const (
	beginPath    = "/connect-provider/"
	callbackPath = "/connect/callback"
)

type door struct {
	*web.Shared
	public      *web.Base // nil: the host that a request came to
	connections *tracker.Connections
}

// Mount adds the door's routes.
func Mount(e *echo.Echo, shared *web.Shared, public *web.Base, c *tracker.Connections) {
	d := &door{shared, public, c}
	web.BothSlashes(func(path string) { e.POST(path, d.begin, d.Authenticated) }, beginPath)
	e.GET(callbackPath, d.callback)
}

// begin answers with the address to send the user to.
func (d *door) begin(c echo.Context) error {
	form, err := d.Form(c, "account", "provider")
	if err != nil {
		return err
	}
	redirect := d.public.Endpoint(c.Request(), callbackPath).String()
	address, err := d.connections.Begin(web.Caller(c), form.Get("account"), tracker.Provider(form.Get("provider")), redirect)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"authorize_url": address, "success": true})
}

// callback takes a user who comes back. What it is asked with is kept by no cache and
// told to nobody.
func (d *door) callback(c echo.Context) error {
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	p, err := d.connections.Finish(c.Request().Context(), tracker.Return{State: c.QueryParam("state"), Code: c.QueryParam("code"), Fault: c.QueryParam("error")})
	if err == nil {
		return c.HTML(http.StatusOK, page(tracker.Titles[p]+" is connected", "You can close this page."))
	}
	problem := web.ProblemOf(err)
	problem.SetHeaders(h)
	if problem.Status >= http.StatusInternalServerError {
		d.Log.ErrorContext(c.Request().Context(), "A user could not be signed in to a provider.", "request_id", web.RequestID(c), "provider", p, "error", err)
	}
	what := "The sign-in came to nothing"
	if title := tracker.Titles[p]; title != "" {
		what = title + " is not connected"
	}
	return c.HTML(problem.Status, page(what, problem.Message))
}

// page is what the user reads who comes back, on a provider's word: it has no links and
// runs nothing.
func page(what, text string) string {
	return `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>` +
		html.EscapeString(what) + "</title><h1>" + html.EscapeString(what) + "</h1><p>" + html.EscapeString(text) + "</p></html>\n"
}
