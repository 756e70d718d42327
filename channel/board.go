package channel

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"asapi/tasks"
)

// Bounds of a board.
const (
	keepNotices  = time.Minute // and so long a circle stays that nobody watches
	keptNotices  = 32768       // of one circle
	maxDirty     = 50_000      // tasks to look up; past it, it looks for all that changed
	lookUpAtMost = 2000        // tasks in one query

	// The pace: how often watchers are told. It slows down with what is to be
	// written, so that no watcher is more than two seconds behind.
	quickest   = 100 * time.Millisecond
	slowest    = 1400 * time.Millisecond
	perWatcher = 15 * time.Microsecond
	perNotice  = 350 * time.Nanosecond // and watcher

	lookEvery  = 15 * time.Second // for what no event told
	lookMost   = 10_000           // tasks in such a look
	lookMargin = 5 * time.Second  // events are on their way, clocks differ
	lookGrain  = time.Millisecond // of the embedded database's times
	lookWait   = time.Second      // after a look that failed
)

// board tells watchers what became of tasks. Events only say which tasks to look
// up: what watchers see is the store's truth, however many events were lost.
type board struct {
	hub    *Hub
	origin string
	active atomic.Bool // there are circles
	count  atomic.Int64

	mu      sync.Mutex
	circles map[tasks.ClientID]*circle
	dirty   map[tasks.ID]bool // to look up; true: just submitted
	lost    bool              // events are missing
	wake    chan struct{}
	seq     uint64

	replays singleflight.Group // by whose they are, and how far back

	// Only the board's goroutine uses these.
	seen    seen
	healthy time.Time // since then nothing is missing
	looked  time.Time
}

func (b *board) init(h *Hub) {
	b.hub, b.origin = h, h.origin[:8]
	b.circles = map[tasks.ClientID]*circle{}
	b.dirty = map[tasks.ID]bool{}
	b.wake = make(chan struct{}, 1)
	b.seen.init()
}

// tell takes an event of this or another process.
func (b *board) tell(e tasks.Event) {
	if !b.active.Load() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.circles[e.Client] == nil && b.circles[tasks.EveryClient] == nil {
		return
	}
	if len(b.dirty) >= maxDirty {
		b.lost = true
	} else {
		b.dirty[e.Task] = b.dirty[e.Task] || e.New
	}
	poke(b.wake)
}

// missed makes the board look for what it was not told.
func (b *board) missed() {
	if !b.active.Load() {
		return
	}
	b.mu.Lock()
	b.lost = true
	b.mu.Unlock()
	poke(b.wake)
}

// run tells watchers until ctx ends.
func (b *board) run(ctx context.Context) error {
	b.healthy, b.looked = time.Now(), time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-b.wake:
		case <-tick.C:
			if !b.tidy() {
				b.healthy, b.looked = time.Now(), time.Now()
				continue
			}
		case <-ctx.Done():
			return nil
		}
		began := time.Now()
		written, err := b.round(ctx)
		rest := min(max(quickest, time.Duration(b.count.Load())*(perWatcher+time.Duration(written)*perNotice)), slowest) - time.Since(began)
		if err != nil {
			rest = lookWait
			poke(b.wake)
		}
		pause(ctx, rest)
	}
	return nil
}

// tidy forgets circles that nobody watches and reports whether there are any.
func (b *board) tidy() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for client, c := range b.circles {
		c.forgetReplay()
		if c.abandoned() {
			delete(b.circles, client)
		}
	}
	b.active.Store(len(b.circles) > 0)
	return len(b.circles) > 0
}

// round looks up what changed and gives watchers their notices; it gives how many
// the largest circle got.
func (b *board) round(ctx context.Context) (int, error) {
	b.mu.Lock()
	dirty, lost := b.dirty, b.lost
	b.dirty, b.lost = map[tasks.ID]bool{}, false
	b.mu.Unlock()
	reachable := b.hub.cfg.Redis == nil || b.hub.connected.Load()
	var made []*tasks.Notice
	made, err := b.lookUp(ctx, dirty)
	told := len(made)
	if err == nil && (lost || !reachable) {
		made, err = b.look(ctx, made, time.Since(b.healthy)+lookMargin, 0)
	} else if err == nil && time.Since(b.looked) > lookEvery {
		b.looked = time.Now()
		made, err = b.look(ctx, made, lookEvery+lookMargin, lookMost)
	}
	if err != nil {
		b.giveBack(dirty)
		if ctx.Err() == nil {
			b.hub.cfg.Log.WarnContext(ctx, "It could not be seen what became of tasks; watchers are told later.", "error", err)
		}
	} else if reachable {
		b.healthy = time.Now()
	}
	return b.post(made, told), err
}

// giveBack keeps what could not be looked up for the next round.
func (b *board) giveBack(dirty map[tasks.ID]bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lost = true
	for id, fresh := range dirty {
		b.dirty[id] = b.dirty[id] || fresh
	}
}
