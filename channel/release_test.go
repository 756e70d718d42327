package channel_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/channel"
	"asapi/tasks"
)

// seized is a store in which another connection claims all it can get whenever
// something is given back.
type seized struct {
	channel.Store
	w      *world
	mu     sync.Mutex
	looked bool
	got    []tasks.ID // at the first such look
}

func (s *seized) ReleaseClaims(ctx context.Context, claims ...int64) error {
	err := s.Store.ReleaseClaims(ctx, claims...)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.looked {
		return err
	}
	s.looked = true
	next, claimErr := s.ClaimStream(ctx, "another", s.w.stream, 0, 100, 1<<20)
	if claimErr != nil {
		s.w.t.Error(claimErr)
	}
	for i := range next.Results {
		s.got = append(s.got, next.Results[i].Task)
	}
	return err
}

// TestWhatAConnectionHeldIsGivenBackAtOnce: messages that came one at a time are so
// many claims. Who connects while they are given back must not get the later ones
// first.
func TestWhatAConnectionHeldIsGivenBackAtOnce(t *testing.T) {
	w := newWorld(t)
	w.must(w.store.Hold(t.Context(), "another", time.Minute))
	store := &seized{Store: w.store, w: w}
	h := w.hub(func(c *channel.Config) { c.Store = store })
	c := w.connect(h, tasks.AckExplicit)
	var want []tasks.ID
	for i := range 5 {
		done := w.publish([]byte("x"))
		h.Publish(tasks.EventOf(&done))
		c.got(i + 1)
		want = append(want, done.ID)
	}
	c.end(0, tasks.PeerReset)
	store.mu.Lock()
	defer store.mu.Unlock()
	if diff := cmp.Diff(want, store.got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatADeadProcessHeldIsDeliveredAlsoWhereNoWorkerRuns(t *testing.T) {
	w := newWorld(t)
	id := w.publish([]byte("x")).ID
	w.must(w.store.Hold(t.Context(), "dead", time.Minute))
	if claim, err := w.store.ClaimStream(t.Context(), "dead", w.stream, 0, 10, 1<<20); err != nil || len(claim.Results) != 1 {
		t.Fatalf("got %v, %v", claim.Results, err)
	}
	w.must(w.store.Hold(t.Context(), "dead", -time.Second))
	c := w.connect(w.hub(func(c *channel.Config) { c.LeaseEvery, c.PollEvery = 20*time.Millisecond, 20*time.Millisecond }), tasks.AckExplicit)
	c.got(1)
	if got := c.messages[0].Result.Task; got != id {
		t.Errorf("got %s", got)
	}
}
