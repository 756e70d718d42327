package faulttest_test

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"golang.org/x/sync/errgroup"
)

// TestEveryAnsweredTaskEndsAndIsDeliveredOnceWhateverIsKilled kills at moments
// that differ each time; the seed is in the log.
func TestEveryAnsweredTaskEndsAndIsDeliveredOnceWhateverIsKilled(t *testing.T) {
	t.Parallel()
	const count = 1200
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	w := newWorld(t, 1, 1, "alice")
	w.work[0].start()
	w.work[0].await()
	faults := map[string]func(){
		"kill Redis":   func() { w.redis.Kill(); w.redis.Start() },
		"empty Redis":  w.flushAll,
		"kill the API": func() { w.serve[0].kill(); w.serve[0].start(); w.serve[0].await() },
		"kill the worker": func() {
			w.work[0].kill()
			w.work[0].start()
		},
		"stop the worker": func() { w.work[0].terminate(); w.work[0].start() },
	}
	alice := w.tenants[0]
	group, ctx := errgroup.WithContext(w.ctx)
	group.Go(func() error {
		inner, ctx := errgroup.WithContext(ctx)
		inner.SetLimit(4)
		for i := range count {
			inner.Go(func() error { return alice.submit(ctx, strconv.Itoa(i), pauseFor("5")) })
		}
		return inner.Wait()
	})
	next := 0
	for name, fault := range faults {
		next += 50 + random.IntN(150)
		w.awaitEnded(next)
		t.Logf("after %d: %s", next, name)
		fault()
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	w.awaitRetrieved(count)
	alice.check(count)
}
