package web

import (
	"strings"

	"github.com/labstack/echo/v4"

	"asapi/tasks"
)

const callerKey = "asapi.caller"

// Authenticated lets only callers with a valid token through, and answers 401
// to others before it reads their body.
func (s *Shared) Authenticated(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := s.authenticate(c); err != nil {
			return err
		}
		return next(c)
	}
}

// authenticate stands by itself because a stream keeps the frames of all that
// called it on its goroutine's stack, thousands of times.
func (s *Shared) authenticate(c echo.Context) error {
	caller, err := s.Desk.Authenticate(c.Request().Context(), secretOf(c.Request().Header.Get("Authorization")))
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

// secretOf reads "Token <secret>" and "Bearer <secret>"; the scheme's case does
// not matter (RFC 9110 section 11.1). Anything else is the empty secret.
func secretOf(header string) string {
	scheme, secret, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Token") && !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(secret)
}
