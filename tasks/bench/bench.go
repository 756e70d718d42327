// Package bench is a service for measuring a server: its tasks do nothing, or
// leave a result of a given size, or take a given time. It is listed only where
// it is asked for.
package bench

import (
	"bytes"
	"context"
	"time"

	"asapi/tasks"
)

// Slug names the service.
const Slug = "bench"

// MaxSize is the largest result that a task of the service makes, in bytes.
const MaxSize = 4 << 30

// Service describes the service.
func Service() tasks.Service {
	return tasks.Service{Slug: Slug, Name: "Bench", Actions: []tasks.Action{
		tasks.NewAction(tasks.Action{
			Slug: "noop", Name: "No-op", Description: "Does nothing and leaves a small result.",
		}, noop),
		tasks.NewAction(tasks.Action{
			Slug: "make-bytes", Name: "Make Bytes", Description: "Leaves a result of the given size.",
		}, makeBytes),
		tasks.NewAction(tasks.Action{
			Slug: "pause", Name: "Pause", Recurs: true, Description: "Takes a given time and leaves a small result.",
		}, pause),
		tasks.NewAction(tasks.Action{
			Slug: "tick", Name: "Tick", Description: "Tells its progress five times a second for a given time.",
		}, tick),
	}}
}

type noParameters struct{}

func noop(_ context.Context, run *tasks.Run, _ noParameters) error {
	_, err := run.Output("application/json", "").Write([]byte("{}\n"))
	return err
}

type sizeParameters struct {
	Size int64 `param:"size" doc:"How many bytes the result has." default:"1024" optional:"true"`
}

// Check implements tasks.Checker.
func (p sizeParameters) Check() tasks.Faults {
	if p.Size < 0 || p.Size > MaxSize {
		return tasks.Faults{{Code: tasks.CodeInvalidParameter, Field: "size", Message: "size must be from 0 to 4294967296 bytes."}}
	}
	return nil
}

// line repeats; a result is made of it and of its beginning.
var line = []byte("asapi bench: these bytes say nothing, they are only counted......\n")

func makeBytes(ctx context.Context, run *tasks.Run, p sizeParameters) error {
	w := run.Output("text/plain; charset=utf-8", "bench.txt")
	block := bytes.Repeat(line, 512)
	for done := int64(0); done < p.Size; {
		n := min(p.Size-done, int64(len(block)))
		if _, err := w.Write(block[:n]); err != nil {
			return err
		}
		done += n
		if err := run.Progress(ctx, done, p.Size); err != nil {
			return err
		}
	}
	return nil
}

// maxPause is the longest that a task of the service takes.
const maxPause = time.Hour

type pauseParameters struct {
	Milliseconds int64 `param:"milliseconds" doc:"How long the task takes."`
}

// Check implements tasks.Checker.
func (p pauseParameters) Check() tasks.Faults {
	if p.Milliseconds < 0 || p.Milliseconds > maxPause.Milliseconds() {
		return tasks.Faults{{Code: tasks.CodeInvalidParameter, Field: "milliseconds", Message: "milliseconds must be from 0 to 3600000."}}
	}
	return nil
}

// tellEvery is how often a pause tells how far it is.
const tellEvery = 200 * time.Millisecond

func pause(ctx context.Context, run *tasks.Run, p pauseParameters) error {
	began := time.Now()
	timer := time.NewTimer(time.Duration(p.Milliseconds) * time.Millisecond)
	defer timer.Stop()
	tell := time.NewTicker(tellEvery)
	defer tell.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tell.C:
			if err := run.Progress(ctx, time.Since(began).Milliseconds(), p.Milliseconds); err != nil {
				return err
			}
		case <-timer.C:
			return noop(ctx, run, noParameters{})
		}
	}
}
