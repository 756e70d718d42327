package web

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"asapi/tasks"
)

// body reads a request's body within a limit, and gives up on clients that stop
// sending. Its errors are *tasks.Error, but for io.EOF.
type body struct {
	r     io.Reader
	left  int64
	limit int64

	control *http.ResponseController
	idle    time.Duration
	renewed time.Time
}

// newBody refuses at once what announces itself as too large.
func (s *Shared) newBody(w http.ResponseWriter, r *http.Request, limit int64) (*body, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	return &body{r: r.Body, left: limit, limit: limit, control: http.NewResponseController(w), idle: s.Limits.ReadIdle}, nil
}

func tooLarge(limit int64) error {
	return &tasks.Error{Code: tasks.CodeTooLarge, Message: fmt.Sprintf("The request's body is larger than %d bytes, the most that is taken here.", limit)}
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if now := time.Now(); now.Sub(b.renewed) > b.idle/4 {
		// A writer without deadlines, as in tests, does without.
		_ = b.control.SetReadDeadline(now.Add(b.idle))
		b.renewed = now
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, tooLarge(b.limit)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, brokeOff(err)
	}
	return n, err
}

// done lifts the deadline: from now on the server watches whether the client
// goes away, and a deadline would look like that.
func (b *body) done() { _ = b.control.SetReadDeadline(time.Time{}) }

// all reads the whole body; size is a guess at its length.
func (b *body) all(size int64) ([]byte, error) {
	buf := make([]byte, 0, min(max(size+1, 512), 1<<20))
	for {
		n, err := b.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
	}
}

// Bounds of what is read of a refused request's body.
const (
	drainBytes = 64 << 20
	drainTime  = 5 * time.Second
)

// drain reads what is left of a refused request's body, within bounds: a client
// that is still sending when the connection closes sees a reset and never the
// answer. One that asks first (Expect: 100-continue) has sent nothing.
func drain(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.ContentLength == 0 || r.ContentLength > drainBytes || r.Header.Get("Expect") != "" {
		return
	}
	control := http.NewResponseController(w)
	if control.SetReadDeadline(time.Now().Add(drainTime)) != nil {
		return
	}
	// Whatever goes wrong here, the answer is written all the same.
	_, _ = io.CopyN(io.Discard, r.Body, drainBytes)
	_ = control.SetReadDeadline(time.Time{})
}

func brokeOff(err error) error {
	message := "The request's body broke off or is malformed."
	var slow net.Error
	if errors.As(err, &slow) && slow.Timeout() {
		message = "The request's body did not arrive in time."
	}
	return &tasks.Error{Code: tasks.CodeInvalid, Message: message, Err: err}
}
