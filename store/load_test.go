package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"asapi/internal/testserver"
	"asapi/store"
	"asapi/store/storetest"
	"asapi/tasks"
)

// sum adds the minutes up.
func sum(l tasks.Load) tasks.Minute {
	var total tasks.Minute
	for _, m := range l.Minutes {
		total.Submitted += m.Submitted
		total.Succeeded += m.Succeeded
		total.Failed += m.Failed
		total.Cancelled += m.Cancelled
		total.Lag = max(total.Lag, m.Lag)
	}
	return total
}

// TestTheLoadCountsWhatEveryProcessDid counts in two stores on one database.
func TestTheLoadCountsWhatEveryProcessDid(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, url string) {
		t.Helper()
		w := newWorld(t, url)
		other, err := store.Open(w.ctx, store.Config{URL: url})
		w.must(err)
		for _, c := range []tasks.Client{w.ada, w.ada, w.bob} {
			_, err := other.Submit(w.ctx, stored(c))
			w.must(err)
		}
		other.ObserveLag(map[tasks.ClientID]time.Duration{w.ada.ID: 3 * time.Second, tasks.EveryClient: 5 * time.Second})
		w.must(other.Close())

		published, failed, cancelled := w.submit(stored(w.ada)).ID, w.submit(stored(w.ada)).ID, w.submit(stored(w.ada)).ID
		a := w.start(published, time.Minute)
		_, err = w.Finish(w.ctx, tasks.Ending{Fence: a.Fence(), State: tasks.Published})
		w.must(err)
		a = w.start(failed, time.Minute)
		_, err = w.Finish(w.ctx, tasks.Ending{Fence: a.Fence(), State: tasks.Failed})
		w.must(err)
		_, err = w.Cancel(w.ctx, w.ada.ID, []tasks.ID{cancelled})
		w.must(err)
		w.ObserveLag(map[tasks.ClientID]time.Duration{w.ada.ID: time.Second})

		for _, want := range []struct {
			client tasks.ClientID
			sum    tasks.Minute
			open   int64
		}{
			{w.ada.ID, tasks.Minute{Submitted: 5, Succeeded: 1, Failed: 1, Cancelled: 1, Lag: 3 * time.Second}, 2},
			{w.bob.ID, tasks.Minute{Submitted: 1}, 1},
			{tasks.EveryClient, tasks.Minute{Submitted: 6, Succeeded: 1, Failed: 1, Cancelled: 1, Lag: 5 * time.Second}, 3},
		} {
			testserver.Eventually(t, time.Minute, func() error {
				l, err := w.Load(w.ctx, want.client)
				if err != nil {
					return err
				}
				if d := cmp.Diff(want.sum, sum(l), cmpopts.IgnoreFields(tasks.Minute{}, "At")); d != "" {
					return errors.New(d)
				}
				if len(l.Minutes) != tasks.LoadMinutes || l.Open != want.open {
					t.Fatalf("%d minutes, %d open tasks, want %d", len(l.Minutes), l.Open, want.open)
				}
				return nil
			}, "the counts to be written")
		}
	})
}

// TestTheLagIsToldWithoutAWorker: nobody observes it, and waiting tasks show.
func TestTheLagIsToldWithoutAWorker(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		waiting := stored(w.ada)
		waiting.Dispatched = false
		later := stored(w.bob)
		later.Dispatched, later.RunAt = false, time.Now().Add(time.Hour)
		w.submit(later)
		if l, err := w.Load(w.ctx, w.bob.ID); err != nil || l.Lag != 0 {
			t.Errorf("a task that is not due waits for %v: %v", l.Lag, err)
		}
		for _, n := range []tasks.NewTask{waiting, stored(w.bob)} {
			w.submit(n)
			for _, client := range []tasks.ClientID{n.Client, tasks.EveryClient} {
				l, err := w.Load(w.ctx, client)
				w.must(err)
				if l.Lag <= 0 || l.Lag > time.Hour {
					t.Errorf("the lag of client %d is %v", client, l.Lag)
				}
			}
		}
	})
}
