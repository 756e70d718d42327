package worker_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"asapi/internal/testserver"
	"asapi/tasks"
)

func TestARunThatWaitsGivesItsWorkerBackAndCountsAsNoAttempt(t *testing.T) {
	var runs atomic.Int64
	b := newBench(t, func(ctx context.Context, r *tasks.Run, p params) error {
		if p.Mode != "waits" {
			return nil
		}
		kept, err := r.Noted(ctx, "at", "never")
		if err != nil {
			return err
		}
		if n := runs.Add(1); n <= 7 { // more often than the action may be tried
			if n > 1 && kept["at"] != "page 2" {
				return tasks.Permanent(tasks.CodeInvalid, "The note is lost.")
			}
			if err := r.Note(ctx, tasks.Notes{"at": "page 2"}); err != nil {
				return err
			}
			wait := time.Duration(0)
			if n == 7 {
				wait = 2 * time.Second
			}
			return tasks.Later(time.Now().Add(wait), "The provider asked to wait.")
		}
		return nil
	})
	b.begin(1)
	waiting := b.submit(b.new(b.client, "waits"))
	testserver.Eventually(t, time.Minute, func() bool { return runs.Load() == 7 && b.task(waiting).State == tasks.Pending }, "the task waits")
	reason, until := func() (string, time.Time) { task := b.task(waiting); return task.Waits() }()
	if reason != "The provider asked to wait." || time.Until(until) > 3*time.Second {
		t.Errorf("it waits for %q until %v", reason, until)
	}
	b.ends(b.submit(b.new(b.client, "quick")), tasks.Published) // the only worker is free
	if done := b.ends(waiting, tasks.Published); done.Tries != 1 || runs.Load() != 8 {
		t.Errorf("%d runs, of which %d count", runs.Load(), done.Tries)
	}
}
