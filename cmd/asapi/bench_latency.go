package main

import (
	"context"
	"fmt"
	"time"

	"asapi/internal/client"
)

type benchLatencyCmd struct {
	benchFlags
	Count int `short:"n" help:"Tasks to submit, one after the other." default:"200"`
}

// Run tells two times: from submit to start by the server's clock, and from the
// request to the result as this side sees them.
func (b *benchLatencyCmd) Run(ctx context.Context, t *terminal) error {
	c, err := b.prepare(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	name, err := b.stream(ctx, c)
	if err != nil {
		return err
	}
	stream, err := c.Stream(ctx, name)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	conn, err := c.Dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	var starts, rounds []time.Duration
	began := time.Now()
	for range b.Count {
		start, round, err := b.one(ctx, c, conn, stream)
		if err != nil {
			return err
		}
		starts, rounds = append(starts, start), append(rounds, round)
	}
	took := time.Since(began)
	if err := b.tell(t, measure("latency", "submit to start", b.Count, took, starts)); err != nil {
		return err
	}
	return b.tell(t, measure("latency", "submit to received", b.Count, took, rounds))
}

func (b *benchLatencyCmd) one(ctx context.Context, c *client.Client, conn *client.Conn, stream *client.Stream) (start, round time.Duration, err error) {
	began := time.Now()
	id, err := submitOne(conn, b.form("noop"))
	if err != nil {
		return 0, 0, err
	}
	for {
		f, err := stream.Next()
		if err != nil {
			return 0, 0, err
		}
		if f.Header.TaskID == id {
			break
		}
	}
	round = time.Since(began)
	list, err := c.Status(ctx, []string{id}, 0)
	if err != nil {
		return 0, 0, err
	}
	if len(list) != 1 || list[0].StartedAt.IsZero() {
		return 0, 0, fmt.Errorf("the server does not say when task %s was started", id)
	}
	return list[0].StartedAt.Sub(list[0].CreatedAt), round, nil
}
