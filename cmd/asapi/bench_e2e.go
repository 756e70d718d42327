package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"asapi/internal/client"

	"golang.org/x/sync/errgroup"
)

type benchE2ECmd struct {
	benchFlags
	Connections int           `short:"c" help:"Connections that submit at the same time." default:"32"`
	Duration    time.Duration `short:"d" help:"How long to submit." default:"20s"`
	Window      int           `help:"Tasks that may be on their way at once: more are not submitted before results arrive." default:"4000"`
}

// Run measures from the first submission until the last result is consumed.
func (b *benchE2ECmd) Run(ctx context.Context, t *terminal) error {
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
	f := &flight{began: map[string]time.Time{}, early: map[string]time.Time{}, places: make(chan struct{}, b.Window)}
	start := time.Now()
	var submitErr error
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return f.receive(stream) })
	group.Go(func() error {
		submitErr = f.submitAll(groupCtx, c, b.Connections, b.form("noop"), start.Add(b.Duration))
		f.close()
		if submitErr != nil {
			_ = stream.Close() // the receiver must not wait for what never comes
		}
		return submitErr
	})
	if err := group.Wait(); err != nil {
		if submitErr != nil {
			return submitErr // the receiver's error follows from it
		}
		return err
	}
	if err := awaitConsumed(ctx, c, f.ids); err != nil {
		return err
	}
	m := measure("e2e", "submit to received", len(f.times), time.Since(start), slices.Clone(f.times))
	m.Connections = b.Connections
	return b.tell(t, m)
}

// flight keeps what was submitted and has not been received.
type flight struct {
	places chan struct{}

	mu    sync.Mutex
	began map[string]time.Time
	early map[string]time.Time // received before the answer to the submission was read
	ids   []string
	times []time.Duration
	over  bool
}

func (f *flight) submitAll(ctx context.Context, c *client.Client, connections int, form string, end time.Time) error {
	group, ctx := errgroup.WithContext(ctx)
	for range connections {
		group.Go(func() error {
			conn, err := c.Dial(ctx)
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close() }()
			for time.Now().Before(end) {
				select {
				case f.places <- struct{}{}:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
				began := time.Now()
				id, err := submitOne(conn, form)
				if err != nil {
					return err
				}
				f.submitted(id, began)
			}
			return nil
		})
	}
	return group.Wait()
}

func (f *flight) submitted(id string, began time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ids = append(f.ids, id)
	if at, ok := f.early[id]; ok {
		delete(f.early, id)
		f.arrived(at.Sub(began))
		return
	}
	f.began[id] = began
}

// arrived needs f.mu.
func (f *flight) arrived(took time.Duration) {
	f.times = append(f.times, took)
	<-f.places
}

// receive reads until all that was submitted is here and no more will be. A
// message twice, or of another task, is passed over.
func (f *flight) receive(stream *client.Stream) error {
	for {
		frame, err := stream.Event() // a heartbeat is a chance to see that all is over
		if err != nil {
			return err
		}
		f.mu.Lock()
		if !frame.Heartbeat {
			id, now := frame.Header.TaskID, time.Now()
			if began, ok := f.began[id]; ok {
				delete(f.began, id)
				f.arrived(now.Sub(began))
			} else if !f.over {
				f.early[id] = now
			}
		}
		done := f.over && len(f.began) == 0
		f.mu.Unlock()
		if done {
			return nil
		}
	}
}

func (f *flight) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
}
