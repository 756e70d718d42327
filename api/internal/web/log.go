package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"

	"asapi/tasks"
)

const (
	requestIDKey   = "asapi.request_id"
	notesKey       = "asapi.notes"
	loggedLaterKey = "asapi.logged_later"
)

// RequestID gives the id of the request: the client's own X-Request-ID where it
// sent a sensible one.
func RequestID(c echo.Context) string {
	id, _ := c.Get(requestIDKey).(string)
	return id
}

// Note adds an attribute to the request's line in the log, such as its task.
func Note(c echo.Context, key string, value any) {
	notes, _ := c.Get(notesKey).([]slog.Attr)
	c.Set(notesKey, append(notes, slog.Any(key, value)))
}

// Logged gives each request an id, a line in the log and a measured duration,
// and turns a panic into an answer. It is the outermost middleware.
func (s *Shared) Logged(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		s.identify(c)
		aborted, err := s.recovered(next, c)
		if err != nil {
			s.ErrorHandler(err, c)
		}
		if later, _ := c.Get(loggedLaterKey).(bool); !later {
			s.line(c)(c.Response().Size, time.Since(began))
		}
		if aborted {
			panic(http.ErrAbortHandler) // the server breaks the connection off
		}
		return nil
	}
}

// identify gives the request its id and its answer a deadline.
func (s *Shared) identify(c echo.Context) {
	id := c.Request().Header.Get(echo.HeaderXRequestID)
	if !sensibleID(id) {
		id = newID()
	}
	c.Set(requestIDKey, id)
	c.Response().Header().Set(echo.HeaderXRequestID, id)
	// From the first byte of the answer on: reading a body or waiting for a
	// task takes as long as it may.
	c.Response().Before(func() { s.SetWriteDeadline(c.Response()) })
}

// line gives what writes the request's line in the log and measures it, once it
// is known how much was answered and how long it took. It does not hold on to c.
func (s *Shared) line(c echo.Context) func(size int64, took time.Duration) {
	id, method, route, path, status := RequestID(c), c.Request().Method, c.Path(), tasks.Clip(c.Request().URL.Path, 200), c.Response().Status
	notes, _ := c.Get(notesKey).([]slog.Attr)
	return func(size int64, took time.Duration) {
		if s.Observe != nil {
			s.Observe(method, route, status, took)
		}
		attrs := append([]slog.Attr{
			slog.String("request_id", id), slog.String("method", method), slog.String("path", path),
			slog.Int("status", status), slog.Int64("bytes", size), slog.Duration("duration", took),
		}, notes...)
		s.Log.LogAttrs(context.Background(), slog.LevelInfo, "request", attrs...)
	}
}

// logLater is line for an answer that goes on when its handler has returned.
func (s *Shared) logLater(c echo.Context) func(size int64, took time.Duration) {
	c.Set(loggedLaterKey, true)
	c.Response().Status = http.StatusOK
	return s.line(c)
}

// recovered calls next and turns its panic into an error. aborted says that the
// connection must be broken off, since a half answer must not look like a whole
// one.
func (s *Shared) recovered(next echo.HandlerFunc, c echo.Context) (aborted bool, err error) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			aborted = true
		default:
			s.Log.ErrorContext(c.Request().Context(), "A handler panicked.", "request_id", RequestID(c), "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			aborted, err = c.Response().Committed, fmt.Errorf("panic: %v", v)
		}
	}()
	return false, next(c)
}

func sensibleID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for _, b := range []byte(id) {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return true
}

func newID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
