package worker_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"asapi/internal/seal"
	"asapi/internal/testserver"
	"asapi/store"
	"asapi/store/blobs"
	"asapi/store/storetest"
	"asapi/tasks"
	"asapi/worker"
)

type params struct {
	Mode   string       `param:"mode" optional:"true"`
	Secret tasks.Secret `param:"password" optional:"true"`
}

// bench is a store, a Redis and workers around an action that tests steer.
type bench struct {
	t      *testing.T
	store  *store.Store
	redis  *testserver.RedisServer
	rdb    redis.UniversalClient
	queue  *worker.Queue
	blobs  tasks.Blobs
	sealer tasks.Sealer
	client tasks.Client
	events events
	act    func(context.Context, *tasks.Run, params) error

	workers *errgroup.Group
	stop    context.CancelFunc
	last    *worker.Worker
}

type events struct {
	mu   sync.Mutex
	list []tasks.Event
	to   func(tasks.Event)
}

func (e *events) Publish(list ...tasks.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, list...)
	for _, ev := range list {
		if e.to != nil {
			e.to(ev)
		}
	}
}

func newBench(t *testing.T, act func(context.Context, *tasks.Run, params) error) *bench {
	t.Helper()
	b := &bench{t: t, act: act, redis: testserver.NewRedis(t)}
	var err error
	b.blobs, err = blobs.Open(t.Context(), "file://"+t.TempDir())
	b.must(err)
	b.store, err = store.Open(t.Context(), store.Config{URL: storetest.SQLite(t), Blobs: b.blobs})
	b.must(err)
	t.Cleanup(func() { _ = b.store.Close() })
	b.sealer, err = seal.Parse(seal.Generate())
	b.must(err)
	b.client = b.newClient("ada")
	opts, err := redis.ParseURL(b.redis.URL())
	b.must(err)
	b.rdb = redis.NewClient(opts)
	t.Cleanup(func() { _ = b.rdb.Close() })
	return b
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) newClient(name string) tasks.Client {
	b.t.Helper()
	c, err := b.store.CreateClient(b.t.Context(), name)
	b.must(err)
	b.must(b.store.RegisterAccount(b.t.Context(), tasks.Account{Client: c.ID, Service: "test", Username: "u"}))
	return c
}

// begin starts a worker process's parts; end stops them in order.
func (b *bench) begin(concurrency int) {
	b.t.Helper()
	ctx, stop := context.WithCancel(b.t.Context())
	log := slog.New(slog.NewTextHandler(b.t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
	action := tasks.NewAction(tasks.Action{
		Slug: "act", Name: "Act", MaxAttempts: 3, Timeout: 20 * time.Second, Recurs: true,
		Backoff: func(int) time.Duration { return time.Millisecond },
	}, func(ctx context.Context, r *tasks.Run, p params) error { return b.act(ctx, r, p) })
	erased := func(context.Context, tasks.Account) error { return nil }
	b.queue = worker.NewQueue(worker.QueueConfig{Redis: b.rdb, Log: log})
	b.last = worker.New(worker.Config{
		Store: b.store, Blobs: b.blobs, Sealer: b.sealer, Publisher: &b.events, Queue: b.queue, Redis: b.rdb, Concurrency: concurrency, Log: log,
		Catalog: tasks.NewCatalog(tasks.Service{Slug: "test", Name: "Test", Actions: []tasks.Action{action}, Erase: erased}),
	})
	b.events.mu.Lock()
	b.events.to = b.last.HandleEvent
	b.events.mu.Unlock()
	b.workers, b.stop = new(errgroup.Group), stop
	b.workers.Go(func() error { return b.queue.Run(ctx) })
	b.workers.Go(func() error { return b.last.Run(ctx) })
	b.t.Cleanup(b.end)
}

func (b *bench) end() {
	b.stop()
	if err := b.workers.Wait(); err != nil {
		b.t.Error(err)
	}
}

func (b *bench) new(c tasks.Client, mode string) tasks.NewTask {
	return tasks.NewTask{
		Client: c.ID, Service: "test", Action: "act", Account: "u", Protocol: tasks.ASStore, Priority: tasks.Default,
		MaxAttempts: 3, Values: map[string][]string{"mode": {mode}},
	}
}

func (b *bench) submit(n tasks.NewTask) tasks.ID {
	b.t.Helper()
	done, err := b.store.Submit(b.t.Context(), n)
	b.must(err)
	if b.queue != nil {
		b.queue.Nudge()
	}
	return done.Task.ID
}

func (b *bench) task(id tasks.ID) tasks.Task {
	b.t.Helper()
	list, err := b.store.Tasks(b.t.Context(), b.client.ID, []tasks.ID{id})
	b.must(err)
	if len(list) != 1 {
		b.t.Fatalf("task %s is not there", id)
	}
	return list[0]
}

func (b *bench) ends(id tasks.ID, as tasks.State) tasks.Task {
	b.t.Helper()
	testserver.Eventually(b.t, time.Minute, func() bool { return b.task(id).State.Ended() }, "the task ends")
	t := b.task(id)
	if t.State != as {
		b.t.Fatalf("the task ended as %v (%s: %s), want %v", t.State, t.ErrorCode, t.ErrorDetail, as)
	}
	return t
}

func (b *bench) result(id tasks.ID) tasks.Result {
	b.t.Helper()
	r, err := b.store.PeekResult(b.t.Context(), b.client.ID, id)
	b.must(err)
	return r
}

func TestATaskRunsAndItsResultIsPublished(t *testing.T) {
	b := newBench(t, func(_ context.Context, r *tasks.Run, p params) error {
		_, err := fmt.Fprint(r.Output("text/plain", "out.txt"), "mode "+p.Mode)
		return err
	})
	b.begin(4)
	id := b.submit(b.new(b.client, "quick"))
	if done := b.ends(id, tasks.Published); done.Progress != 100 || done.Tries != 1 {
		t.Errorf("got %+v", done)
	}
	if r := b.result(id); string(r.Inline) != "mode quick" || r.ContentType != "text/plain" || r.Filename != "out.txt" {
		t.Errorf("the result is %+v", r)
	}
}

func TestALargeResultGoesToTheBlobStore(t *testing.T) {
	payload := make([]byte, 3*tasks.InlineLimit)
	for i := range payload {
		payload[i] = byte(i)
	}
	b := newBench(t, func(_ context.Context, r *tasks.Run, _ params) error {
		_, err := r.Output("application/octet-stream", "").Write(payload)
		return err
	})
	b.begin(4)
	id := b.submit(b.new(b.client, ""))
	b.ends(id, tasks.Published)
	r := b.result(id)
	if r.Blob == "" || r.Size != int64(len(payload)) || r.SHA256 != sha256.Sum256(payload) {
		t.Errorf("the result is %+v", r)
	}
}

func TestAnErrorIsRetriedAndAnErrorOfTheUserIsNot(t *testing.T) {
	var tries atomic.Int32
	b := newBench(t, func(_ context.Context, _ *tasks.Run, p params) error {
		tries.Add(1)
		switch p.Mode {
		case "flaky":
			if tries.Load() < 3 {
				return errors.New("secret internals")
			}
			return nil
		case "panic":
			panic("secret internals")
		case "final":
			return tasks.Permanent(tasks.CodeUnsupportedFormat, "This is no list.")
		}
		return errors.New("secret internals")
	})
	b.begin(1)
	if done := b.ends(b.submit(b.new(b.client, "flaky")), tasks.Published); done.Tries != 3 {
		t.Errorf("published after %d tries", done.Tries)
	}
	for _, mode := range []string{"always", "panic"} {
		tries.Store(0)
		done := b.ends(b.submit(b.new(b.client, mode)), tasks.Failed)
		if done.Tries != 3 || tries.Load() != 3 || done.ErrorCode != tasks.CodeInternal || done.ErrorDetail == "" {
			t.Errorf("%s: got %+v after %d calls", mode, done, tries.Load())
		}
	}
	tries.Store(0)
	if done := b.ends(b.submit(b.new(b.client, "final")), tasks.Failed); tries.Load() != 1 || done.ErrorDetail != "This is no list." {
		t.Errorf("got %+v after %d calls", done, tries.Load())
	}
}

func TestSecretsReachTheActionOnly(t *testing.T) {
	got := make(chan string, 1)
	b := newBench(t, func(_ context.Context, _ *tasks.Run, p params) error {
		got <- p.Secret.Reveal()
		return nil
	})
	b.begin(1)
	n := b.new(b.client, "")
	var err error
	n.Sealed, err = b.sealer.Seal([]byte(`{"password":["hunter2"]}`))
	b.must(err)
	b.submit(n)
	if s := <-got; s != "hunter2" {
		t.Errorf("the action got %q", s)
	}
}

func TestCancellingARunningTaskStopsIt(t *testing.T) {
	running := make(chan struct{})
	b := newBench(t, func(ctx context.Context, r *tasks.Run, _ params) error {
		r.Expect(10)
		b := r.Record(ctx, tasks.Item{Key: "one", Outcome: tasks.Created})
		close(running)
		<-ctx.Done()
		return errors.Join(b, ctx.Err())
	})
	b.begin(1)
	id := b.submit(b.new(b.client, ""))
	<-running
	found, err := b.store.Cancel(t.Context(), b.client.ID, []tasks.ID{id})
	b.must(err)
	b.last.HandleEvent(tasks.Event{Task: found[0].ID, Cancel: true})
	done := b.ends(id, tasks.Cancelled)
	if done.ErrorCode != tasks.CodeCancelled || done.Items.Created != 1 || done.Items.Total != 10 || done.ErrorDetail != "The task was cancelled after 1 of 10 items." {
		t.Errorf("got %+v", done)
	}
}

func TestACancellationWithoutANudgeIsSeenWithTheLease(t *testing.T) {
	running := make(chan struct{})
	b := newBench(t, func(ctx context.Context, _ *tasks.Run, _ params) error {
		close(running)
		<-ctx.Done()
		return ctx.Err()
	})
	b.begin(1)
	id := b.submit(b.new(b.client, ""))
	<-running
	_, err := b.store.Cancel(t.Context(), b.client.ID, []tasks.ID{id})
	b.must(err)
	b.ends(id, tasks.Cancelled)
}

func TestStoppingAWorkerHandsItsTasksBackUncounted(t *testing.T) {
	running := make(chan struct{}, 2)
	var calls atomic.Int32
	b := newBench(t, func(ctx context.Context, _ *tasks.Run, _ params) error {
		running <- struct{}{}
		if calls.Add(1) > 1 {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	})
	b.begin(1)
	id := b.submit(b.new(b.client, ""))
	<-running
	b.end()
	if back := b.task(id); back.State != tasks.Pending || back.Tries != 0 {
		t.Fatalf("got %+v", back)
	}
	b.begin(1)
	b.ends(id, tasks.Published)
}

func TestADeadlineEndsWaitingAndRunningTasks(t *testing.T) {
	b := newBench(t, func(ctx context.Context, _ *tasks.Run, _ params) error {
		<-ctx.Done()
		return ctx.Err()
	})
	b.begin(1)
	first, second := b.new(b.client, ""), b.new(b.client, "")
	first.Deadline = time.Now().Add(time.Second)
	second.Deadline = first.Deadline
	for _, id := range []tasks.ID{b.submit(first), b.submit(second)} {
		if done := b.ends(id, tasks.Failed); done.ErrorCode != tasks.CodeDeadline {
			t.Errorf("got %+v", done)
		}
	}
}

func TestAScheduledTaskRunsAtItsTime(t *testing.T) {
	b := newBench(t, func(context.Context, *tasks.Run, params) error { return nil })
	b.begin(1)
	n := b.new(b.client, "")
	n.RunAt = time.Now().Add(1500 * time.Millisecond)
	done := b.ends(b.submit(n), tasks.Published)
	if done.StartedAt.Before(n.RunAt.Truncate(time.Millisecond)) {
		t.Errorf("started at %v, was due at %v", done.StartedAt, n.RunAt)
	}
}

func TestLosingAllOfRedisLosesNothing(t *testing.T) {
	var calls atomic.Int32
	release := make(chan struct{})
	b := newBench(t, func(context.Context, *tasks.Run, params) error {
		calls.Add(1)
		<-release
		return nil
	})
	b.begin(4)
	ids := make([]tasks.ID, 40)
	for i := range ids {
		ids[i] = b.submit(b.new(b.client, ""))
	}
	testserver.Eventually(t, time.Minute, func() bool { return calls.Load() >= 3 }, "some tasks run")
	b.must(b.rdb.FlushAll(t.Context()).Err())
	close(release)
	for _, id := range ids {
		b.ends(id, tasks.Published)
	}
	if int(calls.Load()) != len(ids) {
		t.Errorf("%d tasks ran %d times", len(ids), calls.Load())
	}
}

func TestTasksSubmittedWhileRedisIsDownRunWhenItIsBack(t *testing.T) {
	b := newBench(t, func(context.Context, *tasks.Run, params) error { return nil })
	b.begin(4)
	b.ends(b.submit(b.new(b.client, "")), tasks.Published)
	b.redis.Kill()
	n := b.new(b.client, "")
	n.Dispatched = true
	direct := b.submit(n)
	b.queue.Enqueue(tasks.Dispatch{Task: direct, Number: 1, Priority: tasks.Default})
	waiting := b.submit(b.new(b.client, ""))
	b.redis.Restart()
	b.ends(direct, tasks.Published)
	b.ends(waiting, tasks.Published)
}

func TestASmallClientDoesNotWaitForAFlood(t *testing.T) {
	b := newBench(t, func(ctx context.Context, _ *tasks.Run, _ params) error {
		select { // a task of some length
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
		return ctx.Err()
	})
	small := b.newClient("small")
	for range 400 {
		b.submit(b.new(b.client, "flood"))
	}
	b.begin(4)
	var last tasks.ID
	for range 5 {
		last = b.submit(b.new(small, "small"))
	}
	testserver.Eventually(t, time.Minute, func() bool {
		list, err := b.store.Tasks(t.Context(), small.ID, []tasks.ID{last})
		b.must(err)
		return list[0].State.Ended()
	}, "the small client's last task ends")
	left, err := b.store.ListTasks(t.Context(), b.client.ID, tasks.TaskFilter{States: []tasks.State{tasks.Pending}})
	b.must(err)
	if len(left.Tasks) < 200 {
		t.Errorf("the small client waited until only %d of 400 flood tasks were left", len(left.Tasks))
	}
}

func TestAnErasureCancelsWhatRunsAndThenForgetsTheAccount(t *testing.T) {
	running := make(chan struct{})
	b := newBench(t, func(ctx context.Context, _ *tasks.Run, _ params) error {
		close(running)
		<-ctx.Done()
		return ctx.Err()
	})
	b.begin(1)
	id := b.submit(b.new(b.client, ""))
	<-running
	account := tasks.Account{Client: b.client.ID, Service: "test", Username: "u"}
	b.must(b.store.DeregisterAccount(t.Context(), account, true))
	testserver.Eventually(t, time.Minute, func() bool { return b.store.RegisterAccount(t.Context(), account) == nil }, "the account is erased")
	b.ends(id, tasks.Cancelled)
}
