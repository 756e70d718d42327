package modeltest_test

import (
	"context"
	"flag"
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"asapi/api"
	"asapi/channel"
	"asapi/internal/netpeer"
	"asapi/internal/seal"
	"asapi/internal/testserver"
	"asapi/internal/throttle"
	"asapi/store"
	"asapi/store/blobs"
	"asapi/store/storetest"
	"asapi/tasks"
)

// patience is how long something that must happen may take on a busy machine.
const patience = 30 * time.Second

// world is two API processes in one, with a hub each, on one store and one Redis.
// The tests play the workers. All interleavings of a test share it, each with
// clients of its own.
type world struct {
	store   *store.Store
	blobs   *blobs.Store
	hubs    []*channel.Hub
	addrs   []string // host:port of each server
	book    *book
	doors   doors
	members atomic.Int64
	clock   atomic.Int64 // logical time: grows with every observation
	log     testserver.Log
}

// now gives a logical time that is later than all that were given before.
func (w *world) now() int64 { return w.clock.Add(1) }

// onBoth runs a test on SQLite and, with fewer interleavings, on PostgreSQL.
func onBoth(t *testing.T, sqlite, postgres int, settle time.Duration, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		checks(t, sqlite)
		test(t, newWorld(t, storetest.SQLite(t), settle))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		checks(t, postgres)
		test(t, newWorld(t, storetest.Postgres(t), settle))
	})
}

const checksFlag = "rapid.checks"

// told reports whether the command line says how many interleavings to try.
var told = sync.OnceValue(func() bool {
	set := false
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == checksFlag })
	return set
})

// checks sets how many interleavings are tried, unless the command line does. Files
// of failed ones are not written: what the machine did in between is not in them.
func checks(t *testing.T, n int) {
	t.Helper()
	settings := map[string]string{"rapid.nofailfile": "true"}
	if !told() {
		settings[checksFlag] = strconv.Itoa(n)
	}
	for name, value := range settings {
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
}

func newWorld(t *testing.T, url string, settle time.Duration) *world {
	t.Helper()
	w := &world{book: newBook(), doors: doors{open: map[string]int{}}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	var err error
	w.blobs, err = blobs.Open(t.Context(), "file://"+filepath.Join(t.TempDir(), "blobs"))
	must(err)
	t.Cleanup(func() { _ = w.blobs.Close() })
	w.store, err = store.Open(t.Context(), store.Config{URL: url, Blobs: w.blobs, Log: log})
	must(err)
	t.Cleanup(func() { _ = w.store.Close() })
	sealer, err := seal.Parse(seal.Generate())
	must(err)
	server := miniredis.RunT(t)
	for _, window := range []int{1024, smallWindow} {
		client := redis.NewClient(&redis.Options{Addr: server.Addr()})
		t.Cleanup(func() { _ = client.Close() })
		hub := channel.New(channel.Config{
			Store: observed{w.store, w.book}, Blobs: w.blobs, Redis: client, Log: log,
			Heartbeat: 200 * time.Millisecond, Settle: settle, Recheck: 50 * time.Millisecond, PollEvery: 100 * time.Millisecond,
			Drain: 200 * time.Millisecond, ChunkSize: chunkSize, BatchMessages: 3, WindowMessages: window,
		})
		desk := tasks.NewDesk(tasks.DeskConfig{
			Catalog: catalog(), Store: w.store, Blobs: w.blobs, Queue: idle{}, Channel: counted{hub, &w.doors}, Sealer: sealer, Throttle: throttle.New(),
		})
		handler, err := api.New(api.Config{Desk: desk, Log: log, PublicURL: "http://asapi.example.com"})
		must(err)
		w.hubs = append(w.hubs, hub)
		w.addrs = append(w.addrs, w.serve(t, hub, handler, log))
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(w.log.String())
		}
	})
	return w
}

// Timings and sizes that make many things happen in little time.
const (
	soon        = 20 * time.Millisecond // without a reset, and what was acknowledged is consumed
	never       = time.Hour             // only an orderly close proves anything
	chunkSize   = 4 << 10
	smallWindow = 8 // messages, on the second server
)

// serve runs a server and its hub until the test ends and gives its address.
func (w *world) serve(t *testing.T, hub *channel.Hub, handler http.Handler, log *slog.Logger) string {
	t.Helper()
	listener, err := netpeer.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hubCtx, stopHub := context.WithCancel(context.WithoutCancel(t.Context()))
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	hubEnded, ended := make(chan error, 1), make(chan error, 1)
	go func() { hubEnded <- hub.Run(hubCtx) }()
	go func() {
		ended <- api.Serve(ctx, api.ServerConfig{Listener: listener, Handler: handler, Log: log})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		stopHub()
		if err := <-hubEnded; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func catalog() *tasks.Catalog {
	return tasks.NewCatalog(tasks.Service{Slug: "archive", Name: "Archive", Actions: []tasks.Action{
		tasks.NewAction(tasks.Action{Slug: "copy-page", Name: "Copy Page"},
			func(context.Context, *tasks.Run, struct {
				Page int64 `param:"page"`
			},
			) error {
				return nil
			}),
	}})
}

// idle takes everything and runs nothing: the tests play the workers.
type idle struct{}

func (idle) Reserve(tasks.ClientID, tasks.Priority) bool { return true }
func (idle) Nudge()                                      {}
func (idle) Enqueue(...tasks.Dispatch)                   {}

// doors counts the deliveries that run, so that a test can
// wait until a server has noticed that a connection is gone.
type doors struct {
	mu   sync.Mutex
	open map[string]int
}

// counted is a channel whose deliveries are counted.
type counted struct {
	tasks.Channel
	doors *doors
}

func (c counted) Open(stream string, ack tasks.Ack) tasks.Delivery {
	return countedDelivery{c.Channel.Open(stream, ack), c.doors, stream}
}

type countedDelivery struct {
	tasks.Delivery
	doors  *doors
	stream string
}

func (d countedDelivery) Run(ctx context.Context, sink tasks.Sink) error {
	d.doors.add(d.stream, 1)
	defer d.doors.add(d.stream, -1)
	return d.Delivery.Run(ctx, sink)
}

func (d *doors) add(stream string, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[stream] += n
}

func (d *doors) of(stream string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open[stream]
}
