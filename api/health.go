package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
)

// readyTime is how long the dependencies have to answer.
const readyTime = 3 * time.Second

// readiness is the answer of /readyz. It says which dependency is down, never
// why: that is for the log.
type readiness struct {
	Success      bool              `json:"success"`
	Error        string            `json:"error,omitempty"`
	Dependencies map[string]string `json:"dependencies"`
}

// mountHealth adds /healthz (the process answers), /readyz (its dependencies do,
// too) and /metrics.
func mountHealth(e *echo.Echo, cfg Config) {
	get := func(path string, h echo.HandlerFunc) {
		web.BothSlashes(func(p string) { e.Match([]string{http.MethodGet, http.MethodHead}, p, h) }, path)
	}
	get("/healthz", func(c echo.Context) error { return c.JSON(http.StatusOK, map[string]bool{"success": true}) })
	get("/readyz", func(c echo.Context) error {
		ctx, stop := context.WithTimeout(c.Request().Context(), readyTime)
		defer stop()
		answer := readiness{Success: true, Dependencies: map[string]string{}}
		status := http.StatusOK
		if cfg.Ready != nil {
			for name, err := range cfg.Ready(ctx) {
				answer.Dependencies[name] = "up"
				if err != nil {
					cfg.Log.WarnContext(ctx, "A dependency is down.", "dependency", name, "error", err)
					answer.Dependencies[name] = "down"
					answer.Success, answer.Error, status = false, "A dependency is down.", http.StatusServiceUnavailable
				}
			}
		}
		return c.JSON(status, answer)
	})
	if cfg.Metrics != nil {
		get("/metrics", echo.WrapHandler(cfg.Metrics))
	}
}
