package web

import (
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
	requestIDKey = "asapi.request_id"
	notesKey     = "asapi.notes"
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
		s.logRequest(c, time.Since(began))
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

func (s *Shared) logRequest(c echo.Context, took time.Duration) {
	r, w := c.Request(), c.Response()
	if s.Observe != nil {
		s.Observe(r.Method, c.Path(), w.Status, took)
	}
	notes, _ := c.Get(notesKey).([]slog.Attr)
	attrs := append([]slog.Attr{
		slog.String("request_id", RequestID(c)), slog.String("method", r.Method), slog.String("path", tasks.Clip(r.URL.Path, 200)),
		slog.Int("status", w.Status), slog.Int64("bytes", w.Size), slog.Duration("duration", took),
	}, notes...)
	s.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
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
