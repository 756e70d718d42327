package store_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"asapi/store/storetest"
	"asapi/tasks"
)

// benchWorld is a PostgreSQL store with one client, for benchmarks.
func benchWorld(b *testing.B) *world {
	b.Helper()
	return newWorld(b, storetest.Postgres(b))
}

// BenchmarkSubmit measures durable submissions from 64 callers.
func BenchmarkSubmit(b *testing.B) {
	w := benchWorld(b)
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := w.Submit(w.ctx, stored(w.ada)); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkLife measures tasks from submission to consumption, without a queue,
// from 64 callers.
func BenchmarkLife(b *testing.B) {
	w := benchWorld(b)
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			done, err := w.Submit(w.ctx, stored(w.ada))
			if err != nil {
				b.Error(err)
				return
			}
			a, err := w.Start(w.ctx, done.Task.ID, time.Minute)
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := w.Finish(w.ctx, published(a.Fence(), "result")); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkStatus measures the look-up of 10,000 ids among many.
func BenchmarkStatus(b *testing.B) {
	w := benchWorld(b)
	ids := fill(w, 100_000)
	recent := ids[len(ids)-tasks.MaxIDs:]
	random := make([]tasks.ID, tasks.MaxIDs)
	for i, j := range rand.Perm(len(ids))[:len(random)] {
		random[i] = ids[j]
	}
	for name, list := range map[string][]tasks.ID{"recent": recent, "random": random} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				found, err := w.Tasks(w.ctx, w.ada.ID, list)
				if err != nil || len(found) != len(list) {
					b.Fatalf("found %d of %d, %v", len(found), len(list), err)
				}
			}
		})
	}
}

// fill submits n tasks from many callers.
func fill(w *world, n int) []tasks.ID {
	w.t.Helper()
	ids := make([]tasks.ID, n)
	work := make(chan int)
	done := make(chan error)
	for range 64 {
		go func() {
			for i := range work {
				t, err := w.Submit(context.Background(), stored(w.ada))
				if err != nil {
					done <- err
					return
				}
				ids[i] = t.Task.ID
			}
			done <- nil
		}()
	}
	for i := range ids {
		work <- i
	}
	close(work)
	for range 64 {
		w.must(<-done)
	}
	return ids
}
