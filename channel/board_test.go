package channel_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/channel"
	"asapi/internal/testserver"
	"asapi/tasks"
)

// watcher notes the kinds of notices by task, and where they stood.
type watcher struct {
	w        *world
	watching tasks.Watching
	told     map[tasks.ID][]tasks.NoticeKind
	last     map[tasks.ID]tasks.Task
	position string
}

func (w *world) watcher(h *channel.Hub, after string) *watcher {
	w.t.Helper()
	watching, err := h.Watch(w.t.Context(), tasks.WatchRequest{Client: w.client.ID, After: after})
	w.must(err)
	w.t.Cleanup(watching.Close)
	return &watcher{w, watching, map[tasks.ID][]tasks.NoticeKind{}, map[tasks.ID]tasks.Task{}, ""}
}

// until reads until the last thing that is told of a task is of a kind.
func (r *watcher) until(id tasks.ID, kind tasks.NoticeKind) {
	r.w.t.Helper()
	ctx, stop := context.WithTimeout(r.w.t.Context(), patience)
	defer stop()
	for {
		if told := r.told[id]; len(told) > 0 && told[len(told)-1] == kind {
			return
		}
		b, err := r.watching.Next(ctx, time.Minute)
		if err != nil {
			r.w.t.Fatalf("waiting for %s of %s, told %v: %v", kind, id, r.told[id], err)
		}
		for _, n := range b.Notices {
			r.told[n.Task.ID] = append(r.told[n.Task.ID], n.Kind)
			r.last[n.Task.ID], r.position = n.Task, n.Position
		}
	}
}

// once fails unless a task was told to have begun, and to have ended, once each and in that
// order.
func (r *watcher) once(id tasks.ID) {
	r.w.t.Helper()
	told := r.told[id]
	started, ended := 0, 0
	for _, kind := range told {
		switch kind {
		case tasks.NoticeStarted:
			started++
		case tasks.NoticeEnded:
			ended++
		case tasks.NoticeUpdated:
		}
	}
	if started != 1 || ended != 1 || told[0] != tasks.NoticeStarted || told[len(told)-1] != tasks.NoticeEnded {
		r.w.t.Errorf("of task %s it was told %v", id, told)
	}
}

func (w *world) submitted() tasks.Task {
	w.t.Helper()
	done, err := w.store.Submit(w.t.Context(), tasks.NewTask{
		Client: w.client.ID, Service: "ledger", Action: "import", Account: "alice", Protocol: tasks.ASStore,
		Priority: tasks.Default, MaxAttempts: 3, Dispatched: true,
	})
	w.must(err)
	return done.Task
}

func fresh(t tasks.Task) tasks.Event { return tasks.Event{Task: t.ID, Client: t.Client, New: true} }

func TestWatchersInEveryProcessAreToldOfEveryBeginAndEndOnce(t *testing.T) {
	w := newWorld(t)
	here, there := w.hub(), w.hub()
	watchers := []*watcher{w.watcher(here, ""), w.watcher(there, "")}
	other := w.as("bob")
	theirs := other.publish([]byte("x"))
	here.Publish(fresh(theirs), tasks.EventOf(&theirs))
	var ended []tasks.Task
	for range 20 {
		one := w.publish([]byte("x"))
		here.Publish(fresh(one), tasks.EventOf(&one), tasks.EventOf(&one))
		ended = append(ended, one)
	}
	for _, r := range watchers {
		for _, one := range ended {
			r.until(one.ID, tasks.NoticeEnded)
			r.once(one.ID)
		}
		if told := r.told[theirs.ID]; told != nil {
			t.Errorf("of another client's task it was told %v", told)
		}
	}
}

func TestAWatcherCatchesUpFromTheStoreWhenRedisWasAway(t *testing.T) {
	w := newWorld(t)
	h := w.hub()
	r := w.watcher(h, "")
	runs := w.submitted()
	h.Publish(fresh(runs))
	r.until(runs.ID, tasks.NoticeStarted)
	w.redis.Close()
	// Nobody tells of any of this.
	a, err := w.store.Start(t.Context(), runs.ID, time.Minute)
	w.must(err)
	w.must(w.store.SaveProgress(t.Context(), a.Fence(), 42, tasks.Tally{}))
	done, waits := w.publish([]byte("x")), w.submitted()
	r.until(runs.ID, tasks.NoticeUpdated)
	for r.last[runs.ID].Progress != 42 {
		r.told[runs.ID] = nil
		r.until(runs.ID, tasks.NoticeUpdated)
	}
	r.until(done.ID, tasks.NoticeEnded)
	r.until(waits.ID, tasks.NoticeStarted)
	w.must(w.redis.Restart())
	_, err = w.store.Finish(t.Context(), tasks.Ending{Fence: a.Fence(), State: tasks.Failed, ErrorCode: tasks.CodeInvalid})
	w.must(err)
	r.until(runs.ID, tasks.NoticeEnded)
	r.once(done.ID)
}

func TestAWatcherGoesOnInAnotherProcessWhereItWas(t *testing.T) {
	w := newWorld(t)
	here, there := w.hub(), w.hub()
	r := w.watcher(here, "")
	first := w.publish([]byte("x"))
	here.Publish(fresh(first), tasks.EventOf(&first))
	r.until(first.ID, tasks.NoticeEnded)
	missed := w.publish([]byte("x"))
	again := w.watcher(there, r.position)
	again.until(missed.ID, tasks.NoticeEnded)
	again.once(missed.ID)
}

func TestAWatcherThatComesBackAfterEverybodyHadLeftMissesNothing(t *testing.T) {
	w := newWorld(t)
	h := w.hub()
	r := w.watcher(h, "")
	first := w.publish([]byte("x"))
	h.Publish(fresh(first), tasks.EventOf(&first))
	r.until(first.ID, tasks.NoticeEnded)
	r.watching.Close()
	h.ForgetWatched()
	missed := w.publish([]byte("x"))
	again := w.watcher(h, r.position)
	batch, err := again.watching.Next(t.Context(), 0) // what was missed is there at once
	w.must(err)
	var told []tasks.NoticeKind
	for _, n := range batch.Notices {
		if n.Task.ID == missed.ID {
			told = append(told, n.Kind)
		}
	}
	if d := cmp.Diff([]tasks.NoticeKind{tasks.NoticeStarted, tasks.NoticeEnded}, told); d != "" {
		t.Error(d)
	}
}

func TestAWatcherWhoseContextEndsIsToldWhy(t *testing.T) {
	w := newWorld(t)
	r := w.watcher(w.hub(), "")
	ctx, end := context.WithCancelCause(t.Context())
	end(tasks.ErrTokenEnded)
	if _, err := r.watching.Next(ctx, time.Minute); !errors.Is(err, tasks.ErrTokenEnded) {
		t.Errorf("it ended with %v", err)
	}
}

func TestAnEventThatNobodyToldIsFoundByLooking(t *testing.T) {
	w := newWorld(t)
	h := w.hub()
	r := w.watcher(h, "")
	lost := w.publish([]byte("x")) // its worker was killed before it could tell
	testserver.Eventually(t, 2*patience, func() bool {
		b, err := r.watching.Next(t.Context(), 100*time.Millisecond)
		w.must(err)
		for _, n := range b.Notices {
			if n.Task.ID == lost.ID && n.Kind == tasks.NoticeEnded {
				return true
			}
		}
		return false
	}, "the event")
}
