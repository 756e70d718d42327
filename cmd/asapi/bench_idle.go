package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"asapi/internal/client"

	"golang.org/x/sync/errgroup"
)

type benchIdleCmd struct {
	benchFlags
	Count    int           `short:"n" help:"Streams to open. They are connections on the one stream of the token." default:"2000"`
	Duration time.Duration `short:"d" help:"How long to watch them idle; heartbeats come every 9 s." default:"30s"`
}

// idle is what the measurement prints, as the server's /metrics tell it.
type idle struct {
	Bench   string  `json:"bench"`
	Count   int     `json:"count"`
	Before  float64 `json:"memory_before_bytes"`
	Memory  float64 `json:"memory_bytes"`
	Each    float64 `json:"memory_each_bytes"`
	Percent float64 `json:"cpu_percent_of_a_core"`
}

// opening bounds how many connections are being opened at a time.
const opening = 50

// Run opens the streams, lets them be, and asks the server what it used.
func (b *benchIdleCmd) Run(ctx context.Context, t *terminal) error {
	c, err := b.prepare(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	name, err := b.stream(ctx, c)
	if err != nil {
		return err
	}
	before, err := b.usage(ctx)
	if err != nil {
		return err
	}
	reading, stop := context.WithCancel(ctx)
	var readers errgroup.Group
	defer func() {
		stop()
		_ = readers.Wait() // they end with an error, because they are stopped
	}()
	opened, openCtx := errgroup.WithContext(reading)
	opened.SetLimit(opening)
	for range b.Count {
		opened.Go(func() error {
			if openCtx.Err() != nil {
				return context.Cause(openCtx)
			}
			s, err := c.Stream(reading, name)
			if err != nil {
				return err
			}
			readers.Go(func() error { return readOn(s) })
			return nil
		})
	}
	if err := opened.Wait(); err != nil {
		return err
	}
	return b.watch(ctx, t, before)
}

// readOn reads until the stream is ended.
func readOn(s *client.Stream) error {
	defer func() { _ = s.Close() }()
	for {
		if _, err := s.Next(); err != nil {
			return err
		}
	}
}

func (b *benchIdleCmd) watch(ctx context.Context, t *terminal, before usage) error {
	start, err := b.usage(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	timer := time.NewTimer(b.Duration)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	end, err := b.usage(ctx)
	if err != nil {
		return err
	}
	i := idle{
		Bench: "idle", Count: b.Count, Before: before.memory, Memory: end.memory,
		Each:    (end.memory - before.memory) / float64(b.Count),
		Percent: (end.cpu - start.cpu) / time.Since(began).Seconds() * 100,
	}
	if b.JSON {
		return t.json(i)
	}
	return t.printf("idle: %d streams; memory %.1f MB, before %.1f MB, %.1f KB each; %.2f %% of a core\n",
		i.Count, i.Memory/1e6, i.Before/1e6, i.Each/1e3, i.Percent)
}

// usage is what the server's process uses: bytes, and seconds of a core so far.
type usage struct{ memory, cpu float64 }

func (b *benchFlags) usage(ctx context.Context) (usage, error) {
	var u usage
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.URL+"/metrics", nil)
	if err != nil {
		return u, err
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return u, err
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		to := map[string]*float64{"process_resident_memory_bytes": &u.memory, "process_cpu_seconds_total": &u.cpu}[name]
		if to == nil {
			continue
		}
		if *to, err = strconv.ParseFloat(value, 64); err != nil {
			return u, fmt.Errorf("/metrics has %s: %w", lines.Text(), err)
		}
	}
	if err := lines.Err(); err != nil {
		return u, err
	}
	if u.memory == 0 {
		return u, errors.New("the server's /metrics do not tell its memory")
	}
	return u, nil
}
