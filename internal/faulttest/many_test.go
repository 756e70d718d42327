package faulttest_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"asapi/internal/testserver"
	"asapi/store"
	"asapi/tasks"

	"golang.org/x/sync/errgroup"
)

// mostMemory is what the API's process may have in all with 2,000 idle streams, in
// bytes.
const mostMemory = 100e6

// TestTwoThousandStreamsAreOpenAtOnce opens as many, each with a token of its
// own, lets a heartbeat pass on each, and sends to some of them.
func TestTwoThousandStreamsAreOpenAtOnce(t *testing.T) {
	const count, every = 2000, 100
	w := newStage(t, testserver.Postgres(t), 1, 1)
	api := w.serve[0]
	w.work[0].start()
	w.join("alice", "--protocol", "aschannel")
	tenants, streams := w.crowd("alice", count)
	before := api.memory()
	arrived := make(chan int, count)
	var beats atomic.Int32
	var opening errgroup.Group
	opening.SetLimit(20)
	for i := range count {
		opening.Go(func() error {
			conn := tenants[i].open(api.url(), streams[i])
			conn.one.Close()                                                // the idle connection that discovery was asked on
			go conn.watch(func() { beats.Add(1) }, func() { arrived <- i }) // ends with the connection
			return nil
		})
	}
	if err := opening.Wait(); err != nil {
		t.Fatal(err)
	}
	testserver.Eventually(t, patience, func() bool { return beats.Load() >= count }, "heartbeats")
	var used int64
	testserver.Eventually(t, patience, func() bool {
		used = api.memory()
		return used < mostMemory
	}, "the API to take less than 100 MB")
	t.Logf("%d open streams: %d MB, %d KB each", count, used/1e6, (used-before)/count/1000)
	want := map[int]bool{}
	for i := 0; i < count; i += every {
		tenants[i].make(1, fmt.Sprint(i), 100)
		want[i] = true
	}
	for len(want) > 0 {
		var i int
		select {
		case i = <-arrived:
		case <-w.ctx.Done():
			t.Fatalf("%d messages did not arrive", len(want))
		}
		if !want[i] {
			t.Fatalf("stream %d got a message that is not for it, or one twice", i)
		}
		delete(want, i)
	}
}

// crowd makes tokens for a client that is there, with a stream each.
func (w *world) crowd(name string, n int) (tenants []*tenant, streams []string) {
	w.t.Helper()
	_, url, _ := strings.Cut(w.env[0], "=")
	s, err := store.Open(w.t.Context(), store.Config{URL: url})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	owner, err := s.ClientByName(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range n {
		secret := fmt.Sprintf("one-of-the-crowd-%d", i)
		token, err := s.CreateToken(w.t.Context(), tasks.Token{Client: owner.ID, Protocol: tasks.ASChannel}, sha256.Sum256([]byte(secret)))
		if err != nil {
			w.t.Fatal(err)
		}
		tenants = append(tenants, &tenant{t: w.t, ctx: w.ctx, name: name, token: secret, urls: []string{w.serve[0].url()}, messages: map[string]map[string]bool{}})
		streams = append(streams, token.Stream)
	}
	return tenants, streams
}

// watch reads until the connection ends; beat is called at the first heartbeat.
func (c *connection) watch(beat, message func()) {
	seen := false
	for {
		f, err := c.s.Event()
		switch {
		case err != nil:
			return
		case !f.Heartbeat:
			message()
		case !seen:
			seen = true
			beat()
		}
	}
}
