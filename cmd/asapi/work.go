package main

import (
	"context"
	"errors"
	"fmt"
	"net"
)

type workCmd struct {
	backends
	outgoing
	providers
	logging
	retention
	Concurrency      int    `help:"Tasks that run at the same time." default:"64"`
	MetricsListen    string `help:"Address for /healthz, /readyz and /metrics; default: none." placeholder:"HOST:PORT"`
	WithBenchService bool   `help:"Add the service bench, for asapi bench." env:"ASAPI_BENCH_SERVICE"`
}

// Run works until ctx ends; what does not finish then is handed back.
func (w *workCmd) Run(ctx context.Context, t *terminal) (err error) {
	s, err := w.settings()
	if err != nil {
		return err
	}
	log, err := w.logger(t.err)
	if err != nil {
		return err
	}
	keep, err := w.check()
	if err != nil {
		return err
	}
	if w.Concurrency <= 0 {
		return configError("ASAPI_CONCURRENCY", "(--concurrency) must be above 0")
	}
	p, err := openParts(ctx, s, &w.providers, log, w.WithBenchService)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }() //nolint:contextcheck // closing waits for no context
	if err := checkSchema(ctx, p.store); err != nil {
		return err
	}
	if err := p.shareFolder(ctx, s.blobURL); err != nil {
		return err
	}
	work, forget := p.worker(w.Concurrency, 0, keep)
	defer forget()
	hooks, forgetHooks := p.webhooks(w.outgoing)
	defer forgetHooks()
	back := p.background()
	if w.MetricsListen != "" {
		var lc net.ListenConfig
		listener, err := lc.Listen(ctx, "tcp", w.MetricsListen)
		if err != nil {
			return configError("ASAPI_METRICS_LISTEN", "(--metrics-listen) is no address to listen on: %w", err)
		}
		back = append(back, p.serveHealth(listener))
		log.InfoContext(ctx, "metrics", "address", fmt.Sprintf("http://%s/metrics", listener.Addr()))
	}
	log.InfoContext(ctx, "working", "concurrency", w.Concurrency)
	return runStages(ctx, []part{work.Run, hooks.Run}, back)
}
