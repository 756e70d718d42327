package bench_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"testing"

	"asapi/tasks"
	"asapi/tasks/bench"
)

func TestMakeBytesLeavesAsManyBytesAsAsked(t *testing.T) {
	for _, size := range []string{"0", "1", "1024", "65536"} {
		r := do(t, "make-bytes", size)
		if err := r.err; err != nil {
			t.Fatalf("%s: %v", size, err)
		}
		if got := len(r.result.Inline); size != "0" && got == 0 || int64(got) != r.result.Size {
			t.Errorf("%s: %d bytes inline, size %d", size, got, r.result.Size)
		}
	}
	if r := do(t, "make-bytes", "1024"); r.result.Size != 1024 {
		t.Errorf("size is %d", r.result.Size)
	}
}

func TestASizeBelowNothingOrAboveTheMostIsRefused(t *testing.T) {
	for _, size := range []string{"-1", "4294967297", "many"} {
		if r := do(t, "make-bytes", size); tasks.CodeOf(r.err) != tasks.CodeInvalidParameter {
			t.Errorf("%s: %v", size, r.err)
		}
	}
}

func TestNoopLeavesAResult(t *testing.T) {
	if r := do(t, "noop", ""); r.err != nil || r.result.Size == 0 {
		t.Errorf("%v, %d bytes", r.err, r.result.Size)
	}
}

func TestPauseEndsWithAResultAndStopsWithItsContext(t *testing.T) {
	if r := do(t, "pause", "1"); r.err != nil || r.result.Size == 0 {
		t.Errorf("%v, %d bytes", r.err, r.result.Size)
	}
	stopped, stop := context.WithCancelCause(t.Context())
	stop(tasks.ErrCancelled)
	if r := doIn(t, stopped, "pause", "3600000"); !errors.Is(r.err, tasks.ErrCancelled) {
		t.Errorf("got %v", r.err)
	}
}

type outcome struct {
	result tasks.Result
	err    error
}

func do(t *testing.T, action, size string) outcome {
	t.Helper()
	return doIn(t, t.Context(), action, size)
}

func doIn(t *testing.T, ctx context.Context, action, size string) outcome {
	t.Helper()
	a, ok := tasks.NewCatalog(bench.Service()).Find(bench.Slug, action)
	if !ok {
		t.Fatalf("there is no action %s", action)
	}
	args := tasks.Args{Values: map[string][]string{}}
	if size != "" {
		args.Values[map[string]string{"make-bytes": "size", "pause": "milliseconds"}[action]] = []string{size}
	}
	run := tasks.NewRun(tasks.Task{}, args, journal{}, nil, slog.New(slog.DiscardHandler))
	if err := a.Do(ctx, run, args); err != nil {
		return outcome{err: err}
	}
	r, err := run.Result().Commit()
	return outcome{r, err}
}

// journal takes progress and keeps no items.
type journal struct{}

func (journal) SaveProgress(context.Context, tasks.Fence, int, tasks.Tally) error { return nil }

func (journal) RecordItems(context.Context, tasks.Fence, []tasks.Item) error { return nil }

func (journal) Items(context.Context, tasks.ID) iter.Seq2[tasks.Item, error] {
	return func(func(tasks.Item, error) bool) {}
}

func (journal) KeepNotes(context.Context, tasks.Fence, tasks.Notes) error { return nil }

func (journal) KeptNotes(context.Context, tasks.ID, []string) (tasks.Notes, error) {
	return tasks.Notes{}, nil
}

func (journal) Recorded(context.Context, tasks.ID) (tasks.Tally, int64, error) {
	return tasks.Tally{}, 0, nil
}
