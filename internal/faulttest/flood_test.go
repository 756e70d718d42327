package faulttest_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// TestAFloodAndEveryFaultAtOnceLoseNothingAndHoldNobodyUp is the whole promise:
// two API and two worker processes, three clients of which one floods, all of
// Redis lost, one process of each kind killed and the others told to end.
func TestAFloodAndEveryFaultAtOnceLoseNothingAndHoldNobodyUp(t *testing.T) {
	const flood, small = 4000, 500
	w := newWorld(t, 2, 2, "flood", "one", "two")
	sizes := []int{flood, small, small}
	// The flood is there before the first small task and before any worker.
	for i, n := range sizes {
		submitAll(t, w, w.tenants[i], n, "20")
	}
	for _, p := range w.work {
		p.start()
	}
	w.awaitEnded(300)
	w.flushAll()
	w.awaitEnded(700)
	w.serve[0].kill()
	w.work[0].kill()
	w.awaitEnded(1200)
	w.serve[0].start()
	w.serve[0].await()
	w.serve[1].terminate()
	w.work[1].terminate()
	for _, p := range []*process{w.serve[1], w.work[0], w.work[1]} {
		p.start()
	}
	w.awaitRetrieved(flood + 2*small)
	for i, n := range sizes {
		w.tenants[i].check(n)
	}
	checkTurns(t, w)
}

// submitAll submits n tasks that take some time, eight at a time.
func submitAll(t *testing.T, w *world, c *tenant, n int, milliseconds string) {
	t.Helper()
	limited, stop := context.WithTimeout(w.ctx, patience)
	defer stop()
	group, ctx := errgroup.WithContext(limited)
	group.SetLimit(8)
	for i := range n {
		group.Go(func() error { return c.submit(ctx, strconv.Itoa(i), pauseFor(milliseconds)) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// checkTurns looks at the order of the endings. The small clients came last, so
// in the order of submission theirs are the last thousand of five. Taking turns
// they are among the first 1,500, give or take what was on its way when
// something was killed: those tasks wait for their leases.
func checkTurns(t *testing.T, w *world) {
	t.Helper()
	type ending struct {
		at    time.Time
		small bool
	}
	var all []ending
	for i, c := range w.tenants {
		list, err := c.statuses(c.ctx)
		if err != nil {
			t.Fatal(err)
		}
		for j := range list {
			all = append(all, ending{list[j].CompletedAt, i > 0})
		}
	}
	slices.SortFunc(all, func(a, b ending) int { return a.at.Compare(b.at) })
	var places []int
	for place, e := range all {
		if e.small {
			places = append(places, place)
		}
	}
	t.Logf("the small clients' tasks ended as number %d, %d and %d of %d", places[0], places[len(places)/2], places[len(places)-1], len(all))
	if at := places[len(places)*9/10]; at > len(all)/2 {
		t.Errorf("nine tenths of the small clients' tasks ended among the first %d of %d", at, len(all))
	}
}
