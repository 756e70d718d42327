package worker

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"asapi/tasks"
)

// windowState is what the dispatcher lets everybody know: how much of the queue
// each client may still fill.
type windowState struct {
	Epoch   string                 `json:"epoch"`
	Share   int                    `json:"share"`   // tasks a client may have in flight
	Free    int                    `json:"free"`    // what is left for all
	Flight  map[tasks.ClientID]int `json:"flight"`  // tasks in flight, by client
	Backlog []tasks.ClientID       `json:"backlog"` // clients that wait already
	Strict  int                    `json:"strict"`  // the lowest priority that may go directly
}

const (
	windowKey = "asapi:window"
	// windowTTL is how long a window is believed; without a dispatcher
	// nothing goes directly.
	windowTTL = 3 * time.Second
	// followEvery is how often a process that submits looks at the window.
	followEvery = 50 * time.Millisecond
)

// window is one process's view of the queue's free places.
type window struct {
	mu       sync.Mutex
	state    windowState
	backlog  map[tasks.ClientID]bool
	reserved map[tasks.ClientID]int
	total    int
	until    time.Time
	asked    bool
}

// reserve takes a place for one task of the client, if its share and the whole
// leave one and it has no backlog that would be overtaken.
func (w *window) reserve(client tasks.ClientID, p tasks.Priority) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = true
	if time.Now().After(w.until) || w.backlog[client] || int(p) > w.state.Strict ||
		w.total >= w.state.Free || w.state.Flight[client]+w.reserved[client] >= w.state.Share {
		return false
	}
	w.reserved[client]++
	w.total++
	return true
}

func (w *window) set(state windowState) (epochChanged bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	epochChanged = w.state.Epoch != "" && w.state.Epoch != state.Epoch
	w.state, w.until, w.total = state, time.Now().Add(windowTTL), 0
	w.reserved = map[tasks.ClientID]int{}
	w.backlog = make(map[tasks.ClientID]bool, len(state.Backlog))
	for _, c := range state.Backlog {
		w.backlog[c] = true
	}
	return epochChanged
}

// follow keeps the view fresh until ctx ends. An idle process asks rarely.
func (w *window) follow(ctx context.Context, q *Queue) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		w.mu.Lock()
		asked := w.asked
		w.asked = false
		w.mu.Unlock()
		if !asked && n%10 != 0 {
			continue
		}
		b, err := q.redis.Get(ctx, windowKey).Bytes()
		var state windowState
		if err != nil || json.Unmarshal(b, &state) != nil {
			continue // what was known is believed until its time is over
		}
		if w.set(state) {
			q.renewClient()
		}
		if q.down.Load() && len(q.waiting) == 0 {
			q.down.Store(false)
		}
	}
}
