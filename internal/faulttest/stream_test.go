package faulttest_test

import (
	"context"
	"strconv"
	"testing"

	"asapi/internal/testserver"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

// TestWhatAKilledAPIHadNotDeliveredComesFromAnotherInTheSameOrder kills the API
// twice in the middle of a stream whose client acknowledges by itself. A client
// that connects while the dead process's lease lasts gets what that one had not
// claimed first; this one waits.
func TestWhatAKilledAPIHadNotDeliveredComesFromAnotherInTheSameOrder(t *testing.T) {
	t.Parallel()
	const count, first, consumed = 40, 10, 15
	w := newStage(t, testserver.Postgres(t), 2, 1)
	alice := w.join("alice", "--protocol", "aschannel", "--ack", "explicit")
	stream := streamOf(t, w.env, "alice")
	w.work[0].start()
	alice.make(count, "", 200_000)
	alice.awaitEnd(count)

	one := alice.open(w.serve[0].url(), stream)
	before := one.read(first)
	w.serve[0].kill()
	w.awaitNoClaims()
	two := alice.open(w.serve[1].url(), stream)
	all := two.read(count)
	if d := cmp.Diff(before, all[:first]); d != "" {
		t.Error("what was read before the kill came differently:", d)
	}
	alice.consumed(all[:consumed])
	w.serve[1].kill()
	w.serve[0].start()
	w.serve[0].await()
	w.awaitNoClaims()
	three := alice.open(w.serve[0].url(), stream)
	if d := cmp.Diff(all[consumed:], three.read(count-consumed)); d != "" {
		t.Error("after the second kill it came differently:", d)
	}
	alice.consumed(all[consumed:])
	alice.awaitRetrieval(count)
	three.close()
	alice.checkNothingWaits(w.serve[0].url(), stream)
}

// TestStreamsOutliveThePostgreSQLAndTheRedisBelowThem kills them while messages
// are on their way. A connection that had claimed nothing when it happened stays.
func TestStreamsOutliveThePostgreSQLAndTheRedisBelowThem(t *testing.T) {
	t.Parallel()
	const count = 600
	database := testserver.NewPostgres(t)
	w := newStage(t, database.URL(), 1, 1)
	alice, bob := w.join("alice", "--protocol", "aschannel"), w.join("bob", "--protocol", "aschannel", "--ack", "explicit")
	w.receive(alice)
	idle := bob.open(w.serve[0].url(), streamOf(t, w.env, "bob"))
	w.work[0].start()
	limited, stop := context.WithTimeout(w.ctx, patience)
	defer stop()
	group, ctx := errgroup.WithContext(limited)
	group.SetLimit(4)
	submitted := make(chan error, 1)
	go func() {
		for i := range count {
			group.Go(func() error { return alice.submit(ctx, strconv.Itoa(i), pauseFor("5")) })
		}
		submitted <- group.Wait()
	}()
	alice.awaitRetrieval(50)
	database.Kill()
	database.Start()
	alice.awaitRetrieval(200)
	w.redis.Kill()
	w.redis.Start()
	alice.awaitRetrieval(350)
	database.Restart()
	if err := <-submitted; err != nil {
		t.Fatal(err)
	}
	alice.awaitRetrieval(count)
	alice.check(count)
	bob.make(1, "", 10)
	idle.read(1)
}

// TestConnectionsOnOneStreamShareItWithoutDoubles has eight of them at two
// processes.
func TestConnectionsOnOneStreamShareItWithoutDoubles(t *testing.T) {
	t.Parallel()
	const count, connections = 400, 8
	w := newStage(t, testserver.Postgres(t), 2, 1)
	alice := w.join("alice", "--protocol", "aschannel", "--ack", "explicit")
	stream := streamOf(t, w.env, "alice")
	arrivals, broken := make(chan arrival, 2*count), make(chan error, connections)
	for i := range connections {
		c := alice.open(w.serve[i%2].url(), stream)
		go func() { // ends with the test, which closes the connection
			for {
				a, err := c.next()
				if err != nil {
					broken <- err
					return
				}
				arrivals <- a
			}
		}()
	}
	w.work[0].start()
	alice.make(count, "", 1000)
	seen := map[string]bool{}
	for len(seen) < count {
		select {
		case a := <-arrivals:
			if seen[a.Message] {
				t.Fatalf("message %s came twice", a.Message)
			}
			seen[a.Message] = true
		case err := <-broken:
			t.Fatalf("a connection ended after %d of %d messages: %v", len(seen), count, err)
		}
	}
	alice.awaitEnd(count)
	for len(arrivals) > 0 {
		t.Errorf("message %s came on top", (<-arrivals).Message)
	}
}
