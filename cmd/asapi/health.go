package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// checkTime bounds the question whether a dependency answers.
const checkTime = 2 * time.Second

// checks are the dependencies that /readyz asks, by name.
type checks map[string]func(ctx context.Context) error

// checks gives the dependencies of a process.
func (p *parts) checks() checks {
	return checks{
		"database": p.store.Check,
		"redis":    func(ctx context.Context) error { return p.redis.Ping(ctx).Err() },
		"blobs":    p.blobs.Check,
	}
}

// ask asks all at once, and gives per dependency nil or why it does not answer.
func (c checks) ask(ctx context.Context) map[string]error {
	ctx, stop := context.WithTimeout(ctx, checkTime)
	defer stop()
	type answer struct {
		name string
		err  error
	}
	answers := make(chan answer, len(c))
	for name, check := range c {
		go func() { answers <- answer{name, check(ctx)} }() // ends with ctx
	}
	all := make(map[string]error, len(c))
	for range c {
		a := <-answers
		all[a.name] = a.err
	}
	return all
}

// ready answers as the API's /readyz does: 200 when all dependencies answer, else
// 503 with the names of those that do not.
func (c checks) ready(log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status, told := http.StatusOK, map[string]string{}
		for name, err := range c.ask(r.Context()) {
			told[name] = "up"
			if err != nil {
				status, told[name] = http.StatusServiceUnavailable, "down"
				log.WarnContext(r.Context(), "a dependency is down", "dependency", name, "error", err)
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		// A peer that is gone does not need the answer.
		_ = json.NewEncoder(w).Encode(map[string]any{"success": status == http.StatusOK, "dependencies": told})
	}
}

// serveHealth gives a worker's /healthz, /readyz and /metrics until ctx ends.
func (p *parts) serveHealth(listener net.Listener) part {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.Handle("GET /readyz", p.checks().ready(p.log))
	mux.Handle("GET /metrics", p.metrics.handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	return func(ctx context.Context) error {
		group := new(errgroup.Group)
		group.Go(func() error {
			<-ctx.Done()
			closing, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer stop()
			return server.Shutdown(closing)
		})
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return group.Wait()
	}
}
