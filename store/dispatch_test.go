package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

func waiting(c tasks.Client) tasks.NewTask {
	n := stored(c)
	n.Dispatched = false
	return n
}

func TestTheBacklogNamesClientsWithTheirFirstDueTask(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		later := waiting(w.bob)
		later.RunAt = time.Now().Add(time.Hour)
		w.submit(later)
		w.submit(waiting(w.ada))
		w.submit(waiting(w.ada))
		w.submit(stored(w.ada)) // dispatched: no backlog
		got, err := w.Backlog(w.ctx, tasks.Default)
		w.must(err)
		if len(got) != 2 || got[0].Client != w.ada.ID || got[0].In > 0 || got[1].Client != w.bob.ID || got[1].In < 50*time.Minute {
			t.Errorf("got %+v", got)
		}
		none, err := w.Backlog(w.ctx, tasks.Critical)
		w.must(err)
		if len(none) != 0 {
			t.Errorf("got %+v", none)
		}
	})
}

func TestTakingTheBacklogMarksEachTaskOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		first, second := w.submit(waiting(w.ada)), w.submit(waiting(w.ada))
		one, err := w.TakeBacklog(w.ctx, tasks.Default, tasks.Waiting{Client: w.ada.ID}, 1)
		w.must(err)
		rest, err := w.TakeBacklog(w.ctx, tasks.Default, tasks.Waiting{Client: w.ada.ID}, 10)
		w.must(err)
		want := []tasks.Dispatch{{Task: first.ID, Number: 1, Priority: tasks.Default}, {Task: second.ID, Number: 1, Priority: tasks.Default}}
		if d := cmp.Diff(want, append(one, rest...)); d != "" {
			t.Error(d)
		}
		inflight, err := w.Inflight(w.ctx)
		w.must(err)
		if d := cmp.Diff(map[tasks.ClientID]int{w.ada.ID: 2}, inflight); d != "" {
			t.Error(d)
		}
		lost, err := w.LostDispatches(w.ctx, -time.Minute, 10)
		w.must(err)
		if len(lost) != 2 {
			t.Errorf("%d dispatches look lost", len(lost))
		}
		n, err := w.Redispatch(w.ctx, lost[:1])
		w.must(err)
		again, err := w.TakeBacklog(w.ctx, tasks.Default, tasks.Waiting{Client: w.ada.ID}, 10)
		w.must(err)
		if n != 1 || len(again) != 1 || again[0].Number != 2 {
			t.Errorf("dispatched again: %+v", again)
		}
		if n, err = w.Redispatch(w.ctx, nil); err != nil || n != 2 {
			t.Errorf("%d wait again, %v", n, err)
		}
	})
}

func TestSweepingFreesWhatNobodyElseWill(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		expired := w.submit(stored(w.ada))
		w.start(expired.ID, -time.Second)

		poisonous := stored(w.ada)
		poisonous.MaxAttempts = 1
		dead := w.submit(poisonous)
		w.start(dead.ID, -time.Second)

		cancelled := w.submit(stored(w.ada))
		w.start(cancelled.ID, -time.Second)
		_, err := w.Cancel(w.ctx, w.ada.ID, []tasks.ID{cancelled.ID})
		w.must(err)

		late := waiting(w.ada)
		late.Deadline = time.Now().Add(-time.Minute)
		tooLate := w.submit(late)

		healthy := w.submit(stored(w.ada))
		w.start(healthy.ID, time.Minute)

		_, err = w.Sweep(w.ctx, 100)
		w.must(err)
		got := map[string]tasks.State{}
		for name, id := range map[string]tasks.ID{"expired": expired.ID, "dead": dead.ID, "cancelled": cancelled.ID, "too late": tooLate.ID, "healthy": healthy.ID} {
			got[name] = w.task(id).State
		}
		want := map[string]tasks.State{"expired": tasks.Pending, "dead": tasks.Failed, "cancelled": tasks.Cancelled, "too late": tasks.Failed, "healthy": tasks.Running}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if c := w.task(dead.ID).ErrorCode; c != tasks.CodeTooManyAttempts {
			t.Errorf("the poisonous task failed with %q", c)
		}
	})
}

func TestOneHolderLeadsAtATime(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		lead := func(holder string, ttl time.Duration) bool {
			ok, err := w.Lead(w.ctx, "dispatcher", holder, ttl)
			w.must(err)
			return ok
		}
		if !lead("a", time.Minute) || lead("b", time.Minute) || !lead("a", time.Minute) {
			t.Error("two lead, or the leader cannot go on")
		}
		w.must(w.Resign(w.ctx, "dispatcher", "a"))
		if !lead("b", -time.Second) {
			t.Error("nobody follows a leader who resigned")
		}
		if !lead("c", time.Minute) {
			t.Error("nobody follows a leader whose time is over")
		}
	})
}

func TestAnErasedAccountCannotComeBackBeforeItIsErased(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		open := w.submit(waiting(w.ada))
		w.must(w.DeregisterAccount(w.ctx, w.adaAccount, true))
		w.wants(tasks.CodeUnavailable, w.RegisterAccount(w.ctx, w.adaAccount))
		w.wants(tasks.CodeNoSuchAccount, w.DeregisterAccount(w.ctx, w.adaAccount, true))
		list, err := w.Erasing(w.ctx, 10)
		w.must(err)
		ids, err := w.OpenTasksOf(w.ctx, w.adaAccount, 10)
		w.must(err)
		if len(list) != 1 || len(ids) != 1 || ids[0] != open.ID {
			t.Errorf("erasing %+v, open %v", list, ids)
		}
		w.must(w.Erased(w.ctx, w.adaAccount))
		w.must(w.RegisterAccount(w.ctx, w.adaAccount))
		w.wants(tasks.CodeUnique, w.RegisterAccount(w.ctx, w.adaAccount))
	})
}

func TestTheEpochIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		got, err := w.Epoch(w.ctx)
		w.must(err)
		if got != "" {
			t.Errorf("a new store has epoch %q", got)
		}
		w.must(w.SetEpoch(w.ctx, "1"))
		w.must(w.SetEpoch(w.ctx, "2"))
		if got, err = w.Epoch(w.ctx); err != nil || got != "2" {
			t.Errorf("epoch %q, %v", got, err)
		}
	})
}

func TestBlobsOfInputsAndResultsAreInUse(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		n := stored(w.ada)
		n.Inputs = []tasks.Input{{Parameter: "file", Size: 1, Blob: "inputs/a"}}
		e := published(w.start(w.submit(n).ID, time.Minute).Fence(), "")
		e.Result.Blob = "results/b"
		w.submit(n)
		_, err := w.Finish(w.ctx, e)
		w.must(err)
		got, err := w.BlobsInUse(w.ctx, []string{"inputs/a", "results/b", "results/orphan"})
		w.must(err)
		if d := cmp.Diff(map[string]bool{"inputs/a": true, "results/b": true}, got); d != "" {
			t.Error(d)
		}
	})
}
