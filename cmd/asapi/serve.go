package main

import (
	"context"
	"errors"
	"net"
	"time"

	"asapi/api"
	"asapi/channel"
	"asapi/internal/config"
	"asapi/internal/netpeer"
	"asapi/tasks/tracker"
	"asapi/tasks/zerotouch"
)

// listening is where the API listens.
type listening struct {
	Listen string `help:"Address to listen on; default: 127.0.0.1:8080, or every interface on PORT." env:"LISTEN" placeholder:"HOST:PORT"`
	Port   string `help:"Port to listen on where LISTEN is not set." env:"PORT" placeholder:"PORT"`
}

const defaultListen = "127.0.0.1:8080"

// listen opens the address; what comes before it is open must not fail after.
func (l *listening) listen(ctx context.Context) (net.Listener, error) {
	address := defaultListen
	if l.Listen != "" || l.Port != "" {
		var err error
		if address, err = config.ParseListen(l.Listen, l.Port); err != nil {
			return nil, &usageError{plain(err)}
		}
	}
	listener, err := netpeer.Listen(ctx, address)
	if err != nil {
		return nil, configError("LISTEN", "names %s, where this process cannot listen: %w", address, errors.Unwrap(err))
	}
	return listener, nil
}

// apiGrace is how long requests may go on after SIGTERM; the process ends within
// ten seconds.
const apiGrace = 5 * time.Second

type serveCmd struct {
	backends
	listening
	secure
	doors
	providers
	logging
	WithBenchService bool `help:"Add the service bench, for asapi bench." env:"ASAPI_BENCH_SERVICE"`
}

// Run answers requests until ctx ends.
func (s *serveCmd) Run(ctx context.Context, t *terminal) (err error) {
	set, err := s.settings()
	if err != nil {
		return err
	}
	if err := s.checkDoors(); err != nil {
		return err
	}
	if err := s.checkSecure(false); err != nil {
		return err
	}
	log, err := s.logger(t.err)
	if err != nil {
		return err
	}
	p, err := openParts(ctx, set, &s.providers, log, s.WithBenchService)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }() //nolint:contextcheck // closing waits for no context
	if err := checkSchema(ctx, p.store); err != nil {
		return err
	}
	if err := p.shareFolder(ctx, set.blobURL); err != nil {
		return err
	}
	listener, err := s.listen(ctx)
	if err != nil {
		return err
	}
	safe, err := s.open(ctx, nil, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	fronts, err := p.api(listener, &s.doors, &safe) //nolint:contextcheck // requests have contexts of their own
	if err != nil {
		return errors.Join(err, listener.Close(), safe.close())
	}
	log.InfoContext(ctx, "listening", "address", listener.Addr().String())
	for name, l := range map[string]net.Listener{"tls": safe.tls, "grpc": safe.calls} {
		if l != nil {
			log.InfoContext(ctx, "listening", "address", l.Addr().String(), "with", name)
		}
	}
	return runStages(ctx, fronts, p.background())
}

// api makes the parts that answer requests on the listeners.
func (p *parts) api(listener net.Listener, d *doors, safe *opened) ([]part, error) {
	library := tracker.NewLibrary(p.trackers, p.sealer).Reaching(p.lives.List)
	cfg := api.Config{
		Desk: p.desk(d), Log: p.log,
		PublicURL: d.PublicURL, StreamURL: d.StreamURL, StoreURL: d.StoreURL,
		Limits: api.Limits{Write: d.WriteTimeout}, Console: d.Console, Trackers: library, Connections: tracker.NewConnections(library, p.lives.List),
		Ready: p.checks().ask, Metrics: p.metrics.handler(), Observe: p.metrics.observe,
		Zerotouch: &api.Zerotouch{
			Registry: zerotouch.NewRegistry(p.devices, p.sealer), BatchBytes: d.UploadBytes, Quota: channel.NewQuota(p.redis), Queries: d.ZerotouchQueries,
		},
	}
	handler, err := api.New(cfg)
	if err != nil {
		return nil, &usageError{plain(err)}
	}
	more, err := safe.parts(p, cfg)
	return append(more, func(ctx context.Context) error {
		return api.Serve(ctx, api.ServerConfig{Listener: listener, Handler: handler, Log: p.log, Grace: apiGrace})
	}), err
}
