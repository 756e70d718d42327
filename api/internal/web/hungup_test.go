package web_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
)

func TestARequestWhoseClientHungUpIsNoFaultOfTheServer(t *testing.T) {
	var log strings.Builder
	s := &web.Shared{Log: slog.New(slog.NewTextHandler(&log, nil))}
	handle := func(ctx context.Context) int {
		e := echo.New()
		c := e.NewContext(httptest.NewRequestWithContext(ctx, http.MethodPost, "/results-consumed/", http.NoBody), httptest.NewRecorder())
		s.ErrorHandler(fmt.Errorf("a statement: %w", context.Canceled), c) //nolint:contextcheck // it is in c
		return c.Response().Status
	}
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	if got := handle(gone); got != 499 || log.Len() > 0 {
		t.Errorf("the client hung up: status %d, log %q", got, log.String())
	}
	if got := handle(t.Context()); got != 500 || log.Len() == 0 {
		t.Errorf("the client is there: status %d, log %q", got, log.String())
	}
}
