package channel_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"asapi/channel"
	"asapi/internal/testserver"
	"asapi/tasks"
)

// counted counts what streams ask of the store. Streams but one are known to be
// empty: thousands of first looks at once may take the database longer than a look
// may last, and a look that failed is made again.
type counted struct {
	channel.Store
	full   string
	mu     sync.Mutex
	claims map[string]int
	polls  int
}

func (c *counted) ClaimStream(ctx context.Context, holder, stream string, after int64, limit int, maxBytes int64) (tasks.Claim, error) {
	c.mu.Lock()
	c.claims[stream]++
	c.mu.Unlock()
	if stream != c.full {
		return tasks.Claim{}, nil
	}
	return c.Store.ClaimStream(ctx, holder, stream, after, limit, maxBytes)
}

func (c *counted) WaitingStreams(ctx context.Context, streams []string) ([]string, error) {
	found, err := c.Store.WaitingStreams(ctx, streams)
	c.mu.Lock()
	c.polls++
	c.mu.Unlock()
	return found, err
}

func (c *counted) ofOthers(stream string) (claims int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for other, n := range c.claims {
		if other != stream {
			claims += n
		}
	}
	return claims
}

func (c *counted) pollsSoFar() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.polls
}

func TestTwoThousandIdleStreamsAskTheStoreTogetherAndWakeForTheirOwnMessagesOnly(t *testing.T) {
	const streams = 2000
	w := newWorld(t)
	store := &counted{Store: w.store, full: w.stream, claims: map[string]int{}}
	h := w.hub(func(c *channel.Config) { c.Store, c.PollEvery, c.Redis = store, 20*time.Millisecond, nil })
	own := w.connect(h, tasks.AckExplicit)
	for i := range streams - 1 {
		other := &connection{w: w, ended: make(chan error, 1)}
		go func() { other.ended <- h.Open(fmt.Sprint("stream-", i), tasks.AckAuto).Run(t.Context(), other) }() // ends with the test
	}
	testserver.Eventually(t, patience, func() bool { return store.ofOthers(w.stream) >= streams-1 }, "every stream to look once")
	w.publish([]byte("x")) // and no event
	own.got(1)
	polls := store.pollsSoFar()
	testserver.Eventually(t, patience, func() bool { return store.pollsSoFar() > polls+3 }, "more looks")
	if n := store.ofOthers(w.stream); n != streams-1 {
		t.Errorf("the others looked %d times for themselves", n-(streams-1))
	}
	done := w.publish([]byte("y"))
	h.Publish(tasks.EventOf(&done))
	own.got(2)
	if n := store.ofOthers(w.stream); n != streams-1 {
		t.Errorf("an event of one stream made the others look %d times", n-(streams-1))
	}
}

// unheard makes one claim and does not tell of it.
type unheard struct {
	channel.Store
	mu   sync.Mutex
	once string // the stream
}

func (u *unheard) ClaimStream(ctx context.Context, holder, stream string, after int64, limit int, maxBytes int64) (tasks.Claim, error) {
	claim, err := u.Store.ClaimStream(ctx, holder, stream, after, limit, maxBytes)
	u.mu.Lock()
	defer u.mu.Unlock()
	if stream == u.once && len(claim.Results) > 0 {
		u.once = ""
		return tasks.Claim{}, context.DeadlineExceeded
	}
	return claim, err
}

func TestAClaimThatNobodyHeardOfEndsAlsoWhileAnotherClientHoldsMessages(t *testing.T) {
	w := newWorld(t)
	store := &unheard{Store: w.store}
	h := w.hub(func(c *channel.Config) {
		c.Store, c.PollEvery, c.LeaseTime, c.LeaseEvery = store, 20*time.Millisecond, time.Second, 50*time.Millisecond
	})
	holding := w.connect(h, tasks.AckExplicit)
	w.publish([]byte("held"))
	holding.got(1)
	other := w.as("bob")
	store.mu.Lock()
	store.once = other.stream
	store.mu.Unlock()
	waiting := other.connect(h, tasks.AckExplicit)
	other.publish([]byte("unheard"))
	testserver.Eventually(t, patience, func() bool {
		select {
		case err := <-waiting.ended: // on a slow machine with the lease; clients connect again
			t.Logf("its connection ended with %v", err)
			waiting = other.connect(h, tasks.AckExplicit)
		default:
		}
		return waiting.count() == 1
	}, "the message that nobody heard of")
}
