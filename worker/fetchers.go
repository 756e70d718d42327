package worker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"asapi/tasks"
)

// fetchers are the servers of Asynq that share a worker's runs: each takes one
// task after the other from Redis and waits for every answer, so one alone keeps
// no more than some thousand short tasks a second going.
type fetchers []*asynq.Server

func (w *Worker) newFetchers() fetchers {
	all := make(fetchers, min(w.cfg.Fetchers, w.cfg.Concurrency))
	for i := range all {
		share := w.cfg.Concurrency / len(all)
		if i < w.cfg.Concurrency%len(all) {
			share++
		}
		all[i] = w.newFetcher(share)
	}
	return all
}

func (w *Worker) newFetcher(concurrency int) *asynq.Server {
	return asynq.NewServerFromRedisClient(w.cfg.Redis, asynq.Config{
		Concurrency:       concurrency,
		TaskCheckInterval: 10 * time.Millisecond,
		Queues:            map[string]int{tasks.Critical.String(): 12, tasks.Default.String(): 4, tasks.Low.String(): 1},
		ShutdownTimeout:   time.Second,
		RetryDelayFunc:    func(int, error, *asynq.Task) time.Duration { return time.Second },
		IsFailure:         func(error) bool { return false },
		Logger:            asynqLog{w.cfg.Log},
		LogLevel:          asynq.WarnLevel,
	})
}

// start starts them and gives those that were started before ctx ended; it waits
// for a Redis that is not there yet.
func (f fetchers) start(ctx context.Context, h asynq.Handler, log *slog.Logger) fetchers {
	for i, server := range f {
		if startSurely(ctx, server, h, log) != nil {
			return f[:i]
		}
	}
	return f
}

func startSurely(ctx context.Context, server *asynq.Server, h asynq.Handler, log *slog.Logger) error {
	for told := false; ; told = true {
		err := server.Ping()
		if err == nil {
			return server.Start(h)
		}
		if !told {
			log.Warn("redis does not answer; waiting for it", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// stop ends the fetching of new tasks.
func (f fetchers) stop() {
	for _, server := range f {
		server.Stop()
	}
}

// shutdown gives the tasks that still run back to Redis, where their deliveries
// find that others run them.
func (f fetchers) shutdown() {
	var wg sync.WaitGroup
	for _, server := range f {
		wg.Go(server.Shutdown)
	}
	wg.Wait()
}
