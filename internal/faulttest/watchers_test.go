package faulttest_test

import (
	"net"
	"strconv"
	"testing"

	"asapi/internal/client"
	"asapi/internal/testserver"

	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"
)

// mostPerWatcher is what one open watcher may take of the API's memory, in bytes.
const mostPerWatcher = 32 << 10

// TestThousandsWatchInLittleMemoryAndAStalledOneIsDroppedUnnoticed opens 2,000
// watchers, of both shapes, while a hundred tasks change their progress, and fills
// the client's last places with watchers that read nothing.
func TestThousandsWatchInLittleMemoryAndAStalledOneIsDroppedUnnoticed(t *testing.T) {
	const each, stalled, running = 1000, 10, 100
	w := newStage(t, testserver.Postgres(t), 1, 1, "ASAPI_WATCHERS="+strconv.Itoa(2*each+stalled+1), "ASAPI_CONCURRENCY="+strconv.Itoa(running))
	w.work[0].start()
	alice := w.join("alice", "--protocol", "asstore")
	one := alice.connect(0)
	t.Cleanup(one.Close)
	before := w.serve[0].memory()
	var opening errgroup.Group
	opening.SetLimit(20)
	events, frames := make([]net.Conn, each), make([]*websocket.Conn, each)
	for i := range each {
		opening.Go(func() (err error) {
			events[i], err = one.DialWatch(w.ctx)
			return err
		})
		opening.Go(func() (err error) {
			url := "ws" + w.serve[0].url()[len("http"):] + "/:/websockets/notifications?X-Plex-Token=" + alice.token
			frames[i], _, err = websocket.Dial(w.ctx, url, nil) //nolint:bodyclose // it is hijacked
			return err
		})
	}
	if err := opening.Wait(); err != nil {
		t.Fatal(err)
	}
	var readers errgroup.Group
	for i := range each {
		readers.Go(func() error { return drain(events[i]) })
		readers.Go(func() error {
			for {
				if _, _, err := frames[i].Read(w.ctx); err != nil {
					return nil //nolint:nilerr // it ends with the test
				}
			}
		})
	}
	t.Cleanup(func() {
		w.stop()
		for i := range each {
			_ = events[i].Close()
			_ = frames[i].CloseNow()
		}
		_ = readers.Wait() // they end with their connections
	})
	awake, err := one.Watch(w.ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan map[string]map[string]int, 1)
	readers.Go(func() error {
		told <- gather(awake, running)
		return nil
	})
	for range stalled {
		conn, err := one.DialWatch(w.ctx)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(4096) // soon full
		}
	}
	if conn, err := one.DialWatch(w.ctx); err == nil {
		_ = conn.Close()
		t.Fatal("there is room for one more watcher")
	}
	used := func() int64 { return (w.serve[0].memory() - before) / (2 * each) }
	testserver.Eventually(t, patience, func() bool { return used() < mostPerWatcher }, "memory of idle watchers")
	t.Logf("an idle watcher takes %d bytes", used())
	for i := range running {
		s := client.Submission{Service: "bench", Account: "a", Action: "tick", Values: map[string][]string{"milliseconds": {"40000"}}}
		if _, err := one.Submit(w.ctx, s); err != nil {
			t.Fatal(i, err)
		}
	}
	testserver.Eventually(t, patience, func() bool {
		conn, err := one.DialWatch(w.ctx)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, "a stalled watcher to be dropped")
	t.Logf("a busy watcher takes %d bytes", used())
	testserver.Eventually(t, patience, func() bool { return used() < mostPerWatcher }, "memory of busy watchers")
	byTask := <-told
	if len(byTask) != running {
		t.Errorf("it was told of %d tasks", len(byTask))
	}
	for id, n := range byTask {
		if n["started"] != 1 || n["ended"] != 1 || n["updated"] == 0 {
			t.Errorf("of task %s it was told %v", id, n)
		}
	}
}

// drain reads until the connection ends.
func drain(conn net.Conn) error {
	for b := make([]byte, 4096); ; {
		if _, err := conn.Read(b); err != nil {
			return nil //nolint:nilerr // it ends with the test
		}
	}
}

// gather counts what is told of each task, by event, until so many have ended or
// the connection has.
func gather(w *client.Watcher, ends int) map[string]map[string]int {
	told := map[string]map[string]int{}
	for ends > 0 {
		e, err := w.Next()
		if err != nil {
			break
		}
		if told[e.UUID] == nil {
			told[e.UUID] = map[string]int{}
		}
		told[e.UUID][e.Event]++
		if e.Event == "ended" {
			ends--
		}
	}
	return told
}
