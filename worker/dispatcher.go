package worker

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"asapi/tasks"
)

// dispatcher brings rows to the queue. One of all workers leads at a time.
type dispatcher struct {
	w       *Worker
	store   tasks.Store
	queue   *Queue
	redis   redis.UniversalClient
	inspect *asynq.Inspector
	log     *slog.Logger

	epoch    string
	rotation int // whose turn it is first

	mu    sync.Mutex
	rate  float64 // at which all workers end tasks, per second
	slots int     // tasks that all workers run at once
}

// The rhythm of the dispatcher.
const (
	leadership   = "dispatcher"
	leadTime     = 5 * time.Second
	leadEvery    = time.Second
	roundPace    = 5 * time.Millisecond  // between rounds that are nudged: one costs five statements
	busyEvery    = 20 * time.Millisecond // while something waits
	flightEvery  = 50 * time.Millisecond // while something is in flight
	idleEvery    = 500 * time.Millisecond
	upkeepEvery  = time.Second
	lostEvery    = 5 * time.Second
	lostAfter    = 10 * time.Second // dispatched for so long and not started: look for it
	lostAtOnce   = 5000
	sweepAtOnce  = 500
	resignWithin = time.Second
)

func newDispatcher(w *Worker) *dispatcher {
	return &dispatcher{
		w: w, store: w.cfg.Store, queue: w.cfg.Queue, redis: w.cfg.Redis, log: w.cfg.Log,
		inspect: asynq.NewInspectorFromRedisClient(w.cfg.Redis), slots: w.cfg.Concurrency,
	}
}

// run waits for the leadership and dispatches while it lasts, until ctx ends.
func (d *dispatcher) run(ctx context.Context) {
	defer d.resign(ctx)
	wait := time.NewTicker(leadEvery)
	defer wait.Stop()
	for {
		if leads, err := d.store.Lead(ctx, leadership, d.w.id, leadTime); err == nil && leads {
			d.lead(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
	}
}

// resign lets the next leader begin at once.
func (d *dispatcher) resign(ctx context.Context) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), resignWithin)
	defer stop()
	if err := d.store.Resign(ctx, leadership, d.w.id); err != nil {
		d.log.Warn("the leadership was not given up; it ends by itself", "error", err)
	}
}

// lead does the leader's work until ctx ends or the leadership is lost.
func (d *dispatcher) lead(ctx context.Context) {
	d.log.Info("this process leads the dispatching")
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.keepLeading(ctx) })
	g.Go(func() error { d.feed(ctx); return nil })
	g.Go(func() error { every(ctx, upkeepEvery, d.upkeep); return nil })
	g.Go(func() error { every(ctx, lostEvery, d.findLost); return nil })
	g.Go(func() error { every(ctx, blobsEvery, d.sweepBlobs); return nil })
	g.Go(func() error { every(ctx, expireEvery, d.expire); return nil })
	g.Go(func() error { every(ctx, recurEvery, d.recur); return nil })
	g.Go(func() error { every(ctx, countSubscribers, d.countSubscriptions); return nil })
	for _, s := range d.w.cfg.Catalog.Services() {
		if s.Upkeep != nil {
			g.Go(func() error { every(ctx, upkeepEvery, func(ctx context.Context) { d.serve(ctx, s) }); return nil })
		}
	}
	if err := g.Wait(); err != nil {
		d.log.Warn("this process leads no longer", "error", err)
	}
}

// keepLeading ends with an error when the leadership is lost.
func (d *dispatcher) keepLeading(ctx context.Context) error {
	tick := time.NewTicker(leadEvery)
	defer tick.Stop()
	held := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		leads, err := d.store.Lead(ctx, leadership, d.w.id, leadTime)
		switch {
		case err == nil && leads:
			held = time.Now()
		case err == nil || time.Since(held) > leadTime:
			return errNotLeading
		}
	}
}

var errNotLeading = &tasks.Error{Code: tasks.CodeUnavailable, Message: "another process leads"}

// every calls f now and then every interval, until ctx ends.
func every(ctx context.Context, interval time.Duration, f func(context.Context)) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		f(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// feed fills the queue's window from the backlog, woken by nudges.
func (d *dispatcher) feed(ctx context.Context) {
	nudges := d.redis.Subscribe(ctx, nudgeTopic)
	defer func() { _ = nudges.Close() }() // the process goes on without it
	nudged := gathered(nudges.Channel())
	for {
		began := time.Now()
		rest := idleEvery
		if r, err := d.round(ctx); err == nil {
			rest = r
		} else if ctx.Err() == nil {
			d.log.Warn("a round of dispatching failed; trying again", "error", err)
		}
		wake := nudged
		if rest <= busyEvery {
			wake = nil // more is waiting anyway: one round takes what many nudges tell
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
			rest = roundPace - time.Since(began)
		case <-time.After(rest):
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(rest):
		}
	}
}

// gathered makes one nudge of all that come until somebody looks. It ends when the
// subscription is closed.
func gathered(nudges <-chan *redis.Message) <-chan struct{} {
	one := make(chan struct{}, 1)
	go func() {
		for range nudges {
			select {
			case one <- struct{}{}:
			default:
			}
		}
	}()
	return one
}

// round dispatches what fits and says how long to rest if nobody nudges.
func (d *dispatcher) round(ctx context.Context) (time.Duration, error) {
	if err := d.checkEpoch(ctx); err != nil {
		return 0, err
	}
	flight, err := d.store.Inflight(ctx)
	if err != nil {
		return 0, err
	}
	share, free := d.limits(flight)
	state := windowState{Epoch: d.epoch, Share: share, Flight: flight, Strict: int(tasks.Low)}
	next := idleEvery
	for _, p := range tasks.Priorities() {
		waiting, err := d.store.Backlog(ctx, p)
		if err != nil {
			return 0, err
		}
		taken, again, err := d.take(ctx, p, waiting, flight, share, &free)
		if err != nil {
			return 0, err
		}
		d.queue.Enqueue(taken...)
		next = min(next, again)
		for _, w := range waiting {
			if w.In <= 0 {
				state.Backlog = append(state.Backlog, w.Client)
			}
		}
		if again == busyEvery && state.Strict == int(tasks.Low) {
			state.Strict = int(p) // what is less urgent does not overtake
		}
	}
	state.Free = max(free, 0)
	if len(flight) > 0 {
		next = min(next, flightEvery)
	}
	return next, d.publishWindow(ctx, state)
}

// limits gives how much one client and all together may have in flight. Both
// grow with the rate at which tasks end, so that short tasks keep the workers
// busy while long ones leave places for others.
func (d *dispatcher) limits(flight map[tasks.ClientID]int) (share, free int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ahead := int(d.rate / 4) // a quarter of a second's work
	share = max(d.slots-max(d.slots/8, 1), 1) + ahead
	free = 2*d.slots + 2*ahead
	for _, n := range flight {
		free -= n
	}
	return share, free
}

// limit takes what the workers announced.
func (d *dispatcher) limit(slots int, rate float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slots, d.rate = slots, rate
}

// take marks tasks of a priority as dispatched: the clients take turns, and
// whose turn is first changes from round to round.
func (d *dispatcher) take(ctx context.Context, p tasks.Priority, waiting []tasks.Waiting, flight map[tasks.ClientID]int, share int, free *int) ([]tasks.Dispatch, time.Duration, error) {
	next := idleEvery
	due := make([]tasks.Waiting, 0, len(waiting))
	for _, w := range waiting {
		if w.In > 0 {
			next = min(next, max(w.In, busyEvery))
			continue
		}
		due = append(due, w)
	}
	if len(due) == 0 {
		return nil, next, nil
	}
	d.rotation++
	turn := d.rotation % len(due)
	due = slices.Concat(due[turn:], due[:turn])
	var taken []tasks.Dispatch
	for i, w := range due {
		n := min(share-flight[w.Client], max(*free/(len(due)-i), 1))
		// A client with nothing in flight gets a place even when the window
		// is full: nobody starves behind others' long tasks.
		if *free <= 0 {
			n = min(n, 1)
			if flight[w.Client] > 0 {
				n = 0
			}
		}
		if n <= 0 {
			continue
		}
		ds, err := d.store.TakeBacklog(ctx, p, w, n)
		if err != nil {
			return taken, next, err
		}
		taken = append(taken, ds...)
		flight[w.Client] += len(ds)
		*free -= len(ds)
	}
	return taken, busyEvery, nil
}

func (d *dispatcher) publishWindow(ctx context.Context, state windowState) error {
	b, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return d.redis.Set(ctx, windowKey, b, windowTTL).Err()
}
