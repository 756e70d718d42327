package faulttest_test

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"asapi/internal/client"
	"asapi/internal/testserver"
)

// TestNothingIsLostOrComesAfterItWasConsumedOnANetworkThatBreaks reads a stream
// through a proxy that cuts every connection, and acknowledges by itself.
func TestNothingIsLostOrComesAfterItWasConsumedOnANetworkThatBreaks(t *testing.T) {
	t.Parallel()
	const count, size = 150, 20_000
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 0))
	cut := func() int64 {
		mu.Lock()
		defer mu.Unlock()
		return 3000 + random.Int64N(400_000)
	}
	w := newStage(t, testserver.Postgres(t), 1, 1)
	alice := w.join("alice", "--protocol", "aschannel", "--ack", "explicit")
	stream := streamOf(t, w.env, "alice")
	w.work[0].start()
	alice.make(count, "", size)
	alice.awaitEnd(count)
	// STREAM_URL is not set, so discovery names the address it was asked at.
	through := newProxy(t, w.serve[0].url(), habits{pause: time.Millisecond, piece: 16 << 10, cut: cut})
	known, consumed := map[string]string{}, map[string]bool{}
	cuts := 0
	for len(consumed) < count {
		list := readUntilCut(t, alice, through, stream, count-len(consumed))
		cuts++
		for _, a := range list {
			if consumed[a.Task] {
				t.Fatalf("message %s came after it was consumed", a.Message)
			}
			if id := known[a.Task]; id != "" && id != a.Message {
				t.Fatalf("the message of one task was %s and is %s", id, a.Message)
			}
			if a.Size != size {
				t.Fatalf("message %s has %d bytes", a.Message, a.Size)
			}
			known[a.Task] = a.Message
		}
		// Some of what came is acknowledged: the rest has to come again.
		if some := list[:(len(list)+1)/2]; len(some) > 0 {
			alice.consumed(some)
			for _, a := range some {
				consumed[a.Task] = true
			}
		}
	}
	t.Logf("%d connections were cut", cuts)
	alice.awaitRetrieval(count)
	alice.checkNothingWaits(w.serve[0].url(), stream)
}

// readUntilCut reads one connection to its end or to the most that may come; one
// that breaks before its greeting had no messages.
func readUntilCut(t *testing.T, c *tenant, url, stream string, most int) (list []arrival) {
	t.Helper()
	one, err := client.New(url, c.token)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	s, err := one.Stream(c.ctx, stream)
	if err != nil {
		return nil
	}
	conn := &connection{t: t, one: one, s: s}
	defer conn.close()
	for len(list) < most {
		a, err := conn.next()
		if err != nil {
			break
		}
		list = append(list, a)
	}
	return list
}

// TestASlowNetworkIsNoStalledReader trickles a stream and a download at about a
// hundredth of what the network could carry, for longer than the write deadline.
func TestASlowNetworkIsNoStalledReader(t *testing.T) {
	t.Parallel()
	const count = 40
	w := newStage(t, testserver.Postgres(t), 1, 1, "ASAPI_WRITE_TIMEOUT=2s")
	alice, bob := w.join("alice", "--protocol", "aschannel"), w.join("bob", "--protocol", "asstore")
	w.work[0].start()
	alice.make(count, "", 200_000)
	bob.make(1, "", 8<<20)
	alice.awaitEnd(count)
	bob.awaitEnd(1)
	slow := newProxy(t, w.serve[0].url(), habits{piece: 4 << 10, pause: 2 * time.Millisecond})
	d := bob.fetch(slow, bob.answered[0])
	conn := alice.open(slow, streamOf(t, w.env, "alice"))
	conn.read(count)
	d.finish()
	bob.awaitRetrieval(1)
	alice.awaitRetrieval(count)
}

// TestADownloadIsResumedThroughEveryCut fetches through a proxy that cuts each
// connection, and asks for the rest each time.
func TestADownloadIsResumedThroughEveryCut(t *testing.T) {
	t.Parallel()
	const size = 32 << 20
	w := newStage(t, testserver.Postgres(t), 2, 1)
	bob := w.join("bob", "--protocol", "asstore")
	w.work[0].start()
	bob.make(1, "", size)
	bob.awaitEnd(1)
	id := bob.answered[0]
	var urls []string
	for _, p := range w.serve {
		urls = append(urls, newProxy(t, p.url(), habits{cut: func() int64 { return 5 << 20 }}))
	}
	d := bob.fetch(urls[0], id)
	parts := 1
	for ; d.size < size; parts++ {
		if _, err := d.drain(); err == nil {
			break
		}
		d = d.resume(bob, urls[parts%2], id)
	}
	if got := d.got(); got != d.sum || parts < 6 {
		t.Errorf("%d parts have the sum %s, not %s", parts, got, d.sum)
	}
	bob.awaitRetrieval(1)
	if got := bob.fetchStatus(w.serve[0].url(), id); got != http.StatusNotFound {
		t.Errorf("a fetch of what was fetched answers %d", got)
	}
}
