package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"asapi/internal/client"
	"asapi/tasks/bench"

	"golang.org/x/sync/errgroup"
)

type benchWatchCmd struct {
	benchFlags
	Count    int           `short:"n" help:"Watchers to open." default:"10000"`
	Changes  int           `help:"Changes of progress a second; a task makes five, so the workers have to run a fifth as many tasks at once." default:"1000"`
	Stalled  int           `help:"Watchers besides that read nothing, which the server is to drop." default:"100"`
	Duration time.Duration `short:"d" help:"How long to watch." default:"20s"`
}

// watchFigures is what the measurement prints. Times are in milliseconds.
type watchFigures struct {
	Bench    string  `json:"bench"`
	Watchers int     `json:"watchers"`
	Changes  float64 `json:"changes_per_second"`
	Bytes    float64 `json:"bytes_per_second"`
	P50      float64 `json:"behind_p50_ms"`
	P99      float64 `json:"behind_p99_ms"`
	Max      float64 `json:"behind_max_ms"`
	Idle     float64 `json:"memory_each_idle_bytes"`
	Busy     float64 `json:"memory_each_bytes"`
	CPU      float64 `json:"cpu_percent_of_a_core"`
	Lost     int64   `json:"lost_watchers"`
	Dropped  int     `json:"stalled_dropped"`
}

// watcherFigures is what the watchers add up.
type watcherFigures struct {
	bytes atomic.Int64
	lost  atomic.Int64
	begin atomic.Int64 // Unix milliseconds; what came before does not count

	mu     sync.Mutex
	most   time.Duration   // of all watchers
	behind []time.Duration // one in ten of all
}

// Run opens the watchers, lets tasks change their progress, and tells how old what
// the watchers knew was just before they were told more.
func (b *benchWatchCmd) Run(ctx context.Context, t *terminal) error {
	c, err := b.prepare(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	before, err := b.usage(ctx)
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	var all watcherFigures
	var readers errgroup.Group
	defer func() {
		stop()
		_ = readers.Wait() // they end with their connections
	}()
	all.begin.Store(1 << 62)
	if err := openMany(watching, c, b.Count, func(conn net.Conn) {
		readers.Go(func() error { all.read(watching, conn); return nil })
	}); err != nil {
		return err
	}
	var stalled []net.Conn
	if err := openMany(watching, c, b.Stalled, func(conn net.Conn) {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(4096) // so that it is soon full
		}
		stalled = append(stalled, conn)
	}); err != nil {
		return err
	}
	if err := pauseFor(ctx, 5*time.Second); err != nil { // until memory has settled
		return err
	}
	idle, err := b.usage(ctx)
	if err != nil {
		return err
	}
	figures, err := b.measure(ctx, c, &all)
	if err != nil {
		return err
	}
	figures.Idle = (idle.memory - before.memory) / float64(b.Count+b.Stalled)
	figures.Busy = (figures.Busy - before.memory) / float64(b.Count+b.Stalled)
	figures.Dropped = dropped(stalled)
	stop()
	_ = readers.Wait() // they end with their connections
	all.sum(&figures)
	if b.JSON {
		return t.json(figures)
	}
	return t.printf("watch: %d watchers, %.0f changes/s, %.1f MB/s; behind: p50 %.0f ms, p99 %.0f ms, max %.0f ms; memory each: idle %.1f KB, busy %.1f KB; %.0f %% of a core; %d lost, %d of %d stalled ones dropped\n",
		figures.Watchers, figures.Changes, figures.Bytes/1e6, figures.P50, figures.P99, figures.Max, figures.Idle/1e3, figures.Busy/1e3, figures.CPU, figures.Lost, figures.Dropped, b.Stalled)
}

// measure runs the tasks; memory is that of the whole server.
func (b *benchWatchCmd) measure(ctx context.Context, c *client.Client, all *watcherFigures) (watchFigures, error) {
	f := watchFigures{Bench: "watch", Watchers: b.Count}
	perTask := int(time.Second / bench.TickEvery)
	long := strconv.FormatInt((b.Duration + startTime + time.Minute).Milliseconds(), 10)
	ids, err := b.submitMany(ctx, c, max(b.Changes/perTask, 1), "tick", map[string]string{"milliseconds": long})
	if err != nil {
		return f, err
	}
	defer func() { // what was measured does not go on
		for part := range slices.Chunk(ids, client.MaxIDs) {
			_, _ = c.Cancel(context.WithoutCancel(ctx), part) // it ends by itself at last
		}
	}()
	if err := awaitRunning(ctx, c, ids); err != nil {
		return f, err
	}
	f.Changes = float64(len(ids) * perTask)
	start, err := b.usage(ctx)
	if err != nil {
		return f, err
	}
	began, received := time.Now(), all.bytes.Load()
	all.begin.Store(began.UnixMilli())
	if err := pauseFor(ctx, b.Duration); err != nil {
		return f, err
	}
	end, err := b.usage(ctx)
	took := time.Since(began).Seconds()
	f.Busy, f.CPU = end.memory, (end.cpu-start.cpu)/took*100
	f.Bytes = float64(all.bytes.Load()-received) / took
	return f, err
}

// startTime is how long the tasks have until they all run.
const startTime = 30 * time.Second

// awaitRunning waits until all tasks run at the same time.
func awaitRunning(ctx context.Context, c *client.Client, ids []string) error {
	for limit := time.Now().Add(startTime); time.Now().Before(limit); {
		list, err := statusOf(ctx, c, ids)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(list, func(s client.Status) bool { return s.Status != "In progress" }) {
			return pauseFor(ctx, 2*time.Second) // until the watchers know of all
		}
		if err := pauseFor(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("the workers do not run all tasks at once: give them a larger --concurrency, or ask for fewer --changes")
}

// openMany opens connections, some at a time, and gives them one by one.
func openMany(ctx context.Context, c *client.Client, n int, opened func(net.Conn)) error {
	g, opening := errgroup.WithContext(ctx)
	g.SetLimit(50)
	var mu sync.Mutex
	for range n {
		g.Go(func() error {
			conn, err := c.DialWatch(opening)
			if err != nil {
				return err
			}
			context.AfterFunc(ctx, func() { _ = conn.Close() })
			mu.Lock()
			defer mu.Unlock()
			opened(conn)
			return nil
		})
	}
	return g.Wait()
}

// read reads until the connection ends. Just before more arrives, a watcher knows
// what was so when the newest event it has was made; that event's age is how far
// it is behind. The time of an event stands in its id and in what it counts.
func (f *watcherFigures) read(ctx context.Context, conn net.Conn) {
	var most time.Duration
	var known time.Time
	var sample []time.Duration
	buf := make([]byte, 16<<10)
	for n := 0; ; n++ {
		size, err := conn.Read(buf)
		if err != nil {
			break
		}
		f.bytes.Add(int64(size))
		now := time.Now()
		at, ok := newest(buf[:size])
		if !ok {
			continue
		}
		if !known.IsZero() && known.UnixMilli() > f.begin.Load() {
			behind := now.Sub(known)
			most = max(most, behind)
			if n%10 == 0 {
				sample = append(sample, behind)
			}
		}
		known = at
	}
	if ctx.Err() == nil {
		f.lost.Add(1)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.most = max(f.most, most)
	f.behind = append(f.behind, sample...)
}

// newest gives when the change was made that the last whole event of a part of the
// stream tells: its task's start, and the milliseconds that it has counted since.
func newest(b []byte) (time.Time, bool) {
	at := bytes.LastIndex(b, []byte("\n\n"))
	if at < 0 {
		return time.Time{}, false
	}
	b = b[:at]
	b = b[max(0, len(b)-600):]
	started, okStart := between(b, `"started_at":"`, `"`)
	counted, okCount := between(b, `"subtitle":"bench: `, ` of`)
	start, errStart := time.Parse(time.RFC3339Nano, started)
	ms, errCount := strconv.ParseInt(counted, 10, 64)
	return start.Add(time.Duration(ms) * time.Millisecond), okStart && okCount && errStart == nil && errCount == nil
}

// between gives what stands between the last prefix and what ends it.
func between(b []byte, prefix, end string) (string, bool) {
	at := bytes.LastIndex(b, []byte(prefix))
	if at < 0 {
		return "", false
	}
	found, _, ok := bytes.Cut(b[at+len(prefix):], []byte(end))
	return string(found), ok
}

func (f *watcherFigures) sum(figures *watchFigures) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := measure("watch", "", len(f.behind), 0, f.behind)
	figures.P50, figures.P99, figures.Lost = m.P50, m.P99, f.lost.Load()
	figures.Max = float64(f.most.Microseconds()) / 1000
}

// dropTime is how long what was on its way to a dropped watcher may take.
const dropTime = 10 * time.Second

// dropped counts the connections that the server has ended: they still give what
// was on its way, and then their end.
func dropped(stalled []net.Conn) int {
	var n atomic.Int64
	var readers errgroup.Group
	for _, conn := range stalled {
		readers.Go(func() error {
			_ = conn.SetReadDeadline(time.Now().Add(dropTime)) // a closed one has ended anyway
			_, err := io.Copy(io.Discard, conn)
			var late net.Error
			if !errors.As(err, &late) || !late.Timeout() {
				n.Add(1)
			}
			return nil
		})
	}
	_ = readers.Wait() // they give no errors
	return int(n.Load())
}

// pauseFor waits.
func pauseFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
