package faulttest_test

import (
	"context"
	"syscall"
	"testing"

	"asapi/internal/client"
	"asapi/internal/testserver"
)

// TestACancellationCountsAfterItsWorkerWasKilled freezes a worker, so that it
// cannot obey, cancels one task, kills the worker, and cancels the other.
func TestACancellationCountsAfterItsWorkerWasKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 2, "alice")
	alice := w.tenants[0]
	first, second := w.work[0], w.work[1]
	first.start()
	first.await()
	submitAll(t, w, alice, 2, "3000000")
	running := func() bool {
		list, err := alice.statuses(alice.ctx)
		if err != nil || len(list) != 2 {
			return false
		}
		return list[0].Status == "In progress" && list[1].Status == "In progress"
	}
	testserver.Eventually(t, patience, running, "both tasks to run")
	first.signal(syscall.SIGSTOP)
	alice.cancel(w.ctx, alice.answered[0])
	first.kill()
	alice.cancel(w.ctx, alice.answered[1])
	second.start()
	w.awaitEnded(2)
	list, err := alice.statuses(alice.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Status != "Task did not complete successfully." || s.ErrorCode != "cancelled" || s.Attempts != 1 {
			t.Errorf("task %s: %s, %s after %d attempts", s.TaskID, s.Status, s.ErrorCode, s.Attempts)
		}
	}
}

// cancel asks until it is answered that the task is to stop.
func (c *tenant) cancel(ctx context.Context, id string) {
	c.t.Helper()
	err := c.insist(ctx, func(ctx context.Context, one *client.Client) error {
		list, err := one.Cancel(ctx, []string{id})
		if err == nil && (len(list) != 1 || !list[0].CancelRequested) {
			c.t.Errorf("the cancellation was answered with %+v", list)
		}
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
}
