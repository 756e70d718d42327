package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
)

func TestASubmittedTaskIsFoundByItsClientOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		n := stored(w.ada)
		n.Deadline = time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
		got := w.submit(n)
		want := tasks.Task{
			ID: got.ID, Number: 1, Client: w.ada.ID, Service: "tracker", Action: "import-trackers", Account: "alice", Protocol: tasks.ASStore,
			Priority: tasks.Default, CreatedAt: got.CreatedAt, RunAt: got.RunAt, Deadline: n.Deadline,
		}
		if d := cmp.Diff(want, w.task(got.ID)); d != "" {
			t.Error(d)
		}
		if time.Since(got.CreatedAt).Abs() > time.Minute {
			t.Errorf("created at %v", got.CreatedAt)
		}
		others, err := w.Tasks(w.ctx, w.bob.ID, []tasks.ID{got.ID})
		w.must(err)
		if len(others) != 0 {
			t.Error("another client sees the task")
		}
	})
}

func TestSubmittingNeedsARegisteredAccount(t *testing.T) {
	onBoth(t, func(_ *testing.T, w *world) {
		n := stored(w.ada)
		n.Account = "nobody"
		_, err := w.Submit(w.ctx, n)
		w.wants(tasks.CodeNoSuchAccount, err)
		w.must(w.FindAccount(w.ctx, w.adaAccount))
		w.must(w.DeregisterAccount(w.ctx, w.adaAccount, false))
		w.wants(tasks.CodeNoSuchAccount, w.FindAccount(w.ctx, w.adaAccount))
		_, err = w.Submit(w.ctx, stored(w.ada))
		w.wants(tasks.CodeNoSuchAccount, err)
		w.must(w.RegisterAccount(w.ctx, w.adaAccount))
		w.submit(stored(w.ada))
	})
}

func TestTheOpenTaskLimitCountsWhatHasNotEnded(t *testing.T) {
	onBoth(t, func(_ *testing.T, w *world) {
		n := stored(w.ada)
		n.OpenTasks = 2
		first := w.submit(n)
		w.submit(n)
		_, err := w.Submit(w.ctx, n)
		w.wants(tasks.CodeLimit, err)
		_, err = w.Finish(w.ctx, published(w.start(first.ID, time.Minute).Fence(), "x"))
		w.must(err)
		w.submit(n)
		other := stored(w.bob)
		other.OpenTasks = 1
		w.submit(other)
	})
}

func TestOneSubmissionWithANulByteDoesNotHurtThoseThatShareItsCommit(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		var wg sync.WaitGroup
		errs := make([]error, 100)
		for i := range errs {
			wg.Go(func() {
				n := stored(w.ada)
				if i == 50 {
					n.Values = map[string][]string{"provider": {"a\x00b"}}
				}
				_, errs[i] = w.Submit(w.ctx, n)
			})
		}
		wg.Wait()
		for i, err := range errs {
			if i != 50 && err != nil {
				t.Errorf("submission %d: %v", i, err)
			}
		}
	})
}

func TestTheSameIdempotencyKeyGivesTheFirstTask(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		keyed := func(c tasks.Client, body string) tasks.NewTask {
			n := stored(c)
			n.Key = &tasks.SubmitKey{Kind: "key", Key: "k1", Body: []byte(body), Keeps: time.Hour}
			return n
		}
		first := w.submit(keyed(w.ada, "body"))
		again, err := w.Submit(w.ctx, keyed(w.ada, "body"))
		w.must(err)
		if !again.Replayed || again.Task.ID != first.ID {
			t.Errorf("got %+v, want a replay of %s", again, first.ID)
		}
		_, err = w.Submit(w.ctx, keyed(w.ada, "other"))
		w.wants(tasks.CodeIdempotency, err)
		if w.submit(keyed(w.bob, "other")).ID == first.ID {
			t.Error("two clients share a key")
		}
	})
}

func TestASubmissionThatWasAnsweredIsAnsweredAgainWhateverStandsAgainstANewOne(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		keyed := func(key, body string) tasks.NewTask {
			n := stored(w.ada)
			n.OpenTasks = 1
			n.Key = &tasks.SubmitKey{Kind: "key", Key: key, Body: []byte(body), Keeps: time.Hour}
			return n
		}
		first := w.submit(keyed("k1", "body"))
		again := func(n tasks.NewTask) {
			t.Helper()
			done, err := w.Submit(w.ctx, n)
			w.must(err)
			if !done.Replayed || done.Task.ID != first.ID {
				t.Errorf("got %+v, want a replay of %s", done, first.ID)
			}
		}
		again(keyed("k1", "body")) // no more tasks may be open
		_, err := w.Submit(w.ctx, keyed("k1", "other"))
		w.wants(tasks.CodeIdempotency, err)
		_, err = w.Submit(w.ctx, keyed("k2", "body"))
		w.wants(tasks.CodeLimit, err)
		refused := keyed("k1", "body")
		refused.Refused = &tasks.Error{Code: tasks.CodeInvalidParameter, Message: "Too late."}
		refused.Account = "\x00" // what is refused is not checked, nor does it hurt
		again(refused)
		refused.Key.Key = "k2"
		_, err = w.Submit(w.ctx, refused)
		w.wants(tasks.CodeInvalidParameter, err)
		w.must(w.DeregisterAccount(w.ctx, w.adaAccount, false))
		again(keyed("k1", "body"))
		_, err = w.Submit(w.ctx, keyed("k2", "body"))
		w.wants(tasks.CodeNoSuchAccount, err)
		w.must(w.RegisterAccount(w.ctx, w.adaAccount))
		list, err := w.ListTasks(w.ctx, w.ada.ID, tasks.TaskFilter{})
		w.must(err)
		if len(list.Tasks) != 1 {
			t.Errorf("%d tasks were made", len(list.Tasks))
		}
	})
}

func TestARefusedSubmissionIsNotAnsweredByAKeyThatIsForgotten(t *testing.T) {
	onBoth(t, func(_ *testing.T, w *world) {
		n := stored(w.ada)
		n.OpenTasks = 1
		n.Key = &tasks.SubmitKey{Kind: "unique", Key: "u", Body: []byte("b"), Keeps: time.Microsecond}
		w.submit(n)
		_, err := w.Submit(w.ctx, n)
		for err == nil { // SQLite's clock ticks in milliseconds
			_, err = w.Submit(w.ctx, n)
		}
		w.wants(tasks.CodeLimit, err)
	})
}

func TestAKeyIsForgottenAfterItsTime(t *testing.T) {
	onBoth(t, func(_ *testing.T, w *world) {
		n := stored(w.ada)
		n.Key = &tasks.SubmitKey{Kind: "unique", Key: "u", Body: []byte("b"), Keeps: time.Microsecond}
		first := w.submit(n)
		second := w.submit(n)
		for second.ID == first.ID { // SQLite's clock ticks in milliseconds
			second = w.submit(n)
		}
	})
}

func TestConcurrentSubmissionsWithOneKeyMakeOneTask(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		var wg sync.WaitGroup
		ids := make([]tasks.ID, 200)
		for i := range ids {
			wg.Go(func() {
				n := stored(w.ada)
				n.Key = &tasks.SubmitKey{Kind: "key", Key: fmt.Sprint(i % 10), Body: []byte("b"), Keeps: time.Hour}
				done, err := w.Submit(w.ctx, n)
				if err != nil {
					t.Error(err)
				}
				ids[i] = done.Task.ID
			})
		}
		wg.Wait()
		distinct := map[tasks.ID]bool{}
		for _, id := range ids {
			distinct[id] = true
		}
		if len(distinct) != 10 {
			t.Errorf("10 keys made %d tasks", len(distinct))
		}
		list, err := w.ListTasks(w.ctx, w.ada.ID, tasks.TaskFilter{})
		w.must(err)
		if len(list.Tasks) != 10 {
			t.Errorf("%d rows were made", len(list.Tasks))
		}
	})
}

func TestListingPagesNewestFirstAndFilters(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		var ids []tasks.ID
		for range 5 {
			ids = append([]tasks.ID{w.submit(stored(w.ada)).ID}, ids...)
		}
		w.submit(stored(w.bob))
		var got []tasks.ID
		f := tasks.TaskFilter{Limit: 2, Service: "tracker", States: []tasks.State{tasks.Pending}}
		for {
			page, err := w.ListTasks(w.ctx, w.ada.ID, f)
			w.must(err)
			for _, task := range page.Tasks {
				got = append(got, task.ID)
			}
			if f.After = page.Next; f.After.IsZero() {
				break
			}
		}
		if d := cmp.Diff(ids, got); d != "" {
			t.Error(d)
		}
		none, err := w.ListTasks(w.ctx, w.ada.ID, tasks.TaskFilter{States: []tasks.State{tasks.Failed}})
		w.must(err)
		if len(none.Tasks) != 0 {
			t.Errorf("found %d failed tasks", len(none.Tasks))
		}
	})
}
