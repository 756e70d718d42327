package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"asapi/internal/client"

	"golang.org/x/sync/errgroup"
)

type benchSubmitCmd struct {
	benchFlags
	Connections int           `short:"c" help:"Connections that submit at the same time." default:"64"`
	Duration    time.Duration `short:"d" help:"How long to submit." default:"10s"`
}

func (b *benchSubmitCmd) Run(ctx context.Context, t *terminal) error {
	c, err := b.prepare(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	form := b.form("noop")
	times := make([][]time.Duration, b.Connections)
	group, ctx := errgroup.WithContext(ctx)
	start := time.Now()
	for i := range b.Connections {
		group.Go(func() error {
			var err error
			times[i], err = submitFor(ctx, c, form, start.Add(b.Duration))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	all := slices.Concat(times...)
	m := measure("submit", "one submission", len(all), time.Since(start), all)
	m.Connections = b.Connections
	return b.tell(t, m)
}

// submitFor submits on one connection until the end and gives each one's time.
func submitFor(ctx context.Context, c *client.Client, form string, end time.Time) ([]time.Duration, error) {
	conn, err := c.Dial(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	var times []time.Duration
	for {
		began := time.Now()
		if began.After(end) {
			return times, nil
		}
		if _, err := conn.PostForm("/submit-task/", form); err != nil {
			return times, errors.Join(context.Cause(ctx), err)
		}
		times = append(times, time.Since(began))
	}
}

// submitOne submits on a connection and gives the task's id.
func submitOne(conn *client.Conn, form string) (string, error) {
	answer, err := conn.PostForm("/submit-task/", form)
	if err != nil {
		return "", err
	}
	var done client.Submitted
	if err := json.Unmarshal(answer, &done); err != nil || done.TaskID == "" {
		return "", fmt.Errorf("the server's answer to a submission is not understood: %w", err)
	}
	return done.TaskID, nil
}
