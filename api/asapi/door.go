// Package asapi is the asapi door: discovery, accounts, submitting, polling,
// streams and downloads, in the dialect that README.md describes. It decodes,
// makes one call to the Desk and encodes; no rule lives here.
package asapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
)

// Config is what the door works with.
type Config struct {
	Shared *web.Shared
	// Public, Stream and Store are the public base URLs; Stream and Store
	// default to Public, and Public to the host that a request came to.
	Public, Stream, Store *web.Base
}

// The paths that discovery and answers name.
const (
	submitPath = "/submit-task/"
	streamPath = "/stream/"
	fetchPath  = "/fetch/"
)

type door struct {
	*web.Shared
	cfg    Config
	trails *trails
}

// Mount adds the door's routes. Each works with and without its trailing slash.
func Mount(e *echo.Echo, cfg Config) {
	if cfg.Stream == nil {
		cfg.Stream = cfg.Public
	}
	if cfg.Store == nil {
		cfg.Store = cfg.Public
	}
	d := &door{Shared: cfg.Shared, cfg: cfg, trails: newTrails()}
	route := func(path string, h echo.HandlerFunc, methods ...string) {
		web.BothSlashes(func(p string) {
			for _, m := range methods {
				e.Add(m, p, h, cfg.Shared.Authenticated)
			}
		}, path)
	}
	route("/account", d.account, http.MethodGet)
	route("/register-account", d.register, http.MethodPost)
	route("/deregister-account", d.deregister, http.MethodPost)
	route("/subscribe-account", d.subscribe, http.MethodPost)
	route("/unsubscribe-account", d.unsubscribe, http.MethodPost)
	route("/list-subscriptions", d.subscriptions, http.MethodGet, http.MethodPost)
	route("/submit-task", d.submit, http.MethodPost)
	route("/submit-tasks", d.submitBatch, http.MethodPost)
	route("/task-status", d.status, http.MethodPost)
	route("/list-tasks", d.list, http.MethodGet, http.MethodPost)
	route("/cancel-task", d.cancel, http.MethodPost)
	route("/results-consumed", d.consumed, http.MethodPost)
	route("/stream", d.stream, http.MethodGet)
	route("/fetch/:id", d.fetch, http.MethodGet, http.MethodHead)
	route("/fetch/asstore/:id", d.fetch, http.MethodGet, http.MethodHead)
}

// success answers {"success": true}.
func success(c echo.Context) error {
	return c.JSONBlob(http.StatusOK, []byte(`{"success":true}`+"\n"))
}
