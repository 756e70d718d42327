package tasks

import (
	"context"
	"sync"
	"time"
)

// NoticeKind is what a Notice tells.
type NoticeKind string

// The kinds of notices; see docs/activities.md.
const (
	NoticeStarted NoticeKind = "started" // the task was submitted
	NoticeUpdated NoticeKind = "updated"
	NoticeEnded   NoticeKind = "ended"
)

// Shape is one of the encodings in which notices go out. All watchers of a shape
// get the same bytes.
type Shape uint8

// The shapes: Server-Sent Events, and WebSocket frames.
const (
	ShapeEvents Shape = iota
	ShapeFrames
	shapes
)

// Notice tells watchers what became of a task. It is shared by them and never
// changes.
type Notice struct {
	Kind NoticeKind
	Task Task
	// Position names the notice, for a watcher that comes back. It means
	// something in every process.
	Position string

	encoded encodings
}

// Batch is some notices in their order. It is shared by all watchers that stand at
// the same place.
type Batch struct {
	Notices []*Notice

	encoded encodings
}

// encodings keep bytes by shape once they are made.
type encodings struct {
	mu    sync.Mutex
	bytes [shapes][]byte
}

func (e *encodings) get(s Shape, encode func() []byte) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.bytes[s] == nil {
		e.bytes[s] = encode()
	}
	return e.bytes[s]
}

// Encoded gives the bytes of all notices in a shape. Every notice is encoded once,
// whoever asks; the caller must not change the bytes.
func (b *Batch) Encoded(s Shape, encode func(*Notice) []byte) []byte {
	if len(b.Notices) == 0 {
		return nil
	}
	return b.encoded.get(s, func() []byte {
		parts := make([][]byte, len(b.Notices))
		size := 0
		for i, n := range b.Notices {
			parts[i] = n.encoded.get(s, func() []byte { return encode(n) })
			size += len(parts[i])
		}
		if len(parts) == 1 {
			return parts[0]
		}
		all := make([]byte, 0, size)
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	})
}

// ErrTooSlow ends a watcher that is so far behind that notices it did not get are
// not kept any more.
var ErrTooSlow = &Error{Code: CodeUnavailable, Message: "This watcher is too slow; connect again and list the activities."}

// WatchRequest says what a watcher wants to be told.
type WatchRequest struct {
	Client ClientID // whose tasks; EveryClient: all
	// After is the Position of the last notice the watcher got; what is still
	// kept of the later ones comes first. Empty, or one that cannot be read:
	// only what happens from now on.
	After string
}

// Watching is one watcher's place among the notices. It is for one goroutine.
type Watching interface {
	// Next waits for notices, at most for so long, and gives those that came
	// since the last call; none when the time is over. A NoticeUpdated is left out
	// when a later one of its task is there. It fails
	// with ErrTooSlow, or with the cause of ctx's end.
	Next(ctx context.Context, most time.Duration) (*Batch, error)
	// Place is a Position to come back with for a watcher that was told nothing: the
	// one from which it watches. It is empty for one that came back itself.
	Place() string
	// Close forgets the watcher.
	Close()
}
