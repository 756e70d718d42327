package googleapi_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"asapi/api/internal/googleapi"
	"asapi/api/internal/web"
	"asapi/tasks"
)

// serve answers one request of a door whose handler is h.
func serve(h echo.HandlerFunc, r *http.Request) *httptest.ResponseRecorder {
	d := googleapi.Dialect{
		Shared: &web.Shared{Log: slog.New(slog.DiscardHandler), Limits: web.Limits{}.WithDefaults()},
		Domain: "example.com",
		Reason: func(e *tasks.Error) string {
			if e.Field == "imei" {
				return "INVALID_IMEI"
			}
			return ""
		},
	}
	e := echo.New()
	e.HTTPErrorHandler = d.Shared.ErrorHandler
	e.POST("/x", h, googleapi.Packed(), d.Faults)
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, r)
	return rec
}

func request(t *testing.T, target, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	return r
}

func TestAFailureIsToldInTheShapeOfGooglesAPIs(t *testing.T) {
	info := func(reason string, metadata map[string]any) map[string]any {
		return map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "example.com", "metadata": metadata}
	}
	for name, c := range map[string]struct {
		err    error
		code   float64
		status string
		want   []any
	}{
		"a field": {
			&tasks.Error{Code: tasks.CodeInvalid, Field: "imei", Message: "No.", Err: io.EOF}, 400, "INVALID_ARGUMENT",
			[]any{info("INVALID_IMEI", map[string]any{"field": "imei"}), map[string]any{
				"@type":           "type.googleapis.com/google.rpc.BadRequest",
				"fieldViolations": []any{map[string]any{"field": "imei", "description": "No.", "reason": "INVALID_IMEI"}},
			}},
		},
		"not permitted": {&tasks.Error{Code: tasks.CodeNotPermitted, Message: "No."}, 403, "PERMISSION_DENIED", []any{info("NOT_PERMITTED", map[string]any{})}},
		"twice":         {&tasks.Error{Code: tasks.CodeUnique, Message: "No."}, 409, "ALREADY_EXISTS", []any{info("UNIQUE_TOGETHER", map[string]any{})}},
		"our own":       {io.ErrUnexpectedEOF, 500, "INTERNAL", []any{info("INTERNAL", map[string]any{})}},
		"method":        {echo.ErrMethodNotAllowed, 404, "NOT_FOUND", []any{info("METHOD_NOT_ALLOWED", map[string]any{})}},
		"too often":     {&tasks.Error{Code: tasks.CodeRateLimited, Message: "No.", RetryAfter: 1500 * time.Millisecond}, 429, "RESOURCE_EXHAUSTED", []any{info("RATE_LIMITED", map[string]any{})}},
		"down":          {&tasks.Error{Code: tasks.CodeUnavailable, Message: "No."}, 503, "UNAVAILABLE", []any{info("UNAVAILABLE", map[string]any{})}},
	} {
		t.Run(name, func(t *testing.T) {
			rec := serve(func(echo.Context) error { return c.err }, request(t, "/x", ""))
			var got struct{ Error map[string]any }
			if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if got.Error["code"] != c.code || got.Error["status"] != c.status || rec.Code != int(c.code) || got.Error["message"] == "" {
				t.Errorf("%d %v", rec.Code, got.Error)
			}
			if d := cmp.Diff(c.want, got.Error["details"]); d != "" {
				t.Error(d)
			}
			if strings.Contains(rec.Body.String(), "EOF") {
				t.Errorf("the cause is told: %s", rec.Body)
			}
			if retry := rec.Header().Get("Retry-After"); (retry != "") != (c.code == 429 || c.code == 503) {
				t.Errorf("Retry-After: %q", retry)
			}
		})
	}
}

func TestOnlyAnUnknownCallerIsChallenged(t *testing.T) {
	rec := serve(func(echo.Context) error { return &tasks.Error{Code: tasks.CodeUnauthorized, Message: "No."} }, request(t, "/x", ""))
	if rec.Code != 401 || rec.Header().Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
}

func TestAnAnswerIsPrettyUnlessThatIsNotWanted(t *testing.T) {
	for target, want := range map[string]string{
		"/x": "{\n  \"a\": 1\n}\n", "/x?prettyPrint=true": "{\n  \"a\": 1\n}\n", "/x?alt=json&prettyPrint=false": "{\"a\":1}\n",
	} {
		rec := serve(func(c echo.Context) error { return googleapi.Answer(c, map[string]int{"a": 1}) }, request(t, target, ""))
		if rec.Body.String() != want || rec.Header().Get("Content-Type") != "application/json; charset=UTF-8" {
			t.Errorf("%s: %q, %v", target, rec.Body, rec.Header())
		}
	}
	rec := serve(func(c echo.Context) error { return googleapi.Answer(c, googleapi.Empty{}) }, request(t, "/x", ""))
	if rec.Body.String() != "{}\n" {
		t.Errorf("an empty answer is %q", rec.Body)
	}
}
