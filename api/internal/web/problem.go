package web

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"asapi/tasks"
)

// hidden is all that a client learns of a server's own fault.
const hidden = "The server could not do this; try again later."

// Problem is an answer that tells faults, in the shape that docs/api.md shows.
type Problem struct {
	Status     int
	RetryAfter time.Duration
	Message    string // one line
	Faults     tasks.Faults
}

// ProblemOf describes err without what only logs may hold.
func ProblemOf(err error) Problem {
	faults := tasks.FaultsOf(fromEcho(err))
	p := Problem{Status: StatusOf(faults)}
	lines := make([]string, 0, len(faults))
	for _, f := range faults {
		told := &tasks.Error{Code: f.Code, Field: f.Field, Message: OneLine(f.Message)}
		if known, ok := statuses[f.Code]; !ok || known == http.StatusInternalServerError {
			told.Code, told.Message = tasks.CodeInternal, hidden
		}
		if told.Field == "" {
			told.Field = tasks.AllFields
		}
		p.RetryAfter = max(p.RetryAfter, f.RetryAfter)
		p.Faults = append(p.Faults, told)
		lines = append(lines, named(told))
	}
	p.Message = strings.Join(lines, " ")
	if p.RetryAfter == 0 && (p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests) {
		p.RetryAfter = time.Second
	}
	return p
}

// named puts the field before a message that does not name it.
func named(f *tasks.Error) string {
	if f.Field == tasks.AllFields || strings.Contains(strings.ToLower(f.Message), strings.ToLower(f.Field)) {
		return f.Message
	}
	return f.Field + ": " + f.Message
}

// OneLine gives a message for the member error, which is one line.
func OneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}

// Errors gives the faults by field, as [message, code] pairs.
func (p Problem) Errors() map[string][][2]string {
	by := map[string][][2]string{}
	for _, f := range p.Faults {
		by[f.Field] = append(by[f.Field], [2]string{f.Message, string(f.Code)})
	}
	return by
}

// MarshalJSON gives the shape that docs/api.md shows.
func (p Problem) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Success bool                   `json:"success"`
		Error   string                 `json:"error"`
		Errors  map[string][][2]string `json:"errors"`
	}{false, p.Message, p.Errors()})
}

// SetHeaders sets the headers that belong to the problem.
func (p Problem) SetHeaders(h http.Header) {
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h["Www-Authenticate"] = []string{"Token", "Bearer"} // the schemes that SecretOf takes
	}
}

// statusHungUp stands in the log and in the metrics for a request whose client
// did not wait for its answer. No client ever sees it.
const statusHungUp = 499

// ErrorHandler answers err and logs its cause where that is the server's fault.
func (s *Shared) ErrorHandler(err error, c echo.Context) {
	s.Fail(err, c, func(p Problem) any { return p })
}

// Fail is ErrorHandler for a door whose failures have another shape.
func (s *Shared) Fail(err error, c echo.Context, shape func(Problem) any) {
	s.FailAs(err, c, func(p Problem) (int, any) { return p.Status, shape(p) })
}

// FailAs is Fail for a door that has a table of statuses of its own.
func (s *Shared) FailAs(err error, c echo.Context, shape func(Problem) (status int, body any)) {
	if c.Response().Committed {
		return
	}
	ctx := c.Request().Context()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		c.Response().Status = statusHungUp
		return
	}
	p := ProblemOf(err)
	status, body := shape(p)
	p.Status = status // what is answered decides which headers go with it
	if status >= http.StatusInternalServerError {
		s.Log.ErrorContext(ctx, "A request failed.", "request_id", RequestID(c), "path", c.Path(), "status", status, "error", err)
	}
	drain(c.Response(), c.Request())
	p.SetHeaders(c.Response().Header())
	if c.Request().Method == http.MethodHead {
		err = c.NoContent(status)
	} else {
		err = c.JSON(status, body)
	}
	if err != nil {
		s.Log.DebugContext(ctx, "An answer could not be written.", "request_id", RequestID(c), "error", err)
	}
}

// fromEcho gives the router's refusals our shape.
func fromEcho(err error) error {
	var he *echo.HTTPError
	if !errors.As(err, &he) {
		return err
	}
	switch he.Code {
	case http.StatusNotFound:
		return &tasks.Error{Code: tasks.CodeNotFound, Message: "There is nothing at this path."}
	case http.StatusMethodNotAllowed:
		return &tasks.Error{Code: codeNotAllowed, Message: "This path does not take this method."}
	}
	return err
}
