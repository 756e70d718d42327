package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

func TestActivitiesAreWhatRunsThenWhatWaitsThenWhatEndedLately(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		waiting := func(p tasks.Priority, later time.Duration) tasks.ID {
			n := stored(w.ada)
			n.Priority, n.Dispatched, n.RunAt = p, false, time.Now().Add(later)
			return w.submit(n).ID
		}
		ended := w.run(stored(w.ada), "x").ID
		low, later, soon := waiting(tasks.Low, 0), waiting(tasks.Default, 2*time.Hour), waiting(tasks.Default, time.Hour)
		dispatched := w.submit(stored(w.ada)).ID
		running := w.submit(stored(w.ada)).ID
		w.start(running, time.Minute)
		other := w.submit(stored(w.bob)).ID
		list := func(client tasks.ClientID, ended time.Duration, limit int) (ids []tasks.ID, total int64) {
			found, total, err := w.Activities(w.ctx, client, ended, limit)
			w.must(err)
			for i := range found {
				ids = append(ids, found[i].ID)
			}
			return ids, total
		}
		want := []tasks.ID{running, dispatched, soon, later, low, ended}
		got, total := list(w.ada.ID, time.Minute, 100)
		if d := cmp.Diff(want, got); d != "" || total != 6 {
			t.Errorf("of %d: %s", total, d)
		}
		if got, total = list(w.ada.ID, time.Minute, 2); cmp.Diff(want[:2], got) != "" || total != 6 {
			t.Errorf("the first two of %d are %v", total, got)
		}
		if got, total = list(w.ada.ID, time.Nanosecond, 100); cmp.Diff(want[:5], got) != "" || total != 5 {
			t.Errorf("without the ended ones they are %d: %v", total, got)
		}
		if got, total = list(tasks.EveryClient, time.Minute, 100); len(got) != 7 || total != 7 || got[2] != other {
			t.Errorf("of every client they are %d: %v", total, got)
		}
	})
}

func TestChangesAreWhatWasSubmittedOrEndedLatelyAndWhatRuns(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		running, waits := w.submit(stored(w.ada)).ID, w.submit(stored(w.ada)).ID
		w.start(running, time.Minute)
		ended := w.run(stored(w.ada), "x").ID
		other := w.submit(stored(w.bob)).ID
		changes := func(client tasks.ClientID, age time.Duration) map[tasks.ID]tasks.State {
			found := map[tasks.ID]tasks.State{}
			for one, err := range w.Changes(w.ctx, client, age) {
				w.must(err)
				found[one.ID] = one.State
			}
			return found
		}
		want := map[tasks.ID]tasks.State{running: tasks.Running, waits: tasks.Pending, ended: tasks.Published}
		if d := cmp.Diff(want, changes(w.ada.ID, time.Minute)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(map[tasks.ID]tasks.State{running: tasks.Running}, changes(w.ada.ID, time.Nanosecond)); d != "" {
			t.Error(d)
		}
		want[other] = tasks.Pending
		if d := cmp.Diff(want, changes(tasks.EveryClient, time.Minute)); d != "" {
			t.Error(d)
		}
	})
}

func TestChangesComeInPages(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		const n = 1100
		var submitting sync.WaitGroup
		for range n {
			submitting.Go(func() {
				if _, err := w.Submit(w.ctx, stored(w.ada)); err != nil {
					t.Error(err)
				}
			})
		}
		submitting.Wait()
		seen := map[tasks.ID]bool{}
		for one, err := range w.Changes(w.ctx, w.ada.ID, time.Hour) {
			w.must(err)
			seen[one.ID] = true
		}
		if len(seen) != n {
			t.Errorf("%d of %d came", len(seen), n)
		}
	})
}

func TestACancellationForEveryClientFindsATaskOfAnyClient(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		one := w.submit(stored(w.bob))
		found, err := w.Cancel(w.ctx, w.ada.ID, []tasks.ID{one.ID})
		w.must(err)
		if len(found) != 0 {
			t.Error("another client cancels it")
		}
		found, err = w.Cancel(w.ctx, tasks.EveryClient, []tasks.ID{one.ID})
		w.must(err)
		if len(found) != 1 || found[0].State != tasks.Cancelled {
			t.Errorf("found %+v", found)
		}
	})
}
