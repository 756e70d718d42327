package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"asapi/channel"
	"asapi/internal/assertion"
	"asapi/internal/memory"
	"asapi/internal/seal"
	"asapi/internal/throttle"
	"asapi/store"
	"asapi/store/blobs"
	"asapi/store/trackers"
	"asapi/store/zerotouch"
	"asapi/tasks"
	"asapi/tasks/bench"
	"asapi/tasks/catalog"
	"asapi/tasks/tracker"
	"asapi/worker"
	"asapi/worker/webhooks"

	"github.com/redis/go-redis/v9"
)

// parts are what every server process is made of.
type parts struct {
	log   *slog.Logger
	store *store.Store
	// trackers and devices are kept in the store.
	trackers *trackers.Store
	devices  *zerotouch.Store
	blobs    *blobs.Store
	redis    redis.UniversalClient
	sealer   *seal.Sealer
	lives    tracker.Lives
	catalog  *tasks.Catalog
	hub      *channel.Hub
	queue    *worker.Queue
	metrics  *metrics
	folder   *sharedFolder // nil: the blobs are in no local folder, or nobody shares it
}

// openParts connects to everything. Redis may be down; the others must answer.
func openParts(ctx context.Context, s settings, reach *providers, log *slog.Logger, withBench bool) (p *parts, err error) {
	p = &parts{log: log, metrics: newMetrics()}
	defer func() { //nolint:contextcheck // closing waits for no context
		if err != nil {
			err = errors.Join(plain(err), p.close())
		}
	}()
	if p.sealer, err = seal.Parse(s.secretKey); err != nil {
		return p, &usageError{plain(err)}
	}
	if p.blobs, err = blobs.Open(ctx, s.blobURL); err != nil {
		return p, &usageError{plain(err)}
	}
	if p.store, err = openStore(ctx, store.Config{URL: s.databaseURL, Committers: s.committers, Blobs: p.blobs, Log: log}); err != nil {
		return p, err
	}
	redis.SetLogger(redisLog{log})
	p.redis = s.redis.Client()
	if p.lives, err = reach.lives(p.newPacer(), p.newCache()); err != nil {
		return p, err
	}
	p.trackers, p.devices = trackers.New(p.store), zerotouch.New(p.store)
	p.catalog = services(p.trackers, p.devices, p.sealer, p.lives, withBench)
	p.hub = channel.New(channel.Config{Store: p.store, Blobs: p.blobs, Redis: p.redis, Log: log})
	p.queue = worker.NewQueue(worker.QueueConfig{Redis: p.redis, Log: log, Meter: p.metrics})
	return p, nil
}

// openStore connects to the database, or says which variable names it.
func openStore(ctx context.Context, cfg store.Config) (*store.Store, error) {
	s, err := store.Open(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL names a database that cannot be used: %w", err)
	}
	return s, nil
}

// checkSchema says what to do about a database that waits for its migrations.
func checkSchema(ctx context.Context, s *store.Store) error {
	if err := s.CheckSchema(ctx); err != nil {
		return fmt.Errorf("DATABASE_URL names a database that is not ready: %w", err)
	}
	return nil
}

// redisLog brings what the Redis client says into our log. A Redis that is down
// is told by those who need it, so it is of no more interest than that.
type redisLog struct{ log *slog.Logger }

// Printf implements the client's logger.
func (l redisLog) Printf(ctx context.Context, format string, args ...any) {
	l.log.DebugContext(ctx, fmt.Sprintf(format, args...))
}

// services lists what tasks can do.
func services(kept *trackers.Store, devices *zerotouch.Store, sealer tasks.Sealer, lives tracker.Lives, withBench bool) *tasks.Catalog {
	all := catalog.All(catalog.Deps{Trackers: kept, References: kept, Devices: devices, Sealer: sealer, Lives: lives})
	if !withBench {
		return all
	}
	return tasks.NewCatalog(append(all.Services(), bench.Service())...)
}

// shareFolder makes sure that other processes have the same folder of blobs,
// where they are in one.
func (p *parts) shareFolder(ctx context.Context, blobURL string) error {
	if !p.blobs.Local() {
		return nil
	}
	mark, err := markFolder(localDirectory(blobURL))
	if err != nil {
		return err
	}
	p.log.WarnContext(ctx, "BLOB_URL names a folder: every process has to run on this machine or share the folder")
	p.folder = &sharedFolder{redis: p.redis, mark: mark, log: p.log}
	return p.folder.check(ctx)
}

// background are the parts that the API and the workers need.
func (p *parts) background() []part {
	list := []part{p.hub.Run, p.queue.Run, memory.Trim}
	if p.folder != nil {
		list = append(list, p.folder.Run)
	}
	return list
}

// worker makes a worker that hears of cancellations. forget ends that.
func (p *parts) worker(concurrency, fetchers int, keep tasks.Retention) (w *worker.Worker, forget func()) {
	w = worker.New(worker.Config{
		Store: p.store, Blobs: p.blobs, Catalog: p.catalog, Sealer: p.sealer, Publisher: p.hub, Queue: p.queue,
		Redis: p.redis, Concurrency: concurrency, Fetchers: fetchers, Retention: keep, Log: p.log, Meter: p.metrics,
	})
	p.metrics.watch(w.Running)
	return w, p.hub.OnEvent(w.HandleEvent)
}

// webhooks makes the sender of webhooks, which hears of ended tasks. forget ends
// that.
func (p *parts) webhooks(o outgoing) (s *webhooks.Sender, forget func()) {
	s = webhooks.New(webhooks.Config{Store: p.store, Sealer: p.sealer, Client: o.client(), Log: p.log, Tried: p.metrics.webhookTried})
	return s, p.hub.OnEvent(s.HandleEvent)
}

// desk makes the use cases.
func (p *parts) desk(d *doors) *tasks.Desk {
	return tasks.NewDesk(tasks.DeskConfig{
		Catalog: p.catalog, Store: countedStore{p.store, p.metrics.submitted}, Blobs: p.blobs, Queue: p.queue,
		Channel: p.hub, Sealer: p.sealer, Throttle: throttle.New(), Limits: d.limits(),
		Assertions: assertion.Reader{}, Audiences: d.TokenAudiences, AccessTokenTime: d.AccessTokenTime,
	})
}

// close disconnects from what was opened.
func (p *parts) close() error {
	var errs []error
	if p.redis != nil {
		errs = append(errs, p.redis.Close())
	}
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	if p.blobs != nil {
		errs = append(errs, p.blobs.Close())
	}
	return errors.Join(errs...)
}
