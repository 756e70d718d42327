package faulttest_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"asapi/internal/testserver"
)

// TestAFetchThatTheAPIsDeathBrokeOffIsResumedOrRepeated kills the process that
// answers a download in its middle.
func TestAFetchThatTheAPIsDeathBrokeOffIsResumedOrRepeated(t *testing.T) {
	t.Parallel()
	const size = 64 << 20
	w := newStage(t, testserver.Postgres(t), 2, 1)
	bob := w.join("bob", "--protocol", "asstore")
	w.work[0].start()
	bob.make(1, "", size)
	bob.awaitEnd(1)
	id := bob.answered[0]

	broken := bob.fetch(w.serve[0].url(), id)
	broken.read(10 << 20)
	w.serve[0].kill()
	if n, err := broken.drain(); err == nil {
		t.Fatalf("the download ended well with %d more bytes", n)
	}
	rest := broken.resume(bob, w.serve[1].url(), id)
	rest.finish()
	// The dead process told nobody what had arrived, so the result stays, to be
	// fetched again.
	again := bob.fetch(w.serve[1].url(), id)
	again.finish()
	bob.awaitRetrieval(1)
	if got := bob.fetchStatus(w.serve[1].url(), id); got != http.StatusNotFound {
		t.Errorf("a fetch of what was fetched answers %d", got)
	}
}

// TestOfManyFetchesAtTwoProcessesOneGetsTheResult asks for one result eight times
// at once.
func TestOfManyFetchesAtTwoProcessesOneGetsTheResult(t *testing.T) {
	t.Parallel()
	const size, rounds = 8 << 20, 5
	w := newStage(t, testserver.Postgres(t), 2, 1)
	bob := w.join("bob", "--protocol", "asstore")
	w.work[0].start()
	bob.make(rounds, "", size)
	bob.awaitEnd(rounds)
	for _, id := range bob.answered {
		var won atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if bob.fetchOnce(w.serve[i%2].url(), id) {
					won.Add(1)
				}
			})
		}
		all.Wait()
		if n := won.Load(); n != 1 {
			t.Errorf("%d fetches got the whole result", n)
		}
	}
	bob.awaitRetrieval(rounds)
}

// fetchOnce asks until the result is there for it or used up, and tells whether
// it got the whole.
func (c *tenant) fetchOnce(url, id string) (whole bool) {
	for c.ctx.Err() == nil {
		resp, err := c.ask(url, id)
		if err != nil {
			c.t.Error(err)
			return false
		}
		sum, _, err := sumOf(resp.Body)
		_ = resp.Body.Close()
		switch resp.StatusCode {
		case http.StatusOK:
			return err == nil && `"`+sum+`"` == resp.Header.Get("ETag")
		case http.StatusConflict:
		case http.StatusNotFound:
			return false
		default:
			c.t.Errorf("a fetch answers %s", resp.Status)
			return false
		}
	}
	c.t.Error("the result is neither free nor used up")
	return false
}
