package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"asapi/tasks"
)

const callerKey = "asapi.caller"

// Authenticated lets only callers with a valid token through, and answers 401
// to others before it reads their body.
func (s *Shared) Authenticated(next echo.HandlerFunc) echo.HandlerFunc {
	return s.authenticated(SecretOf, next)
}

// AuthenticatedBy is Authenticated for a door whose clients bring their tokens
// elsewhere; secret gives the empty string where there is none.
func (s *Shared) AuthenticatedBy(secret func(*http.Request) string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc { return s.authenticated(secret, next) }
}

func (s *Shared) authenticated(secret func(*http.Request) string, next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := s.authenticate(c, secret(c.Request())); err != nil {
			return err
		}
		return next(c)
	}
}

// authenticate stands by itself because a stream keeps the frames of all that
// called it on its goroutine's stack, thousands of times.
func (s *Shared) authenticate(c echo.Context, secret string) error {
	caller, err := s.Desk.Authenticate(c.Request().Context(), secret)
	if err != nil {
		return err
	}
	c.Set(callerKey, caller)
	Note(c, "client", caller.Client.Name)
	return nil
}

// Caller gives the authenticated caller; only behind Authenticated.
func Caller(c echo.Context) tasks.Caller {
	caller, _ := c.Get(callerKey).(tasks.Caller)
	return caller
}

// SecretOf reads the header Authorization: "Token <secret>" and "Bearer <secret>";
// the scheme's case does not matter (RFC 9110 section 11.1). Anything else is the
// empty secret.
func SecretOf(r *http.Request) string {
	scheme, secret, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Token") && !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(secret)
}
