package channel

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"asapi/tasks"
)

// watchers knows who in this process waits for what.
type watchers struct {
	mu      sync.RWMutex
	streams map[string]map[*delivery]struct{}
	ids     map[tasks.ID][]*waiter
	funcs   map[int]func(tasks.Event)
	next    int
	missed  func() // events may have been lost
}

// waiter is one Await.
type waiter struct{ wake chan struct{} }

func (w *watchers) init() {
	w.streams = map[string]map[*delivery]struct{}{}
	w.ids = map[tasks.ID][]*waiter{}
	w.funcs = map[int]func(tasks.Event){}
}

func (w *watchers) addFunc(f func(tasks.Event)) (stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next++
	key := w.next
	w.funcs[key] = f
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.funcs, key)
	}
}

func (w *watchers) addDelivery(d *delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	of := w.streams[d.stream]
	if of == nil {
		of = map[*delivery]struct{}{}
		w.streams[d.stream] = of
	}
	of[d] = struct{}{}
}

func (w *watchers) removeDelivery(d *delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	of := w.streams[d.stream]
	delete(of, d)
	if len(of) == 0 {
		delete(w.streams, d.stream)
	}
}

func (w *watchers) addWaiter(ids []tasks.ID) *waiter {
	one := &waiter{wake: make(chan struct{}, 1)}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		w.ids[id] = append(w.ids[id], one)
	}
	return one
}

func (w *watchers) removeWaiter(one *waiter, ids []tasks.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		rest := w.ids[id][:0]
		for _, other := range w.ids[id] {
			if other != one {
				rest = append(rest, other)
			}
		}
		if len(rest) == 0 {
			delete(w.ids, id)
		} else {
			w.ids[id] = rest
		}
	}
}

// tell wakes everybody whom the events concern.
func (w *watchers) tell(events []tasks.Event) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, e := range events {
		if e.Stream != "" {
			for d := range w.streams[e.Stream] {
				poke(d.wake)
			}
		}
		if e.State.Ended() {
			for _, one := range w.ids[e.Task] {
				poke(one.wake)
			}
		}
		for _, f := range w.funcs {
			f(e)
		}
	}
}

func (w *watchers) wakeStream(stream string) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for d := range w.streams[stream] {
		poke(d.wake)
	}
}

// wakeAll makes everybody look into the store: events may have been lost.
func (w *watchers) wakeAll() {
	w.missed()
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, of := range w.streams {
		for d := range of {
			poke(d.wake)
		}
	}
	for _, waiting := range w.ids {
		for _, one := range waiting {
			poke(one.wake)
		}
	}
}

// openStreams names the streams that have connections here.
func (w *watchers) openStreams() []string {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return slices.Collect(maps.Keys(w.streams))
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// jitter spreads what many do at the same rhythm: d, a fifth more or less.
func jitter(d time.Duration) time.Duration {
	return d*4/5 + rand.N(d*2/5+1) //nolint:gosec // nothing secret is drawn
}
