package channel

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"asapi/tasks"
)

// lease is a holder's lease in the store: the claims made under it last while it
// is renewed.
type lease struct {
	holder string
	until  atomic.Int64 // Unix nanoseconds by this process's clock, on the safe side; 0: never held
	// lost ends with a cause when the claims are not ours any more.
	lost  context.Context
	lose  context.CancelCauseFunc
	users int // deliveries and downloads that claim under it
	// stale: nobody new may join, since it may hold a claim that nobody knows
	// of; after giveUp, in this process's time, nobody may stay either.
	stale  bool
	giveUp time.Time
}

// cause says why the lease was lost.
func (l *lease) cause() error { return context.Cause(l.lost) }

// over reports whether the lease may have ended, whether or not somebody noticed:
// a process that stood still must not go on where it was.
func (l *lease) over() bool {
	until := l.until.Load()
	return until != 0 && time.Now().UnixNano() > until
}

// held fails with why once the lease is lost or may have ended.
func (l *lease) held() error {
	if l.lost.Err() != nil {
		return l.cause()
	}
	if l.over() {
		return tasks.ErrLeaseLost
	}
	return nil
}

// leases are this process's leases: one that everybody joins, and stale ones
// that end with their last user.
type leases struct {
	mu         sync.Mutex
	current    *lease
	stale      []*lease
	changed    chan struct{} // closed and replaced when current is set
	unreleased []int64       // claims whose release failed
	now        chan struct{} // asks for a round before its time
	patience   time.Duration // how long a stale lease may have users
	open       sync.WaitGroup
}

func (l *leases) init(patience time.Duration) {
	l.patience = patience
	l.changed = make(chan struct{})
	l.now = make(chan struct{}, 1)
}

// leaseWait is how long a delivery or a download waits for a lease.
const leaseWait = 5 * time.Second

// join gives the current lease. Leave it in the end.
func (l *leases) join(ctx context.Context) (*lease, error) {
	waiting, stop := context.WithTimeout(ctx, leaseWait)
	defer stop()
	for {
		l.mu.Lock()
		current, changed := l.current, l.changed
		if current != nil {
			current.users++
			l.open.Add(1)
		}
		l.mu.Unlock()
		if current != nil {
			return current, nil
		}
		select {
		case <-changed:
		case <-waiting.Done():
			return nil, &tasks.Error{Code: tasks.CodeUnavailable, Message: "Results cannot be delivered at the moment; try again later.", RetryAfter: leaseWait, Err: waiting.Err()}
		}
	}
}

func (l *leases) leave(one *lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one.users--
	l.open.Done()
	if one.stale && one.users == 0 {
		poke(l.now)
	}
}

// doubt retires a lease under which a claim failed in a way that leaves open
// whether it was made: nobody could give that claim back, so that it has to end
// together with its lease.
func (l *leases) doubt(one *lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one.stale {
		return
	}
	one.stale, one.giveUp = true, time.Now().Add(l.patience)
	l.stale = append(l.stale, one)
	if l.current == one {
		l.current = nil
	}
	poke(l.now)
}

// isStale reports whether a user should move to the current lease.
func (l *leases) isStale(one *lease) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return one.stale && l.current != nil
}

func (l *leases) failedRelease(claims []int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unreleased = append(l.unreleased, claims...)
}

// keepLeases renews until ctx ends, then lets the deliveries end and drops all
// claims.
func (h *Hub) keepLeases(ctx context.Context) error {
	l := &h.leases
	for ctx.Err() == nil {
		wait := h.cfg.LeaseEvery
		if h.renewLeases(ctx) {
			h.dropEnded(ctx)
		} else {
			wait = min(wait, time.Second)
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-l.now:
		case <-ctx.Done():
		}
		t.Stop()
	}
	l.mu.Lock()
	all := l.stale
	if l.current != nil {
		all = append(all, l.current)
	}
	l.current, l.stale = nil, nil
	l.mu.Unlock()
	for _, one := range all {
		one.lose(tasks.ErrShuttingDown)
	}
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer stop()
	ended := make(chan struct{})
	go func() {
		l.open.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-last.Done():
	}
	for _, one := range all {
		if err := h.cfg.Store.Drop(context.WithoutCancel(last), one.holder); err != nil {
			h.cfg.Log.WarnContext(last, "The claims of this process could not be given back; they end with their lease.", "error", err)
		}
	}
	return nil
}

// renewLeases makes one round and reports whether all went well.
func (h *Hub) renewLeases(ctx context.Context) bool {
	l := &h.leases
	l.mu.Lock()
	current := l.current
	all := slices.Clone(l.stale)
	unreleased := l.unreleased
	l.unreleased = nil
	l.mu.Unlock()
	good := true
	if current == nil {
		current = &lease{holder: h.origin + "-" + randomName()}
		current.lost, current.lose = context.WithCancelCause(context.WithoutCancel(ctx))
		if good = h.hold(ctx, current); good {
			l.mu.Lock()
			l.current = current
			close(l.changed)
			l.changed = make(chan struct{})
			l.mu.Unlock()
			if len(all) > 0 {
				h.watch.wakeAll() // idle streams move to it
			}
		}
	} else {
		all = append(all, current)
	}
	for _, one := range all {
		good = h.renewOne(ctx, one) && good
	}
	h.release(ctx, unreleased...)
	return good
}

// renewOne renews a lease, or ends it when it is over or of no use any more.
func (h *Hub) renewOne(ctx context.Context, one *lease) bool {
	l := &h.leases
	l.mu.Lock()
	// A client that holds messages for long must not keep those of others in a
	// claim that nobody knows of: in the end it has to connect again.
	done := one.stale && (one.users == 0 || time.Now().After(one.giveUp))
	l.mu.Unlock()
	if done {
		one.lose(tasks.ErrLeaseLost)
		if err := h.cfg.Store.Drop(ctx, one.holder); err != nil {
			return false
		}
	} else {
		// One that is over is not taken up again: its claims may be others'.
		if !one.over() {
			good := h.hold(ctx, one)
			if good || !one.over() {
				return good
			}
		}
		h.cfg.Log.ErrorContext(ctx, "The lease on claimed results ran out; their connections are closed.")
	}
	one.lose(tasks.ErrLeaseLost)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stale = slices.DeleteFunc(l.stale, func(other *lease) bool { return other == one })
	if l.current == one {
		l.current = nil
		poke(l.now)
	}
	return done
}

// dropEnded frees what dead processes held: workers do it too, but there may be none.
func (h *Hub) dropEnded(ctx context.Context) {
	calling, stop := context.WithTimeout(ctx, h.cfg.LeaseTime/15)
	defer stop()
	if err := h.cfg.Store.DropEnded(calling); err != nil && ctx.Err() == nil {
		h.cfg.Log.WarnContext(ctx, "The claims of ended processes could not be freed; it is tried again.", "error", err)
	}
}

func (h *Hub) hold(ctx context.Context, one *lease) bool {
	asked := time.Now()
	deadline := asked.Add(h.cfg.LeaseTime / 4)
	if until := one.until.Load(); until != 0 && until < deadline.UnixNano() {
		deadline = time.Unix(0, until)
	}
	ctx, stop := context.WithDeadline(ctx, deadline)
	defer stop()
	if err := h.cfg.Store.Hold(ctx, one.holder, h.cfg.LeaseTime); err != nil {
		if ctx.Err() == nil {
			h.cfg.Log.WarnContext(ctx, "The lease on claimed results could not be renewed.", "error", err)
		}
		return false
	}
	one.until.Store(asked.Add(h.cfg.LeaseTime).UnixNano())
	return true
}

// storeTime bounds one call to the store on behalf of a connection.
const storeTime = 5 * time.Second

// release gives claims back, all at the same time; when that fails it is tried
// again later.
func (h *Hub) release(ctx context.Context, claims ...int64) {
	if len(claims) == 0 {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer stop()
	if err := h.cfg.Store.ReleaseClaims(ctx, claims...); err != nil {
		h.cfg.Log.WarnContext(ctx, "Claims could not be given back; it is tried again.", "error", err)
		h.leases.failedRelease(claims)
	}
}
