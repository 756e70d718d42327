package worker

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"asapi/tasks"
)

// Config is what a Worker needs.
type Config struct {
	Store       tasks.Store
	Blobs       tasks.Blobs
	Catalog     *tasks.Catalog
	Sealer      tasks.Sealer
	Publisher   tasks.Publisher // tells watchers
	Queue       *Queue
	Redis       redis.UniversalClient
	Concurrency int             // runs at once; 0: 32
	Fetchers    int             // servers of Asynq that share the runs, each of which asks Redis a hundred times a second; 0: 4
	Retention   tasks.Retention // zero times: tasks.KeepResults and tasks.KeepTasks
	Log         *slog.Logger
	Meter       Meter
}

// The times of a run's lease: it is renewed well before it ends.
const (
	lease      = 15 * time.Second
	renewEvery = 2 * time.Second
)

// The times of a shutdown, which must end within ten seconds: runs may finish,
// then they are told to stop and hand their tasks back.
const (
	finishTime   = 3 * time.Second
	handBackTime = 4 * time.Second
)

// Worker runs tasks and, while it leads, dispatches them.
type Worker struct {
	cfg      Config
	id       string
	runs     runs
	finished atomic.Int64 // runs that ended, for the rate
	dispatch *dispatcher
}

// New makes a Worker; Run makes it work.
func New(cfg Config) *Worker {
	if cfg.Fetchers <= 0 {
		cfg.Fetchers = 4
	}
	if cfg.Concurrency <= 0 {
		cfg.Concurrency = 32
	}
	if cfg.Retention.Results <= 0 {
		cfg.Retention.Results = tasks.KeepResults
	}
	if cfg.Retention.Tasks <= 0 {
		cfg.Retention.Tasks = tasks.KeepTasks
	}
	cfg.Meter = orNothing(cfg.Meter)
	w := &Worker{cfg: cfg, id: uuid.NewString(), runs: runs{byTask: map[tasks.ID]*activeRun{}}}
	w.dispatch = newDispatcher(w)
	return w
}

// HandleEvent stops the run that a cancellation is about, if it is here.
func (w *Worker) HandleEvent(e tasks.Event) {
	if e.Cancel {
		w.runs.stop(e.Task, tasks.ErrCancelled)
	}
}

// Running counts the runs of this process.
func (w *Worker) Running() int { return w.runs.count() }

// Run works until ctx ends, then hands back what does not finish in time.
func (w *Worker) Run(ctx context.Context) error {
	// What renews leases and ends runs must outlive ctx: it is stopped last.
	base, stopBase := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBase()
	fetching := w.newFetchers().start(ctx, asynq.HandlerFunc(w.handle), w.cfg.Log)
	g := new(errgroup.Group)
	g.Go(func() error { w.renewLeases(base); return nil })
	g.Go(func() error { w.announce(ctx); return nil })
	g.Go(func() error { w.dispatch.run(ctx); return nil })
	<-ctx.Done()
	fetching.stop()
	w.runs.wait(finishTime)
	w.runs.stopAll(tasks.ErrShuttingDown)
	w.runs.wait(handBackTime)
	fetching.shutdown()
	stopBase()
	return g.Wait()
}

// handle takes one delivery. Once the outcome is in the database, whatever it
// is, Asynq is told that all is well.
func (w *Worker) handle(ctx context.Context, t *asynq.Task) error {
	id, err := parsePayload(t.Payload())
	if err != nil {
		w.cfg.Log.Error("a delivery names no task; it is dropped", "error", err)
		return nil
	}
	a, err := w.cfg.Store.Start(context.WithoutCancel(ctx), id, lease)
	if tasks.CodeOf(err) == tasks.CodeNotFound {
		return nil
	}
	if err != nil {
		return err // delivered again
	}
	w.run(context.WithoutCancel(ctx), a)
	return nil
}

// renewLeases keeps the leases of runs that last, and stops those that may not
// go on.
func (w *Worker) renewLeases(ctx context.Context) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		stops, err := w.cfg.Store.Renew(ctx, w.runs.lasting(renewEvery/2), lease)
		if err != nil {
			w.cfg.Log.Warn("leases could not be renewed", "error", err)
			w.runs.stopStale(lease)
			continue
		}
		w.runs.renewed()
		for _, s := range stops {
			w.runs.stopFence(s.Fence, s.Cause)
		}
	}
}
