package channel_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"asapi/channel"
	"asapi/internal/testserver"
	"asapi/store"
	"asapi/store/blobs"
	"asapi/store/storetest"
	"asapi/tasks"
)

const patience = 20 * time.Second

// world is one store and one Redis, for as many hubs as a test likes.
type world struct {
	t      *testing.T
	store  *faulty
	blobs  *blobs.Store
	redis  *miniredis.Miniredis
	client tasks.Client
	stream string
}

// faulty is a store that fails where a test says so.
type faulty struct {
	*store.Store
	mu   sync.Mutex
	hold error
}

func (f *faulty) Hold(ctx context.Context, holder string, ttl time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hold != nil {
		return f.hold
	}
	return f.Store.Hold(ctx, holder, ttl)
}

func (f *faulty) failHold() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hold = errors.New("the database is away")
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t, redis: miniredis.RunT(t)}
	var err error
	w.blobs, err = blobs.Open(t.Context(), "file://"+filepath.Join(dir, "blobs"))
	w.must(err)
	t.Cleanup(func() { _ = w.blobs.Close() })
	s, err := store.Open(t.Context(), store.Config{URL: storetest.SQLite(t), Blobs: w.blobs})
	w.must(err)
	t.Cleanup(func() { _ = s.Close() })
	w.store = &faulty{Store: s}
	return w.as("ada")
}

// as gives the same world to another client with a stream of its own.
func (w *world) as(name string) *world {
	w.t.Helper()
	other := *w
	var err error
	other.client, err = w.store.CreateClient(w.t.Context(), name)
	w.must(err)
	w.must(w.store.RegisterAccount(w.t.Context(), tasks.Account{Client: other.client.ID, Service: "ledger", Username: "alice"}))
	token, err := w.store.CreateToken(w.t.Context(), tasks.Token{Client: other.client.ID, Protocol: tasks.ASChannel, Ack: tasks.AckAuto}, sha256.Sum256([]byte(name)))
	w.must(err)
	other.stream = token.Stream
	return &other
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// hub runs a hub as one more process.
func (w *world) hub(change ...func(*channel.Config)) *channel.Hub {
	w.t.Helper()
	client := redis.NewClient(&redis.Options{Addr: w.redis.Addr(), MaxRetries: -1})
	w.t.Cleanup(func() { _ = client.Close() })
	cfg := channel.Config{Store: w.store, Blobs: w.blobs, Redis: client, Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&cfg)
	}
	h := channel.New(cfg)
	ctx, stop := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	w.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
	return h
}

// publish brings a task to its end with a result on the stream and gives what
// became of it.
func (w *world) publish(payload []byte) tasks.Task {
	w.t.Helper()
	return w.end(tasks.ASChannel, w.stream, payload)
}

// end brings a task to its end with a result, on a stream or to be fetched.
func (w *world) end(protocol tasks.Protocol, stream string, payload []byte) tasks.Task {
	w.t.Helper()
	done, err := w.store.Submit(w.t.Context(), tasks.NewTask{
		Client: w.client.ID, Service: "ledger", Action: "import", Account: "alice", Protocol: protocol, Stream: stream,
		Priority: tasks.Default, MaxAttempts: 3, Dispatched: true,
	})
	w.must(err)
	run, err := w.store.Start(w.t.Context(), done.Task.ID, time.Minute)
	w.must(err)
	out := tasks.NewResultWriter(w.blobs)
	_, err = io.Copy(out, bytes.NewReader(payload))
	w.must(err)
	result, err := out.Commit()
	w.must(err)
	ended, err := w.store.Finish(w.t.Context(), tasks.Ending{Fence: run.Fence(), State: tasks.Published, Result: &result})
	w.must(err)
	return ended
}

func (w *world) retrieved(id tasks.ID) bool {
	w.t.Helper()
	list, err := w.store.Tasks(w.t.Context(), w.client.ID, []tasks.ID{id})
	w.must(err)
	return len(list) == 1 && list[0].Retrieved
}

// connection is a delivery that writes to memory.
type connection struct {
	w     *world
	stop  context.CancelFunc
	ended chan error

	mu       sync.Mutex
	messages []tasks.Message
	bytes    []byte
	beats    int
	written  int64
	unacked  int64
	status   tasks.PeerStatus
	unknown  bool
}

func (w *world) connect(h *channel.Hub, ack tasks.Ack, change ...func(*connection)) *connection {
	w.t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(w.t.Context()))
	c := &connection{w: w, stop: stop, ended: make(chan error, 1)}
	for _, f := range change {
		f(c)
	}
	go func() { c.ended <- h.Open(w.stream, ack).Run(ctx, c) }()
	w.t.Cleanup(stop)
	return c
}

func (c *connection) Write(m *tasks.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.written += int64(len(m.Payload))
	if m.Result != nil {
		c.bytes = append(c.bytes, m.Payload...)
		kept := *m
		kept.Payload = nil
		c.messages = append(c.messages, kept)
	}
	return nil
}

func (c *connection) Heartbeat() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.beats++
	c.written += 2
	return nil
}

func (c *connection) Flush() error     { return nil }
func (c *connection) Peer() tasks.Peer { return c }

func (c *connection) Written() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.written
}

func (c *connection) Unacked() (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unknown {
		return 0, tasks.ErrPeerUnknown
	}
	return c.unacked, nil
}

func (c *connection) Status() tasks.PeerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// set changes what is known of the peer.
func (c *connection) set(unacked int64, status tasks.PeerStatus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unacked, c.status = unacked, status
}

func (c *connection) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.messages)
}

func (c *connection) got(n int) {
	c.w.t.Helper()
	testserver.Eventually(c.w.t, patience, func() bool { return c.count() >= n }, "messages")
}

// end closes the connection and waits for its delivery.
func (c *connection) end(unacked int64, status tasks.PeerStatus) {
	c.w.t.Helper()
	c.set(unacked, status)
	c.stop()
	if err := <-c.ended; err == nil {
		c.w.t.Error("a delivery ended without a cause")
	}
}
