package store_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"asapi/store/storetest"
	"asapi/tasks"
)

// expire runs until nothing more is to be deleted.
func (w *world) expire(keep tasks.Retention) {
	w.t.Helper()
	for range 100 {
		more, err := w.Expire(w.ctx, keep, 2)
		w.must(err)
		if !more {
			return
		}
	}
	w.t.Fatal("expiry does not come to an end")
}

func TestAResultExpiresAndItsTaskSaysSo(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		stream := w.stream(w.ada)
		var stale []tasks.Task
		for range 5 {
			stale = append(stale, w.run(stored(w.ada), "x"), w.run(streamed(w.ada, stream), "y"))
		}
		taken := w.run(stored(w.ada), "z")
		_, err := w.Consume(w.ctx, w.ada.ID, []tasks.ID{taken.ID})
		w.must(err)
		w.expire(tasks.Retention{Results: time.Hour, Tasks: time.Hour})
		if w.task(stale[0].ID).Expired {
			t.Fatal("a result expired before its time")
		}
		w.expire(tasks.Retention{Results: -time.Second, Tasks: time.Hour})
		for _, s := range stale {
			if got := w.task(s.ID); !got.Expired || got.State != tasks.Published || got.Fetchable() {
				t.Errorf("got %+v", got)
			}
		}
		if got := w.task(taken.ID); got.Expired || !got.Retrieved {
			t.Errorf("a consumed result is told as expired: %+v", got)
		}
		w.must(w.Hold(w.ctx, "h", time.Minute))
		_, err = w.ClaimResult(w.ctx, "h", w.ada.ID, stale[0].ID)
		w.wants(tasks.CodeResultNotFound, err)
		claim, err := w.ClaimStream(w.ctx, "h", stream, 0, 10, 1<<20)
		w.must(err)
		if claim.ID != 0 {
			t.Error("an expired message is still on its stream")
		}
	})
}

func TestAClientsOwnRetentionGoesBeforeTheServers(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		own, others := w.run(stored(w.ada), "x"), w.run(stored(w.bob), "x")
		w.must(w.KeepResults(w.ctx, w.ada.ID, time.Hour))
		w.expire(tasks.Retention{Results: -time.Second, Tasks: time.Hour})
		if w.task(own.ID).Expired {
			t.Error("the client's own time does not count")
		}
		list, err := w.Tasks(w.ctx, w.bob.ID, []tasks.ID{others.ID})
		w.must(err)
		if !list[0].Expired {
			t.Error("the server's time does not count for the other client")
		}
	})
}

func TestAResultThatIsBeingDeliveredDoesNotExpire(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		task := w.run(stored(w.ada), "x")
		w.must(w.Hold(w.ctx, "h", time.Minute))
		claim, err := w.ClaimResult(w.ctx, "h", w.ada.ID, task.ID)
		w.must(err)
		w.expire(tasks.Retention{Results: -time.Second, Tasks: time.Hour})
		w.must(w.ConsumeClaimed(w.ctx, claim.ID, claim.Results))
		if got := w.task(task.ID); got.Expired || !got.Retrieved {
			t.Errorf("got %+v", got)
		}
	})
}

func TestTasksAreForgottenLongAfterTheirEndAndNotBefore(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		var ended []tasks.Task
		for range 5 {
			ended = append(ended, w.run(stored(w.ada), "x"))
		}
		open := w.submit(stored(w.ada))
		// An id made in the same millisecond is not before it: wait for the next.
		for next := w.submit(stored(w.ada)); next.ID[5] == open.ID[5]; {
			next = w.submit(stored(w.ada))
		}
		w.expire(tasks.Retention{Results: time.Hour, Tasks: 0})
		for _, e := range ended {
			if list, err := w.Tasks(w.ctx, w.ada.ID, []tasks.ID{e.ID}); err != nil || len(list) != 0 {
				t.Errorf("an old task is still there: %+v, %v", list, err)
			}
		}
		if w.task(open.ID).State != tasks.Pending {
			t.Error("an open task was forgotten")
		}
	})
}

func TestInputsOfFailedTasksAreForgottenWithTheirTime(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		n := stored(w.ada)
		n.Inputs = []tasks.Input{{Parameter: "file", Size: 1, Blob: "inputs/a"}}
		task := w.submit(n)
		_, err := w.Finish(w.ctx, tasks.Ending{Fence: w.start(task.ID, time.Minute).Fence(), State: tasks.Failed, ErrorCode: "x"})
		w.must(err)
		used := func() bool {
			keys, err := w.BlobsInUse(w.ctx, []string{"inputs/a"})
			w.must(err)
			return keys["inputs/a"]
		}
		w.expire(tasks.Retention{Results: time.Hour, Tasks: time.Hour})
		if !used() {
			t.Fatal("the input of a failed task went before its time")
		}
		w.expire(tasks.Retention{Results: -time.Second, Tasks: time.Hour})
		if used() {
			t.Error("the input of a failed task stays for ever")
		}
	})
}

// On PostgreSQL TestDiskIsGivenBackWhenWhatADayLeftIsForgotten shows the same.
func TestSQLiteGivesDiskBackWhenTasksAreForgotten(t *testing.T) {
	url := storetest.SQLite(t)
	path := strings.TrimPrefix(url, "sqlite:")
	w := newWorld(t, url)
	w.busyDay()
	pages := func(pragma string) (n int) {
		w.must(w.DB().Gorm(w.ctx).Raw("PRAGMA " + pragma).Row().Scan(&n))
		return n
	}
	full := pages("page_count")
	for pages("page_count") == full || pages("freelist_count") > 0 {
		_, err := w.Expire(w.ctx, nothing, 1000)
		w.must(err)
	}
	w.must(w.Close()) // which writes the log into the file
	file, err := os.Stat(path)
	w.must(err)
	if file.Size() > 2_000_000 {
		t.Errorf("after everything was forgotten the file has %d bytes", file.Size())
	}
}
