package store_test

import (
	"sync"
	"testing"
	"time"

	"asapi/tasks"
)

func TestACancellationThatMeetsAnEndHasOneWinner(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		cancelled := 0
		for range 40 {
			task := w.submit(stored(w.ada))
			end := published(w.start(task.ID, time.Minute).Fence(), "x")
			var finished error
			var told []tasks.Task
			var both sync.WaitGroup
			both.Go(func() { _, finished = w.Finish(w.ctx, end) })
			both.Go(func() {
				var err error
				if told, err = w.Cancel(w.ctx, w.ada.ID, []tasks.ID{task.ID}); err != nil {
					t.Error(err)
				}
			})
			both.Wait()
			won := tasks.CodeOf(finished) == tasks.CodeCancelled
			if won {
				cancelled++
				_, err := w.Finish(w.ctx, tasks.Ending{Fence: end.Fence, State: tasks.Cancelled, ErrorCode: tasks.CodeCancelled})
				w.must(err)
			} else {
				w.must(finished)
			}
			want := tasks.Published
			if won {
				want = tasks.Cancelled
			}
			if got := w.task(task.ID); got.State != want || got.CancelAsked != won || told[0].CancelAsked != won {
				t.Fatalf("the end says %v, the task is %v, asked to stop: %t; the cancellation was told %v, %t", finished, got.State, got.CancelAsked, told[0].State, told[0].CancelAsked)
			}
		}
		t.Logf("the cancellation won %d of 40", cancelled)
	})
}

func TestWhatWasRecordedCountsWhenTheWorkerOfACancelledRunIsGone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		task := w.submit(stored(w.ada))
		run := w.start(task.ID, time.Nanosecond).Fence() // its lease is over at once
		w.must(w.SaveProgress(w.ctx, run, 20, tasks.Tally{Total: 10, Created: 2}))
		w.must(w.RecordItems(w.ctx, run, []tasks.Item{{Index: 0, Outcome: tasks.Created}, {Index: 1, Outcome: tasks.Created}, {Index: 2, Outcome: tasks.Skipped}}))
		_, err := w.Cancel(w.ctx, w.ada.ID, []tasks.ID{task.ID})
		w.must(err)
		swept, err := w.Sweep(w.ctx, 100)
		w.must(err)
		if len(swept) != 1 || swept[0].ID != task.ID {
			t.Fatalf("swept %+v", swept)
		}
		got := w.task(task.ID)
		if want := (tasks.Tally{Total: 10, Created: 2, Skipped: 1}); got.State != tasks.Cancelled || got.ErrorCode != tasks.CodeCancelled || got.Progress != 20 || got.Items != want {
			t.Errorf("it ended as %+v", got)
		}
	})
}
