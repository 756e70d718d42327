package worker

import (
	"context"
	"strconv"
	"strings"
	"time"

	"asapi/tasks"
)

// upkeep is what the leader does once a second.
func (d *dispatcher) upkeep(ctx context.Context) {
	d.sweep(ctx)
	d.erase(ctx)
	d.measure(ctx)
	d.countWorkers(ctx)
}

func (d *dispatcher) sweep(ctx context.Context) {
	changed, err := d.store.Sweep(ctx, sweepAtOnce)
	if err != nil && ctx.Err() == nil {
		d.log.Warn("the sweep failed; trying again", "error", err)
	}
	if len(changed) == 0 {
		return
	}
	events := make([]tasks.Event, len(changed))
	for i := range changed {
		events[i] = tasks.EventOf(&changed[i])
		if changed[i].State.Ended() {
			d.w.cfg.Meter.Ended(changed[i].Service, changed[i].Action, changed[i].State, 0)
		}
	}
	d.w.cfg.Publisher.Publish(events...)
	d.queue.Nudge()
}

// erase completes erasures of accounts: what runs is cancelled, and when all
// has ended the service deletes what it keeps.
func (d *dispatcher) erase(ctx context.Context) {
	list, err := d.store.Erasing(ctx, 10)
	if err != nil {
		return // told by the sweep already
	}
	for _, a := range list {
		if err := d.eraseOne(ctx, a); err != nil && ctx.Err() == nil {
			d.log.Warn("an erasure failed; trying again", "service", a.Service, "error", err)
		}
	}
}

func (d *dispatcher) eraseOne(ctx context.Context, a tasks.Account) error {
	if err := tasks.CancelOpenTasks(ctx, d.store, d.w.cfg.Publisher, a); err != nil {
		return err
	}
	open, err := d.store.HasOpenTasks(ctx, a)
	if err != nil || open {
		return err
	}
	if s, ok := d.w.cfg.Catalog.Service(a.Service); ok && s.Erase != nil {
		if err := s.Erase(ctx, a); err != nil {
			return err
		}
	}
	return d.store.Erased(ctx, a)
}

// measure tells how long the oldest due task of each priority, and of each
// client, waits.
func (d *dispatcher) measure(ctx context.Context) {
	unstarted, err := d.store.OldestDispatch(ctx)
	if err != nil {
		return
	}
	byPriority, byClient := make(map[tasks.Priority]time.Duration), make(map[tasks.ClientID]time.Duration)
	note := func(p tasks.Priority, c tasks.ClientID, lag time.Duration) {
		byPriority[p] = max(byPriority[p], lag)
		byClient[c] = max(byClient[c], lag)
		byClient[tasks.EveryClient] = max(byClient[tasks.EveryClient], lag)
	}
	for _, u := range unstarted {
		note(u.Priority, u.Client, u.For)
	}
	for _, p := range tasks.Priorities() {
		waiting, err := d.store.Backlog(ctx, p)
		if err != nil {
			return
		}
		for _, w := range waiting {
			note(p, w.Client, -w.In)
		}
	}
	for _, p := range tasks.Priorities() {
		d.w.cfg.Meter.Lag(p, byPriority[p])
	}
	d.store.ObserveLag(byClient)
}

// What a crash leaves behind in the blob store is swept.
const (
	blobsEvery   = time.Hour
	orphansAfter = time.Hour // longer than from a blob's commit to its row's
)

// sweepBlobs deletes uploads and results that no row names.
func (d *dispatcher) sweepBlobs(ctx context.Context) {
	for _, prefix := range []string{"inputs", "results"} {
		n, err := d.w.cfg.Blobs.Sweep(ctx, prefix, orphansAfter, func(keys []string) (map[string]bool, error) { return d.store.BlobsInUse(ctx, keys) })
		if err != nil && ctx.Err() == nil {
			d.log.Warn("orphans in the blob store could not be swept; it is tried again in an hour", "prefix", prefix, "error", err)
		}
		if n > 0 {
			d.log.Info("orphans were deleted from the blob store", "prefix", prefix, "count", n)
		}
	}
}

// Expiry goes in small steps, so that requests never wait for it.
const (
	expireEvery  = 30 * time.Second
	expireAtOnce = 1000
	expireRest   = 50 * time.Millisecond
)

// expire deletes what was kept long enough.
func (d *dispatcher) expire(ctx context.Context) {
	for {
		more, err := d.store.Expire(ctx, d.w.cfg.Retention, expireAtOnce)
		if err != nil && ctx.Err() == nil {
			d.log.Warn("what was kept long enough could not be deleted; trying again", "error", err)
		}
		if err != nil || !more {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(expireRest):
		}
	}
}

// serviceRest is the rest between two steps of a service's upkeep, which leaves
// the database to those who wait for an answer.
const serviceRest = 5 * time.Millisecond

// serve does what a service has to do in the background, until nothing waits.
func (d *dispatcher) serve(ctx context.Context, s tasks.Service) {
	for {
		more, err := s.Upkeep(ctx)
		if err != nil && ctx.Err() == nil {
			d.log.Warn("a step in the background failed; trying again", "service", s.Slug, "error", err)
		}
		if err != nil || !more {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(serviceRest):
		}
	}
}

// workersKey holds, per worker process, how much it runs at once and how fast.
const (
	workersKey  = "asapi:workers"
	workerTTL   = 5 * time.Second
	workerRetry = time.Second
)

// announce tells the leader of this process until ctx ends.
func (w *Worker) announce(ctx context.Context) {
	last := time.Now()
	rate := 0.0
	every(ctx, workerRetry, func(ctx context.Context) {
		if passed := time.Since(last).Seconds(); passed > 0.1 {
			rate = rate/2 + float64(w.finished.Swap(0))/passed/2
			last = time.Now()
		}
		value := strconv.Itoa(w.cfg.Concurrency) + " " + strconv.FormatFloat(rate, 'f', 1, 64) + " " + strconv.FormatInt(time.Now().Add(workerTTL).UnixMilli(), 10)
		// Without it the leader counts with its own process only.
		_ = w.cfg.Redis.HSet(ctx, workersKey, w.id, value).Err()
	})
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), resignWithin)
	defer stop()
	_ = w.cfg.Redis.HDel(ctx, workersKey, w.id).Err()
}

// countWorkers reads what announce wrote, and forgets processes that are gone.
func (d *dispatcher) countWorkers(ctx context.Context) {
	all, err := d.redis.HGetAll(ctx, workersKey).Result()
	if err != nil {
		return
	}
	slots, rate := 0, 0.0
	for id, value := range all {
		f := strings.Fields(value)
		if len(f) != 3 {
			continue
		}
		n, errN := strconv.Atoi(f[0])
		r, errR := strconv.ParseFloat(f[1], 64)
		until, errU := strconv.ParseInt(f[2], 10, 64)
		if errN != nil || errR != nil || errU != nil || time.Now().UnixMilli() > until+int64(time.Minute/time.Millisecond) {
			_ = d.redis.HDel(ctx, workersKey, id).Err()
			continue
		}
		if time.Now().UnixMilli() <= until {
			slots, rate = slots+n, rate+r
		}
	}
	d.limit(max(slots, d.w.cfg.Concurrency), rate)
}
