package channel

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"asapi/tasks"
)

// Store is what a Hub needs of the store.
type Store interface {
	tasks.ResultStore
	tasks.ActivityStore
	// Tasks tells which messages of a full window were consumed meanwhile, and
	// what became of watched tasks.
	Tasks(ctx context.Context, client tasks.ClientID, ids []tasks.ID) ([]tasks.Task, error)
}

// Config is what a Hub works with. Zero timings and sizes take the defaults
// named beside them.
type Config struct {
	Store Store
	Blobs tasks.Blobs
	Redis redis.UniversalClient // nil: this process is the only one
	Log   *slog.Logger          // nil: slog.Default()

	Topic          string        // of the events in Redis; "asapi:events"
	LeaseTime      time.Duration // 15 s; how long claims outlive this process
	LeaseEvery     time.Duration // 5 s
	Heartbeat      time.Duration // 9 s of silence; the promise is 10
	Settle         time.Duration // 250 ms between a message and the heartbeat that proves it
	Recheck        time.Duration // 1 s; the longest an Await misses a lost event
	PollEvery      time.Duration // 2 s between two looks for messages of which no event told
	Drain          time.Duration // 1 s for acknowledgements when the server closes a stream
	AckTimeout     time.Duration // 30 s for a download's last bytes
	ChunkSize      int64         // 1 MiB
	BatchMessages  int           // 1024 messages in one claim
	BatchBytes     int64         // 2 MiB that one claim brings into memory
	WindowMessages int           // 32768 unconsumed messages on one connection: what a fast reader takes while Settle proves the first
	WindowBytes    int64         // 512 MiB of unconsumed messages on one connection
}

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.LeaseTime, 15*time.Second)
	def(&c.LeaseEvery, 5*time.Second)
	def(&c.Heartbeat, 9*time.Second)
	def(&c.Settle, 250*time.Millisecond)
	def(&c.Recheck, time.Second)
	def(&c.PollEvery, 2*time.Second)
	def(&c.Drain, time.Second)
	def(&c.AckTimeout, 30*time.Second)
	if c.ChunkSize == 0 {
		c.ChunkSize = 1 << 20
	}
	if c.BatchMessages == 0 {
		c.BatchMessages = 1024
	}
	if c.BatchBytes == 0 {
		c.BatchBytes = 2 << 20
	}
	if c.WindowMessages == 0 {
		c.WindowMessages = 32768
	}
	if c.WindowBytes == 0 {
		c.WindowBytes = 512 << 20
	}
	if c.Topic == "" {
		c.Topic = "asapi:events"
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// Hub is one process's part in what goes out live.
type Hub struct {
	cfg       Config
	origin    string // names this process's publications, so that it skips its own
	watch     watchers
	pub       publisher
	leases    leases
	ranges    ranges
	connected atomic.Bool // the subscription is up
	downloads downloads
	board     board
}

var _ tasks.Channel = (*Hub)(nil)

// New makes a Hub. Until Run runs, streams and downloads are unavailable.
func New(cfg Config) *Hub {
	cfg = cfg.withDefaults()
	h := &Hub{cfg: cfg, origin: randomName()}
	h.watch.init()
	h.pub.init()
	h.leases.init(2 * cfg.LeaseTime)
	h.ranges = ranges{redis: cfg.Redis, known: map[int64]rangeSet{}}
	h.downloads.byTask = map[tasks.ID]*download{}
	h.board.init(h)
	h.watch.addFunc(h.board.tell)
	h.watch.missed = h.board.missed
	return h
}

// shutdownGrace is how long Run waits for deliveries that are ending.
const shutdownGrace = 3 * time.Second

// Run keeps the lease on what this process claimed, publishes and receives
// events, until ctx ends. Then open deliveries are ended, and what they had
// not consumed is given back. End the HTTP server first.
func (h *Hub) Run(ctx context.Context) error {
	g, running := errgroup.WithContext(ctx)
	g.Go(func() error { return h.keepLeases(running) })
	g.Go(func() error { return h.poll(running) })
	g.Go(func() error { return h.board.run(running) })
	if h.cfg.Redis != nil {
		g.Go(func() error { return h.publish(running) })
		g.Go(func() error { return h.subscribe(running) })
	}
	return g.Wait()
}

// Publish tells watchers in this process at once, and other processes within
// milliseconds. It never waits; when Redis is down or too slow, the others learn
// by looking into the store.
func (h *Hub) Publish(events ...tasks.Event) {
	if len(events) == 0 {
		return
	}
	h.watch.tell(events)
	if h.cfg.Redis != nil {
		h.pub.add(events)
	}
}

// OnEvent calls f with every event, also those of other processes, until stop
// is called. f must be quick and may be called by several goroutines at once.
func (h *Hub) OnEvent(f func(tasks.Event)) (stop func()) { return h.watch.addFunc(f) }

// Open attaches a connection to a stream. An empty ack is AckAuto.
func (h *Hub) Open(stream string, ack tasks.Ack) tasks.Delivery {
	if ack == "" {
		ack = tasks.AckAuto
	}
	return &delivery{hub: h, stream: stream, ack: ack, wake: make(chan struct{}, 1)}
}

// wakeStream tells every connection on the stream, here and elsewhere, that
// messages wait.
func (h *Hub) wakeStream(stream string) {
	h.watch.wakeStream(stream)
	if h.cfg.Redis != nil {
		h.pub.addStream(stream)
	}
}

func randomName() string {
	var b [12]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
