package channel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/channel"
	"asapi/internal/testserver"
	"asapi/tasks"
)

func quick(c *channel.Config) { c.Settle = 10 * time.Millisecond }

func never(c *channel.Config) { c.Settle = time.Hour }

func TestMessagesAreConsumedOnceTheHeartbeatAfterThemIsAcknowledged(t *testing.T) {
	w := newWorld(t)
	id := w.publish([]byte("x")).ID
	c := w.connect(w.hub(quick), tasks.AckAuto, func(c *connection) { c.unacked = 1 })
	c.got(1)
	testserver.Eventually(t, patience, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.beats > 0
	}, "the heartbeat")
	if w.retrieved(id) {
		t.Fatal("one byte is not acknowledged, but the message is consumed")
	}
	c.set(0, tasks.PeerOpen)
	testserver.Eventually(t, patience, func() bool { return w.retrieved(id) }, "the consumption")
}

func TestWhereNothingCanBeAskedTheNextHeartbeatCounts(t *testing.T) {
	w := newWorld(t)
	id := w.publish([]byte("x")).ID
	w.connect(w.hub(quick), tasks.AckAuto, func(c *connection) { c.unknown = true })
	testserver.Eventually(t, patience, func() bool { return w.retrieved(id) }, "the consumption")
}

func TestAnOrderlyCloseConsumesOnlyWithNothingOutstanding(t *testing.T) {
	for _, c := range []struct {
		name     string
		unacked  int64
		status   tasks.PeerStatus
		consumed bool
	}{
		{"closed with nothing outstanding", 0, tasks.PeerClosed, true},
		{"reset", 0, tasks.PeerReset, false},
	} {
		w := newWorld(t)
		id := w.publish([]byte("x")).ID
		h := w.hub(never)
		one := w.connect(h, tasks.AckAuto)
		one.got(1)
		one.end(c.unacked, c.status)
		if got := w.retrieved(id); got != c.consumed {
			t.Errorf("%s: consumed is %v", c.name, got)
		}
		if !c.consumed {
			w.connect(h, tasks.AckAuto).got(1)
		}
	}
}

func TestBytesThatAreOutstandingAtTheCloseAreNotConsumed(t *testing.T) {
	w := newWorld(t)
	id := w.publish([]byte("x")).ID
	c := w.connect(w.hub(func(c *channel.Config) { c.Settle = 300 * time.Millisecond }), tasks.AckAuto)
	c.got(1)
	c.end(1, tasks.PeerClosed)
	if w.retrieved(id) {
		t.Error("it is consumed")
	}
}

func TestAServerThatClosesWaitsForAcknowledgementsThatAreOnTheirWay(t *testing.T) {
	w := newWorld(t)
	id := w.publish([]byte("x")).ID
	c := w.connect(w.hub(quick), tasks.AckAuto)
	c.got(1)
	c.stop()
	if err := <-c.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if !w.retrieved(id) {
		t.Error("it is not consumed")
	}
}

func TestALargeResultComesInChunks(t *testing.T) {
	w := newWorld(t)
	payload := bytes.Repeat([]byte("0123456789"), 25_000)
	w.publish(payload)
	c := w.connect(w.hub(func(c *channel.Config) { c.ChunkSize = 100_000 }), tasks.AckExplicit)
	c.got(3)
	var got []string
	for _, m := range c.messages {
		got = append(got, fmt.Sprintf("%s %d/%d of %d", m.ID, m.Chunk, m.TotalChunks, m.ChunkSize))
	}
	if diff := cmp.Diff([]string{"1-1 1/3 of 100000", "1-2 2/3 of 100000", "1-3 3/3 of 100000"}, got); diff != "" {
		t.Error(diff)
	}
	if !bytes.Equal(c.bytes, payload) {
		t.Error("the chunks are not the whole")
	}
}

func TestALostBlobDoesNotHoldUpItsStream(t *testing.T) {
	w := newWorld(t)
	w.publish(make([]byte, 100_000))
	w.must(w.store.Hold(t.Context(), "test", time.Minute))
	claim, err := w.store.ClaimStream(t.Context(), "test", w.stream, 0, 1, 1)
	w.must(err)
	w.must(w.blobs.Delete(t.Context(), claim.Results[0].Blob))
	w.must(w.store.Drop(t.Context(), "test"))
	w.publish([]byte("next"))
	c := w.connect(w.hub(), tasks.AckExplicit)
	c.got(2)
	if c.messages[0].Result.Success || !c.messages[1].Result.Success {
		t.Errorf("got %+v", c.messages)
	}
}

func TestWhenTheLeaseIsLostConnectionsEndAndAnotherProcessDelivers(t *testing.T) {
	w := newWorld(t)
	w.publish([]byte("x"))
	short := func(c *channel.Config) { c.LeaseTime, c.LeaseEvery = 2*time.Second, 50*time.Millisecond }
	c := w.connect(w.hub(short), tasks.AckExplicit)
	c.got(1)
	w.store.failHold()
	if err := <-c.ended; !errors.Is(err, tasks.ErrLeaseLost) {
		t.Fatalf("the delivery ended with %v", err)
	}
	w.store.mu.Lock()
	w.store.hold = nil
	w.store.mu.Unlock()
	w.connect(w.hub(), tasks.AckExplicit).got(1)
}

func TestAHubThatDoesNotRunIsUnavailableAndWritesNothing(t *testing.T) {
	w := newWorld(t)
	h := channel.New(channel.Config{Store: w.store, Blobs: w.blobs})
	c := w.connect(h, tasks.AckAuto)
	if err := <-c.ended; tasks.CodeOf(err) != tasks.CodeUnavailable || c.written != 0 {
		t.Errorf("got %v after %d bytes", err, c.written)
	}
}

func TestManyMessagesAreDeliveredInOrderAndOnce(t *testing.T) {
	w := newWorld(t)
	var want []tasks.ID
	for range 300 {
		want = append(want, w.publish([]byte("x")).ID)
	}
	h := w.hub(quick, func(c *channel.Config) { c.BatchMessages, c.WindowMessages = 7, 20 })
	c := w.connect(h, tasks.AckAuto)
	c.got(300)
	testserver.Eventually(t, patience, func() bool { return w.retrieved(want[299]) }, "the consumption")
	var got []tasks.ID
	for _, m := range c.messages {
		got = append(got, m.Result.Task)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
