package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"asapi/internal/testserver"
	"asapi/store/storetest"
	"asapi/tasks"
)

func payloads(results []tasks.Result) []string {
	var list []string
	for _, r := range results {
		list = append(list, string(r.Inline))
	}
	return list
}

func TestMessagesAreClaimedOldestFirstAndByOneHolder(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		stream := w.stream(w.ada)
		w.must(w.Hold(w.ctx, "a", time.Minute))
		w.must(w.Hold(w.ctx, "b", time.Minute))
		for i := range 5 {
			w.run(streamed(w.ada, stream), fmt.Sprint("m", i))
		}
		first, err := w.ClaimStream(w.ctx, "a", stream, 0, 2, 1<<20)
		w.must(err)
		second, err := w.ClaimStream(w.ctx, "b", stream, 0, 10, 1<<20)
		w.must(err)
		if d := cmp.Diff([]string{"m0", "m1"}, payloads(first.Results)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"m2", "m3", "m4"}, payloads(second.Results)); d != "" {
			t.Error(d)
		}
		w.must(w.ConsumeClaimed(w.ctx, first.ID, first.Results[:1]))
		w.must(w.ReleaseClaims(w.ctx, first.ID))
		again, err := w.ClaimStream(w.ctx, "b", stream, 0, 10, 1<<20)
		w.must(err)
		if d := cmp.Diff(first.Results[1:], again.Results); d != "" {
			t.Error("redelivery differs:", d)
		}
		if !w.task(first.Results[0].Task).Retrieved || w.task(first.Results[1].Task).Retrieved {
			t.Error("retrieved is not told right")
		}
	})
}

// TestAClaimIsBoundedByWhatItBringsIntoMemory: results that lie in the blob store are
// claimed by the dozen, so that large ones go as fast as the network.
func TestAClaimIsBoundedByWhatItBringsIntoMemory(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.must(w.Hold(w.ctx, "a", time.Minute))
		of := func(blob string, size int64) string {
			stream := w.stream(w.ada)
			for i := range 8 {
				a := w.start(w.submit(streamed(w.ada, stream)).ID, time.Minute)
				e := published(a.Fence(), "")
				if e.Result.Size = size; blob != "" {
					e.Result.Blob = fmt.Sprint(blob, i)
				}
				_, err := w.Finish(w.ctx, e)
				w.must(err)
			}
			return stream
		}
		claimed := func(stream string) int {
			claim, err := w.ClaimStream(w.ctx, "a", stream, 0, 10, 4*tasks.InlineLimit)
			w.must(err)
			return len(claim.Results)
		}
		if n := claimed(of("", tasks.InlineLimit)); n != 4 {
			t.Errorf("%d results of the rows were claimed, want 4", n)
		}
		if n := claimed(of("results/large/", 100<<20)); n != 4 {
			t.Errorf("%d results of the blob store were claimed, want 4", n)
		}
		if n := claimed(of("", 2*tasks.InlineLimit/3)); n != 6 {
			t.Errorf("%d small results were claimed, want 6", n)
		}
	})
}

// TestALeaseIsRenewedWhileItsHolderClaims: the claims of many connections are always
// on their way, and none must keep the lease of them all from being renewed.
func TestALeaseIsRenewedWhileItsHolderClaims(t *testing.T) {
	w := newWorld(t, storetest.Postgres(t))
	stream := w.stream(w.ada)
	w.run(streamed(w.ada, stream), "m")
	w.must(w.Hold(w.ctx, "a", time.Minute))
	claimed := make(chan error, 1)
	w.must(w.DB().Tx(w.ctx, func(tx *gorm.DB) error { // another claimer of the stream, who takes his time
		w.must(tx.Exec("SET LOCAL idle_in_transaction_session_timeout = 0").Error)
		w.must(tx.Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", stream).Error)
		go func() {
			_, err := w.ClaimStream(w.ctx, "a", stream, 0, 1, 1<<20)
			claimed <- err
		}()
		testserver.Eventually(t, time.Minute, func() bool {
			var waits bool
			w.must(w.DB().Gorm(w.ctx).Raw("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))").Row().Scan(&waits))
			return waits
		}, "the claim to wait")
		renewing, stop := context.WithTimeout(w.ctx, time.Minute)
		defer stop()
		return w.Hold(renewing, "a", time.Minute)
	}))
	w.must(<-claimed)
}

func TestStreamsWaitWhileTheyHaveMessagesThatNobodyClaimed(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		full, held, empty := w.stream(w.ada), w.stream(w.ada), w.stream(w.ada)
		w.must(w.Hold(w.ctx, "a", time.Minute))
		for range 6 {
			w.run(streamed(w.ada, held), "m")
		}
		w.run(streamed(w.ada, full), "m")
		w.run(stored(w.ada), "of no stream")
		waiting := func() []string {
			t.Helper()
			list, err := w.WaitingStreams(w.ctx, []string{full, held, empty, "unknown", ""})
			w.must(err)
			slices.Sort(list)
			return list
		}
		both, one := []string{full, held}, []string{full}
		slices.Sort(both)
		if d := cmp.Diff(both, waiting()); d != "" {
			t.Error(d)
		}
		var claims []tasks.Claim
		for range 3 {
			claim, err := w.ClaimStream(w.ctx, "a", held, 0, 2, 1<<20)
			w.must(err)
			claims = append(claims, claim)
		}
		if d := cmp.Diff(one, waiting()); d != "" {
			t.Error("all of one stream is claimed:", d)
		}
		for _, back := range claims {
			w.must(w.ReleaseClaims(w.ctx, back.ID))
			if d := cmp.Diff(both, waiting()); d != "" {
				t.Errorf("messages %d and %d were given back: %s", back.Results[0].Seq, back.Results[1].Seq, d)
			}
			_, err := w.ClaimStream(w.ctx, "a", held, 0, 2, 1<<20)
			w.must(err)
		}
		if none, err := w.WaitingStreams(w.ctx, nil); len(none) != 0 || err != nil {
			t.Errorf("of no streams %v wait, %v", none, err)
		}
	})
}

func TestAClaimStopsAtItsBytes(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		stream := w.stream(w.ada)
		w.must(w.Hold(w.ctx, "a", time.Minute))
		for range 3 {
			w.run(streamed(w.ada, stream), "0123456789")
		}
		claim, err := w.ClaimStream(w.ctx, "a", stream, 0, 10, 20)
		w.must(err)
		if len(claim.Results) != 2 {
			t.Errorf("claimed %d", len(claim.Results))
		}
		one, err := w.ClaimStream(w.ctx, "a", stream, claim.Results[1].Seq, 10, 1)
		w.must(err)
		if len(one.Results) != 1 {
			t.Error("a message above the limit is never claimed")
		}
	})
}

func TestConcurrentHoldersShareAStreamWithoutDoubles(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		stream := w.stream(w.ada)
		const messages = 60
		for i := range messages {
			w.run(streamed(w.ada, stream), fmt.Sprint(i))
		}
		var mu sync.Mutex
		seen := map[string]int{}
		var wg sync.WaitGroup
		for h := range 4 {
			holder := fmt.Sprint("h", h)
			w.must(w.Hold(w.ctx, holder, time.Minute))
			wg.Go(func() {
				for {
					claim, err := w.ClaimStream(w.ctx, holder, stream, 0, 7, 1<<20)
					if err != nil {
						t.Error(err)
						return
					}
					if claim.ID == 0 {
						return
					}
					mu.Lock()
					for _, p := range payloads(claim.Results) {
						seen[p]++
					}
					mu.Unlock()
					if err := w.ConsumeClaimed(w.ctx, claim.ID, claim.Results); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		for p, n := range seen {
			if n != 1 {
				t.Errorf("message %s was claimed %d times", p, n)
			}
		}
		if len(seen) != messages {
			t.Errorf("%d of %d messages were claimed", len(seen), messages)
		}
	})
}

func TestALostClaimConsumesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		stream := w.stream(w.ada)
		w.run(streamed(w.ada, stream), "m")
		w.must(w.Hold(w.ctx, "a", time.Minute))
		claim, err := w.ClaimStream(w.ctx, "a", stream, 0, 10, 1<<20)
		w.must(err)
		w.must(w.Hold(w.ctx, "a", -time.Second)) // its lease ends
		_, err = w.Sweep(w.ctx, 100)
		w.must(err)
		if err := w.ConsumeClaimed(w.ctx, claim.ID, claim.Results); err != tasks.ErrLeaseLost { //nolint:errorlint // it is given as it is
			t.Errorf("a lost claim consumed: %v", err)
		}
		if _, err := w.ClaimStream(w.ctx, "a", stream, 0, 10, 1<<20); err != tasks.ErrLeaseLost { //nolint:errorlint // it is given as it is
			t.Errorf("a holder without a lease claimed: %v", err)
		}
		w.must(w.Hold(w.ctx, "b", time.Minute))
		again, err := w.ClaimStream(w.ctx, "b", stream, 0, 10, 1<<20)
		w.must(err)
		if d := cmp.Diff(claim.Results, again.Results); d != "" {
			t.Error(d)
		}
	})
}

func TestAStoredResultIsFetchedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.must(w.Hold(w.ctx, "a", time.Minute))
		waiting := w.submit(stored(w.ada))
		_, err := w.ClaimResult(w.ctx, "a", w.ada.ID, waiting.ID)
		w.wants(tasks.CodeResultNotReady, err)
		_, err = w.ClaimResult(w.ctx, "a", w.bob.ID, waiting.ID)
		w.wants(tasks.CodeResultNotFound, err)

		task := w.run(stored(w.ada), "bytes")
		if !task.Fetchable() {
			t.Error("the published task has nothing to fetch")
		}
		_, err = w.ClaimResult(w.ctx, "a", w.bob.ID, task.ID)
		w.wants(tasks.CodeResultNotFound, err)
		claim, err := w.ClaimResult(w.ctx, "a", w.ada.ID, task.ID)
		w.must(err)
		_, err = w.ClaimResult(w.ctx, "a", w.ada.ID, task.ID)
		w.wants(tasks.CodeBusy, err)
		w.must(w.ReleaseClaims(w.ctx, claim.ID))
		claim, err = w.ClaimResult(w.ctx, "a", w.ada.ID, task.ID)
		w.must(err)
		w.must(w.ConsumeClaimed(w.ctx, claim.ID, claim.Results))
		_, err = w.ClaimResult(w.ctx, "a", w.ada.ID, task.ID)
		w.wants(tasks.CodeResultNotFound, err)
		if now := w.task(task.ID); !now.Retrieved || now.Fetchable() {
			t.Errorf("got %+v", now)
		}
	})
}

func TestConsumingByIDIsIdempotentAndOnlyOnesOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		done, waiting := w.run(stored(w.ada), "x"), w.submit(stored(w.ada))
		none, err := w.Consume(w.ctx, w.bob.ID, []tasks.ID{done.ID})
		w.must(err)
		if len(none) != 0 || w.task(done.ID).Retrieved {
			t.Fatal("another client consumed it")
		}
		for range 2 {
			got, err := w.Consume(w.ctx, w.ada.ID, []tasks.ID{done.ID, waiting.ID})
			w.must(err)
			if d := cmp.Diff([]tasks.ID{done.ID}, got); d != "" {
				t.Error(d)
			}
		}
		if !w.task(done.ID).Retrieved || w.task(waiting.ID).Retrieved {
			t.Error("retrieved is not told right")
		}
	})
}

func TestAStreamsNumbersGrowInTheOrderOfTheirCommits(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		stream := w.stream(w.ada)
		w.must(w.Hold(w.ctx, "h", time.Minute))
		const messages = 200
		var wg sync.WaitGroup
		for range messages {
			wg.Go(func() {
				done, err := w.Submit(w.ctx, streamed(w.ada, stream))
				if err == nil {
					var a tasks.Assignment
					if a, err = w.Start(w.ctx, done.Task.ID, time.Minute); err == nil {
						_, err = w.Finish(w.ctx, published(a.Fence(), "m"))
					}
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		finished := make(chan struct{})
		go func() { wg.Wait(); close(finished) }()
		// Nothing is ever consumed or given back, so whatever became visible
		// below a claimed number would stay hidden for good.
		got := 0
		for over := false; ; {
			select {
			case <-finished:
				over = true
			default:
			}
			claim, err := w.ClaimStream(w.ctx, "h", stream, 0, 50, 1<<20)
			w.must(err)
			got += len(claim.Results)
			if over && claim.ID == 0 {
				break
			}
		}
		if got != messages {
			t.Errorf("%d of %d messages were seen", got, messages)
		}
	})
}
