package main

import (
	"context"
	"time"

	"asapi/internal/client"
)

// How long one request of a wait may take: shorter where a bar is drawn.
const (
	waitRequest = 30 * time.Second
	waitDrawn   = time.Second
)

type waitCmd struct {
	remote
	IDs     []string      `arg:"" name:"task-id" help:"Tasks to wait for."`
	Timeout time.Duration `help:"Give up after so long; 0: never." default:"0"`
}

// Run waits until all tasks have ended; one that did not end well is exit code 3.
func (w *waitCmd) Run(ctx context.Context, t *terminal) error {
	c, err := w.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	if w.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, w.Timeout, errWaited)
		defer stop()
	}
	return waitFor(ctx, t, c, w.IDs)
}

var errWaited = constError("the tasks did not end within the given time")

// constError is an error that is its text.
type constError string

func (e constError) Error() string { return string(e) }

func waitFor(ctx context.Context, t *terminal, c *client.Client, ids []string) error {
	bar := newProgressBar(t)
	list, err := waitAll(ctx, c, ids, bar)
	bar.done()
	if err != nil {
		return err
	}
	if err := tellStatus(t, list); err != nil {
		return err
	}
	failed := 0
	for i := range list {
		if !list[i].Success {
			failed++
		}
	}
	if failed > 0 {
		return &taskError{failed: failed, asked: len(list)}
	}
	return nil
}

// waitAll asks until every task that is known has ended.
func waitAll(ctx context.Context, c *client.Client, ids []string, bar *progressBar) ([]client.Status, error) {
	list, err := statusOf(ctx, c, ids)
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(list))
	for i := range list {
		at[list[i].TaskID] = i
	}
	request := waitRequest
	if bar.w != nil {
		request = waitDrawn
	}
	for {
		bar.draw(list)
		var open []string
		for i := range list {
			if list[i].Found() && !list[i].Ended() && len(open) < client.MaxIDs {
				open = append(open, list[i].TaskID)
			}
		}
		if len(open) == 0 {
			return list, nil
		}
		some, err := c.Status(ctx, open, request)
		if err != nil {
			return nil, err
		}
		for _, s := range some {
			list[at[s.TaskID]] = s
		}
	}
}
