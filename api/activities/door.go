// Package activities is the door for clients that watch and cancel work as Plex
// clients do: the list, cancelling, Server-Sent Events and WebSocket, in the
// dialect that README.md describes. It decodes, makes one call to the Desk and
// encodes; no rule lives here.
package activities

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
)

type door struct{ *web.Shared }

// Mount adds the door's routes. Each works with and without its trailing slash.
func Mount(e *echo.Echo, shared *web.Shared) {
	d := &door{shared}
	route := func(method, path string, h echo.HandlerFunc) {
		web.BothSlashes(func(p string) { e.Add(method, p, h, d.faults, shared.AuthenticatedBy(secretOf)) }, path)
	}
	// only is a path that takes one method; the others are refused in this door's shape.
	only := func(method, path string, h echo.HandlerFunc) {
		route(method, path, h)
		for _, other := range methods {
			if other != method {
				web.BothSlashes(func(p string) { e.Add(other, p, refused(method), d.faults) }, path)
			}
		}
	}
	route(http.MethodGet, "/", d.root)
	only(http.MethodGet, "/activities", d.list)
	only(http.MethodDelete, "/activities/:uuid", d.cancel)
	// The colon in these paths is one; to Echo it would begin a parameter. Some
	// clients escape it, as RFC 3986 section 3.3 lets them.
	for _, colon := range []string{"\\:", "%3A", "%3a"} {
		only(http.MethodGet, "/"+colon+"/eventsource/notifications", d.events)
		only(http.MethodGet, "/"+colon+"/websockets/notifications", d.socket)
		only(http.MethodGet, "/"+colon+"/websocket/notifications", d.socket)
		e.RouteNotFound("/"+colon, nothing, d.faults)
		e.RouteNotFound("/"+colon+"/*", nothing, d.faults)
	}
}

// nothing answers the paths below /:/ that this door does not have: only its clients
// ask for such.
func nothing(echo.Context) error { return echo.ErrNotFound }

// methods are those that clients may try.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// refused answers a method that a path does not take, which takes one, and those who
// ask which.
func refused(takes string) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderAllow, http.MethodOptions+", "+takes)
		if c.Request().Method == http.MethodOptions {
			return c.NoContent(http.StatusNoContent)
		}
		return echo.ErrMethodNotAllowed
	}
}

// tokenName is both the header and the field of the query that hold the token.
const tokenName = "X-Plex-Token" //nolint:gosec // a name, no token

// secretOf finds the token where these clients bring it, or where all others do.
func secretOf(r *http.Request) string {
	for _, s := range []string{r.Header.Get(tokenName), web.SecretOf(r)} {
		if s != "" {
			return s
		}
	}
	return r.URL.Query().Get(tokenName)
}
