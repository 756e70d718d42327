package worker

import (
	"context"
	"sync"
	"time"

	"asapi/tasks"
)

// activeRun is a run in this process.
type activeRun struct {
	fence   tasks.Fence
	started time.Time
	renewed time.Time // when its lease was last known to be held
	cancel  context.CancelCauseFunc
}

// runs are the runs of this process.
type runs struct {
	mu     sync.Mutex
	byTask map[tasks.ID]*activeRun
	empty  chan struct{} // closed when the last run ends, while somebody waits
}

func (r *runs) add(f tasks.Fence, cancel context.CancelCauseFunc) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, ok := r.byTask[f.Task]; ok {
		old.cancel(tasks.ErrLeaseLost) // this process took its own task over
	}
	r.byTask[f.Task] = &activeRun{fence: f, started: now, renewed: now, cancel: cancel}
}

func (r *runs) remove(f tasks.Fence) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a, ok := r.byTask[f.Task]; ok && a.fence == f {
		delete(r.byTask, f.Task)
	}
	if len(r.byTask) == 0 && r.empty != nil {
		close(r.empty)
		r.empty = nil
	}
}

func (r *runs) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.byTask)
}

// lasting lists the runs that are older than an age: short ones end before
// their lease needs care.
func (r *runs) lasting(age time.Duration) []tasks.Fence {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []tasks.Fence
	for _, a := range r.byTask {
		if time.Since(a.started) >= age {
			list = append(list, a.fence)
		}
	}
	return list
}

func (r *runs) each(f func(*activeRun)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.byTask {
		f(a)
	}
}

func (r *runs) renewed() {
	now := time.Now()
	r.each(func(a *activeRun) { a.renewed = now })
}

// stopStale stops the runs whose lease may be over without our knowing.
func (r *runs) stopStale(lease time.Duration) {
	r.each(func(a *activeRun) {
		if time.Since(a.renewed) > lease {
			a.cancel(tasks.ErrLeaseLost)
		}
	})
}

func (r *runs) stop(id tasks.ID, cause error) {
	r.each(func(a *activeRun) {
		if a.fence.Task == id {
			a.cancel(cause)
		}
	})
}

func (r *runs) stopFence(f tasks.Fence, cause error) {
	r.each(func(a *activeRun) {
		if a.fence == f {
			a.cancel(cause)
		}
	})
}

func (r *runs) stopAll(cause error) { r.each(func(a *activeRun) { a.cancel(cause) }) }

// wait waits until no run is left, or for a time.
func (r *runs) wait(most time.Duration) {
	r.mu.Lock()
	if len(r.byTask) == 0 {
		r.mu.Unlock()
		return
	}
	if r.empty == nil {
		r.empty = make(chan struct{})
	}
	empty := r.empty
	r.mu.Unlock()
	select {
	case <-empty:
	case <-time.After(most):
	}
}
