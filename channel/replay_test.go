package channel_test

import (
	"context"
	"iter"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"asapi/channel"
	"asapi/tasks"
)

// elsewhere is a position of another process, of so long ago.
func elsewhere(ago time.Duration) string {
	return strconv.FormatInt(time.Now().Add(-ago).UnixMilli(), 10) + "-elsewhere-1"
}

// submittedAtOnce submits so many tasks, which share commits.
func (w *world) submittedAtOnce(n int) []tasks.ID {
	w.t.Helper()
	ids := make([]tasks.ID, n)
	var group errgroup.Group
	for i := range ids {
		group.Go(func() error {
			done, err := w.store.Submit(w.t.Context(), tasks.NewTask{
				Client: w.client.ID, Service: "ledger", Action: "import", Account: "alice", Protocol: tasks.ASStore,
				Priority: tasks.Default, MaxAttempts: 3, Dispatched: true,
			})
			ids[i] = done.Task.ID
			return err
		})
	}
	w.must(group.Wait())
	return ids
}

func TestAWatcherThatIsBrokenOffInTheMiddleOfWhatItMissedGoesOnThere(t *testing.T) {
	w := newWorld(t)
	position := elsewhere(time.Second)
	missed := w.submittedAtOnce(600) // more than one batch
	h := w.hub()
	r := w.watcher(h, position)
	batch, err := r.watching.Next(t.Context(), time.Minute)
	w.must(err)
	told := map[tasks.ID]bool{}
	for _, n := range batch.Notices {
		told[n.Task.ID] = true
	}
	if len(told) == len(missed) {
		t.Fatal("all was told in one batch")
	}
	again := w.watcher(h, batch.Notices[len(batch.Notices)-1].Position)
	for _, id := range missed {
		if !told[id] {
			again.until(id, tasks.NoticeStarted)
		}
	}
}

func TestWhatRunsIsToldToAWatcherThatComesBackHoweverShortItWasAway(t *testing.T) {
	w := newWorld(t)
	one := w.submitted()
	a, err := w.store.Start(t.Context(), one.ID, time.Minute)
	w.must(err)
	w.must(w.store.SaveProgress(t.Context(), a.Fence(), 42, tasks.Tally{}))
	r := w.watcher(w.hub(), elsewhere(-time.Second)) // its clock is ahead
	r.until(one.ID, tasks.NoticeUpdated)
	if got := r.last[one.ID].Progress; got != 42 {
		t.Errorf("progress is %d", got)
	}
}

// asked counts how often the store is asked what changed.
type asked struct {
	channel.Store
	times atomic.Int64
}

func (a *asked) Changes(ctx context.Context, client tasks.ClientID, age time.Duration) iter.Seq2[tasks.Task, error] {
	a.times.Add(1)
	return a.Store.Changes(ctx, client, age)
}

func TestWatchersThatComeBackAtOnceShareWhatTheyMissed(t *testing.T) {
	w := newWorld(t)
	missed := w.publish([]byte("x"))
	store := &asked{Store: w.store}
	h := w.hub(func(c *channel.Config) { c.Store, c.Redis = store, nil })
	const back = 500
	batches := make([]*tasks.Batch, back)
	var group errgroup.Group
	position := elsewhere(time.Second)
	for i := range batches {
		group.Go(func() error {
			watching, err := h.Watch(t.Context(), tasks.WatchRequest{Client: w.client.ID, After: position})
			if err != nil {
				return err
			}
			defer watching.Close()
			batches[i], err = watching.Next(t.Context(), time.Minute)
			return err
		})
	}
	w.must(group.Wait())
	different := map[*tasks.Batch]bool{}
	for _, b := range batches {
		different[b] = true
		if b.Notices[len(b.Notices)-1].Task.ID != missed.ID {
			t.Fatalf("it was told %v", b.Notices)
		}
	}
	// A slow machine may take longer than one is given to those who come.
	if n := len(different); n > back/10 || store.times.Load() > back/10 {
		t.Errorf("%d watchers were given %d different batches, for which the store was asked %d times", back, n, store.times.Load())
	}
}
