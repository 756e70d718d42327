package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"asapi/internal/config"
	"asapi/internal/embedded"
	"asapi/internal/seal"
	"asapi/tasks"
)

type devCmd struct {
	listening
	secure
	doors
	outgoing
	providers
	logging
	retention
	Data             string `help:"Folder that keeps everything; it is made where it is missing." default:"./data" placeholder:"DIR"`
	Concurrency      int    `help:"Tasks that run at the same time." default:"8"`
	WithFakes        bool   `name:"with-fake-providers" help:"Reach stand-ins in this process instead of the providers, to try everything offline." env:"ASAPI_FAKE_PROVIDERS"`
	WithBenchService bool   `help:"Add the service bench, for asapi bench." env:"ASAPI_BENCH_SERVICE"`
}

// Run runs the API, the worker and everything they need until ctx ends.
func (d *devCmd) Run(ctx context.Context, t *terminal) (err error) {
	if err := d.checkDoors(); err != nil {
		return err
	}
	if err := d.checkSecure(true); err != nil {
		return err
	}
	log, err := d.logger(t.err)
	if err != nil {
		return err
	}
	if _, err := d.check(); err != nil {
		return err
	}
	if d.Concurrency <= 0 {
		return configError("ASAPI_CONCURRENCY", "(--concurrency) must be above 0")
	}
	folder, err := embedded.Hold(d.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Release()) }()
	redis, err := embedded.StartRedis()
	if err != nil {
		return err
	}
	defer redis.Close()
	set, err := embeddedSettings(folder, redis)
	if err != nil {
		return err
	}
	stand := &fakes{}
	if d.WithFakes {
		if stand, err = d.startFakes(ctx); err != nil {
			return err
		}
	}
	p, err := openParts(ctx, set, &d.providers, log, d.WithBenchService)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }() //nolint:contextcheck // closing waits for no context
	if err := p.store.Migrate(ctx); err != nil {
		return err
	}
	// The lock says that no other process runs tasks of this folder.
	if err := p.store.VoidLeases(ctx); err != nil {
		return fmt.Errorf("take over what the last process left: %w", err)
	}
	tokens, err := devTokens(ctx, p.store, folder.TokensFile())
	if err != nil {
		return err
	}
	if err := p.makeDemo(ctx); err != nil {
		return err
	}
	listener, err := d.listen(ctx)
	if err != nil {
		return err
	}
	safe, err := d.open(ctx, folder, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := d.serve(ctx, t, p, listener, &safe, redis, folder, tokens, stand); err != nil {
		return errors.Join(err, safe.close())
	}
	return nil
}

func (d *devCmd) serve(ctx context.Context, t *terminal, p *parts, listener net.Listener, safe *opened, redis *embedded.Redis, folder *embedded.Folder, tokens devTokenFile, stand *fakes) error {
	fronts, err := p.api(listener, &d.doors, safe) //nolint:contextcheck // requests have contexts of their own
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := greet(t, listener.Addr(), safe, folder, tokens); err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := t.printf("%s", stand.notes.String()); err != nil {
		return errors.Join(err, listener.Close())
	}
	work, forget := p.worker(d.Concurrency, 1, tasks.Retention{Results: d.KeepResults, Tasks: d.KeepTasks})
	defer forget()
	hooks, forgetHooks := p.webhooks(d.outgoing)
	defer forgetHooks()
	return runStages(ctx, append(fronts, work.Run, hooks.Run), append(append(p.background(), stand.servers...), redis.Run))
}

func embeddedSettings(folder *embedded.Folder, redis *embedded.Redis) (settings, error) {
	s := settings{databaseURL: folder.DatabaseURL(), blobURL: folder.BlobURL()}
	var err error
	if s.secretKey, err = folder.SecretKey(seal.Generate); err != nil {
		return s, err
	}
	s.redis, err = config.ParseRedis(redis.URL())
	return s, err
}
