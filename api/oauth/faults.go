package oauth

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// The errors of RFC 6749 section 5.2, and the two of section 4.1.2.1 for what is
// not the client's fault.
const (
	badRequest           = "invalid_request"
	invalidClient        = "invalid_client"
	invalidGrant         = "invalid_grant"
	invalidScope         = "invalid_scope"
	unsupportedGrantType = "unsupported_grant_type"
	unavailable          = "temporarily_unavailable"
	serverError          = "server_error"
)

// fault is a refusal that only this door knows.
type fault struct {
	kind    string
	message string
	status  int
}

func (f *fault) Error() string { return f.message }

func invalidRequest(message string) error { return &fault{badRequest, message, http.StatusBadRequest} }

// failure is a failing answer (RFC 6749 section 5.2).
type failure struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// faults gives failing answers the shape of this door.
func (d *door) faults(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err == nil {
			return nil
		}
		uncached(c.Response().Header())
		header := c.Request().Header.Get("Authorization") != ""
		d.FailAs(err, c, func(p web.Problem) (int, any) {
			f := faultOf(err, p, header)
			if f.status == http.StatusUnauthorized {
				c.Response().Header().Set("WWW-Authenticate", `Basic realm="asapi", charset="UTF-8"`)
			}
			return f.status, failure{f.kind, described(f.message)}
		})
		return nil
	}
}

// faultOf says what err is to OAuth clients; header: the client signed in by the
// header Authorization, and is told so by 401.
func faultOf(err error, p web.Problem, header bool) fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return *f
	}
	first := p.Faults[0]
	f := fault{kind: badRequest, message: p.Message, status: http.StatusBadRequest}
	switch {
	case first.Code == tasks.CodeUnauthorized:
		f.kind = invalidClient
		if header {
			f.status = http.StatusUnauthorized
		}
	case first.Field == "scope":
		f.kind = invalidScope
	case first.Field == "assertion":
		f.kind = invalidGrant
	case p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable:
		f.kind, f.status = unavailable, p.Status
	case p.Status >= http.StatusInternalServerError:
		f.kind, f.status = serverError, p.Status
	}
	return f
}

// described keeps what RFC 6749 section 5.2 does not let stand in a description out
// of it.
func described(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '\''
		}
		return r
	}, s)
}
