package web

import (
	"log/slog"
	"net/http"
	"time"

	"asapi/tasks"
)

// Shared is what every door gets.
type Shared struct {
	Desk *tasks.Desk
	Log  *slog.Logger
	// Observe takes the duration of an answered request: its method, its
	// route (not its path) and its status. nil: nobody measures.
	Observe func(method, route string, status int, d time.Duration)
	Limits  Limits
}

// Limits bound what a request may hold. Zero values take the defaults named
// beside them.
type Limits struct {
	FormBytes      int64         // 16 MiB of values in one request, and of a JSON body
	MultipartBytes int64         // 1 GiB of a whole upload; a single file has the Desk's limit
	BatchBytes     int64         // 32 MiB of a batch of submissions
	Fields         int           // 20,000 fields in one request
	ReadIdle       time.Duration // 1 minute without a byte of a body
	Write          time.Duration // 1 minute for one write
}

// WithDefaults fills in what is zero.
func (l Limits) WithDefaults() Limits {
	bytes := func(n *int64, v int64) {
		if *n == 0 {
			*n = v
		}
	}
	bytes(&l.FormBytes, 16<<20)
	bytes(&l.MultipartBytes, 1<<30)
	bytes(&l.BatchBytes, 32<<20)
	if l.Fields == 0 {
		l.Fields = 20000
	}
	if l.ReadIdle == 0 {
		l.ReadIdle = time.Minute
	}
	if l.Write == 0 {
		l.Write = time.Minute
	}
	return l
}

// BothSlashes registers a route for its path with and without a trailing slash.
func BothSlashes(add func(path string), path string) {
	add(path)
	if len(path) > 1 {
		add(path + "/")
	}
}

// setWriteDeadline gives the next writes d from now. Writers that know no
// deadlines, as in tests, are let be.
func setWriteDeadline(w http.ResponseWriter, d time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d))
}

// SetWriteDeadline gives the next writes of an answer the limit's time.
func (s *Shared) SetWriteDeadline(w http.ResponseWriter) { setWriteDeadline(w, s.Limits.Write) }
