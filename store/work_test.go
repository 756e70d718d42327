package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

func TestATaskIsStartedByOneWorkerOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		task := w.submit(stored(w.ada))
		var started atomic.Int32
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, err := w.Start(w.ctx, task.ID, time.Minute)
				switch tasks.CodeOf(err) {
				case "":
					started.Add(1)
				case tasks.CodeNotFound:
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if started.Load() != 1 {
			t.Errorf("started %d times", started.Load())
		}
	})
}

func TestAStartGivesWhatWasSubmitted(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		n := stored(w.ada)
		n.Sealed = []byte{1, 2, 0, 255}
		n.Inputs = []tasks.Input{
			{Parameter: "a", Filename: "list.xml", ContentType: "text/xml", Size: 3, Inline: []byte{0, 'x', 255}},
			{Parameter: "b", Size: 99, Blob: "inputs/1"},
		}
		a := w.start(w.submit(n).ID, time.Minute)
		if d := cmp.Diff(n.Inputs, a.Inputs); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(n.Values, a.Values); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(n.Sealed, a.Sealed); d != "" {
			t.Error(d)
		}
		if a.Task.Attempt != 1 || a.Task.Tries != 1 || a.Task.State != tasks.Running || a.MaxAttempts != 3 {
			t.Errorf("got %+v", a)
		}
	})
}

func TestARunThatLostItsLeaseCannotWrite(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		task := w.submit(stored(w.ada))
		old := w.start(task.ID, -time.Second)
		again := w.start(task.ID, time.Minute)
		if again.Task.Attempt != 2 {
			t.Fatalf("attempt %d", again.Task.Attempt)
		}
		if _, err := w.Finish(w.ctx, published(old.Fence(), "old")); err != tasks.ErrLeaseLost { //nolint:errorlint // it is given as it is
			t.Errorf("the old run finished: %v", err)
		}
		if err := w.SaveProgress(w.ctx, old.Fence(), 50, tasks.Tally{}); err != tasks.ErrLeaseLost { //nolint:errorlint // it is given as it is
			t.Errorf("the old run saved progress: %v", err)
		}
		if err := w.RecordItems(w.ctx, old.Fence(), []tasks.Item{{Key: "x"}}); err != tasks.ErrLeaseLost { //nolint:errorlint // it is given as it is
			t.Errorf("the old run recorded an item: %v", err)
		}
		stops, err := w.Renew(w.ctx, []tasks.Fence{old.Fence(), again.Fence()}, time.Minute)
		w.must(err)
		if d := cmp.Diff([]tasks.Fence{old.Fence()}, fences(stops)); d != "" {
			t.Error(d)
		}
		_, err = w.Finish(w.ctx, published(again.Fence(), "new"))
		w.must(err)
		r, err := w.PeekResult(w.ctx, w.ada.ID, task.ID)
		w.must(err)
		if string(r.Inline) != "new" {
			t.Errorf("the result is %q", r.Inline)
		}
	})
}

func fences(stops []tasks.Stop) []tasks.Fence {
	var list []tasks.Fence
	for _, s := range stops {
		list = append(list, s.Fence)
	}
	return list
}

func TestARetryWaitsForItsTimeAndKeepsItemsAndInputs(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		n := stored(w.ada)
		n.Inputs = []tasks.Input{{Parameter: "file", Size: 1, Inline: []byte("x")}}
		task := w.submit(n)
		a := w.start(task.ID, time.Minute)
		w.must(w.RecordItems(w.ctx, a.Fence(), []tasks.Item{
			{Index: 0, Key: "k0", Outcome: tasks.Created, Refs: map[string]string{"tracker": "t"}},
			{Index: 1, Key: "k1", Outcome: tasks.ItemFailed, Reason: "broken\x00"},
		}))
		back, err := w.Finish(w.ctx, tasks.Ending{Fence: a.Fence(), State: tasks.Pending, RetryAt: time.Now().Add(time.Hour), ErrorDetail: "later"})
		w.must(err)
		if back.State != tasks.Pending || time.Until(back.RunAt) < 50*time.Minute {
			t.Errorf("put back as %+v", back)
		}
		none, err := w.TakeBacklog(w.ctx, tasks.Default, tasks.Waiting{Client: w.ada.ID}, 10)
		w.must(err)
		if len(none) != 0 {
			t.Error("dispatched before its time")
		}
		tally, next, err := w.Recorded(w.ctx, task.ID)
		w.must(err)
		if next != 2 || tally != (tasks.Tally{Created: 1, Failed: 1}) {
			t.Errorf("recorded %+v up to %d", tally, next)
		}
		var items []tasks.Item
		for item, err := range w.Items(w.ctx, task.ID) {
			w.must(err)
			items = append(items, item)
		}
		want := []tasks.Item{
			{Index: 0, Key: "k0", Outcome: tasks.Created, Refs: map[string]string{"tracker": "t"}},
			{Index: 1, Key: "k1", Outcome: tasks.ItemFailed, Reason: "broken"},
		}
		if d := cmp.Diff(want, items); d != "" {
			t.Error(d)
		}
	})
}

func TestShuttingDownPutsATaskBackUncounted(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		task := w.submit(stored(w.ada))
		a := w.start(task.ID, time.Minute)
		back, err := w.Finish(w.ctx, tasks.Ending{Fence: a.Fence(), State: tasks.Pending, Uncounted: true})
		w.must(err)
		if back.Tries != 0 || back.Attempt != 1 {
			t.Errorf("tries %d, attempt %d", back.Tries, back.Attempt)
		}
		ds, err := w.TakeBacklog(w.ctx, tasks.Default, tasks.Waiting{Client: w.ada.ID}, 10)
		w.must(err)
		if d := cmp.Diff([]tasks.Dispatch{{Task: task.ID, Number: 2, Priority: tasks.Default}}, ds); d != "" {
			t.Error(d)
		}
	})
}

func TestCancellingAWaitingTaskEndsItAndTellsItsStream(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		stream := w.stream(w.ada)
		task := w.submit(streamed(w.ada, stream))
		none, err := w.Cancel(w.ctx, w.bob.ID, []tasks.ID{task.ID})
		w.must(err)
		if len(none) != 0 {
			t.Fatal("another client cancelled it")
		}
		for range 2 { // cancelling twice is once
			got, err := w.Cancel(w.ctx, w.ada.ID, []tasks.ID{task.ID})
			w.must(err)
			if len(got) != 1 || got[0].State != tasks.Cancelled || got[0].ErrorCode != tasks.CodeCancelled {
				t.Errorf("got %+v", got)
			}
		}
		_, err = w.Start(w.ctx, task.ID, time.Minute)
		w.wants(tasks.CodeNotFound, err)
		w.must(w.Hold(w.ctx, "h", time.Minute))
		claim, err := w.ClaimStream(w.ctx, "h", stream, 0, 10, 1<<20)
		w.must(err)
		if len(claim.Results) != 1 || claim.Results[0].Success {
			t.Errorf("the stream holds %+v", claim.Results)
		}
	})
}

func TestACancellationThatComesBeforeTheEndWins(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		task := w.submit(stored(w.ada))
		a := w.start(task.ID, time.Minute)
		got, err := w.Cancel(w.ctx, w.ada.ID, []tasks.ID{task.ID})
		w.must(err)
		if got[0].State != tasks.Running || !got[0].CancelAsked {
			t.Errorf("got %+v", got[0])
		}
		stops, err := w.Renew(w.ctx, []tasks.Fence{a.Fence()}, time.Minute)
		w.must(err)
		if len(stops) != 1 || tasks.CodeOf(stops[0].Cause) != tasks.CodeCancelled {
			t.Errorf("stops %+v", stops)
		}
		_, err = w.Finish(w.ctx, published(a.Fence(), "late"))
		w.wants(tasks.CodeCancelled, err)
		done, err := w.Finish(w.ctx, tasks.Ending{Fence: a.Fence(), State: tasks.Cancelled, ErrorCode: tasks.CodeCancelled, Progress: 40})
		w.must(err)
		if done.State != tasks.Cancelled || done.Progress != 40 {
			t.Errorf("ended as %+v", done)
		}
	})
}

func TestSecretsAreErasedWhenTheTaskEndsAndSuchATaskIsNotRetried(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		failed := func(sealed []byte) tasks.ID {
			n := stored(w.ada)
			n.Sealed = sealed
			n.Inputs = []tasks.Input{{Parameter: "file", Size: 1, Inline: []byte("x")}}
			task := w.submit(n)
			_, err := w.Finish(w.ctx, tasks.Ending{Fence: w.start(task.ID, time.Minute).Fence(), State: tasks.Failed, ErrorCode: "x", ErrorDetail: "broken"})
			w.must(err)
			return task.ID
		}
		secret, plain := failed([]byte("password")), failed(nil)
		n, err := w.RetryTasks(w.ctx, w.ada.ID, []tasks.ID{secret, plain}, time.Time{})
		w.must(err)
		if n != 1 || w.task(secret).State != tasks.Failed || w.task(plain).State != tasks.Pending {
			t.Errorf("%d tasks wait again", n)
		}
		ds, err := w.TakeBacklog(w.ctx, tasks.Default, tasks.Waiting{Client: w.ada.ID}, 10)
		w.must(err)
		if len(ds) != 1 || len(w.start(ds[0].Task, time.Minute).Inputs) != 1 {
			t.Error("the retried task lost its input")
		}
	})
}
