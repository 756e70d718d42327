package main

import (
	"context"
	"net/url"
	"strings"
	"time"
)

type benchStatusCmd struct {
	benchFlags
	IDs    int `name:"ids" help:"Tasks to ask for in one request." default:"10000"`
	Rounds int `help:"How often to ask." default:"100"`
	Fill   int `help:"Submit so many other tasks before, scheduled for a year ahead, so that the store holds them." default:"0"`
}

func (b *benchStatusCmd) Run(ctx context.Context, t *terminal) error {
	c, err := b.prepare(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := b.submitMany(ctx, c, b.Fill, "noop", map[string]string{"_delay": "31536000"}); err != nil {
		return err
	}
	ids, err := b.submitMany(ctx, c, b.IDs, "noop", nil)
	if err != nil {
		return err
	}
	if _, err := waitEach(ctx, c, ids); err != nil { // a busy server is another measurement
		return err
	}
	conn, err := c.Dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	form := url.Values{"task_ids": {strings.Join(ids, ",")}}.Encode()
	times := make([]time.Duration, 0, b.Rounds)
	start := time.Now()
	for range b.Rounds {
		began := time.Now()
		if _, err := conn.PostForm("/task-status/", form); err != nil {
			return err
		}
		times = append(times, time.Since(began))
	}
	return b.tell(t, measure("status", "one request for all ids", b.Rounds, time.Since(start), times))
}
