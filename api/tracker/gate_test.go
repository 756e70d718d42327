package tracker_test

import (
	"context"
	"sync"

	"asapi/store/trackers"
	"asapi/tasks"
	library "asapi/tasks/tracker"
)

// gate is a store that lets actions change some trackers, and the next that wants to
// wait until it is told to stop.
type gate struct {
	*trackers.Store

	mu     sync.Mutex
	closed bool
	passes int
	held   chan struct{}
}

// close lets so many changes pass; what is given is closed when one more is held.
func (g *gate) close(passes int) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed, g.passes, g.held = true, passes, make(chan struct{})
	return g.held
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = false
}

// holds reports whether the change that comes is held, and tells that it is.
func (g *gate) holds() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.passes--; !g.closed || g.passes >= 0 {
		return false
	}
	if g.passes == -1 {
		close(g.held)
	}
	return true
}

// Change implements library.Store.
func (g *gate) Change(ctx context.Context, run tasks.Fence, owner library.Owner, want library.Want, fn func(*library.Held) error) ([]tasks.Item, error) {
	if g.holds() {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	return g.Store.Change(ctx, run, owner, want, fn)
}
