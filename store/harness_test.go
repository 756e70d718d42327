package store_test

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"asapi/store"
	"asapi/store/storetest"
	"asapi/tasks"
)

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	storetest.OnBoth(t, func(t *testing.T, url string) {
		t.Helper()
		test(t, newWorld(t, url))
	})
}

// world is a store with two clients that have an account each.
type world struct {
	*store.Store
	t          testing.TB
	ctx        context.Context
	ada, bob   tasks.Client
	adaAccount tasks.Account
}

// newWorld begins with a database that has the newest schema and nothing else.
func newWorld(tb testing.TB, url string) *world {
	tb.Helper()
	return newWorldOf(tb, store.Config{URL: url})
}

func newWorldOf(tb testing.TB, cfg store.Config) *world {
	tb.Helper()
	s, err := store.Open(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	w := &world{Store: s, t: tb, ctx: tb.Context()}
	w.ada, w.bob = w.client("ada"), w.client("bob")
	w.adaAccount = tasks.Account{Client: w.ada.ID, Service: "tracker", Username: "alice"}
	for _, a := range []tasks.Account{w.adaAccount, {Client: w.bob.ID, Service: "tracker", Username: "alice"}} {
		w.must(s.RegisterAccount(w.ctx, a))
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) wants(code tasks.Code, err error) {
	w.t.Helper()
	if tasks.CodeOf(err) != code {
		w.t.Fatalf("got error %v with code %q, want code %q", err, tasks.CodeOf(err), code)
	}
}

func (w *world) client(name string) tasks.Client {
	w.t.Helper()
	c, err := w.CreateClient(w.ctx, name)
	w.must(err)
	return c
}

// stream makes an aschannel token and gives its stream.
func (w *world) stream(c tasks.Client) string {
	w.t.Helper()
	token, err := w.CreateToken(w.ctx, tasks.Token{Client: c.ID, Protocol: tasks.ASChannel}, sha256.Sum256([]byte(w.t.Name()+c.Name+time.Now().String())))
	w.must(err)
	return token.Stream
}

// stored is a submission of c whose result goes to the result store, dispatched
// at once.
func stored(c tasks.Client) tasks.NewTask {
	return tasks.NewTask{
		Client: c.ID, Service: "tracker", Action: "import-trackers", Account: "alice", Protocol: tasks.ASStore,
		Priority: tasks.Default, MaxAttempts: 3, Values: map[string][]string{"provider": {"myanimelist"}}, Dispatched: true,
	}
}

func streamed(c tasks.Client, stream string) tasks.NewTask {
	n := stored(c)
	n.Protocol, n.Stream = tasks.ASChannel, stream
	return n
}

func (w *world) submit(n tasks.NewTask) tasks.Task {
	w.t.Helper()
	done, err := w.Submit(w.ctx, n)
	w.must(err)
	return done.Task
}

func (w *world) start(id tasks.ID, lease time.Duration) tasks.Assignment {
	w.t.Helper()
	a, err := w.Start(w.ctx, id, lease)
	w.must(err)
	return a
}

func (w *world) task(id tasks.ID) tasks.Task {
	w.t.Helper()
	list, err := w.Tasks(w.ctx, w.ada.ID, []tasks.ID{id})
	w.must(err)
	if len(list) != 1 {
		w.t.Fatalf("task %s was not found", id)
	}
	return list[0]
}

// published ends a run with a small result.
func published(f tasks.Fence, payload string) tasks.Ending {
	return tasks.Ending{
		Fence: f, State: tasks.Published, Progress: 100,
		Result: &tasks.Result{Success: true, ContentType: "text/plain", Inline: []byte(payload), Size: int64(len(payload)), SHA256: sha256.Sum256([]byte(payload))},
	}
}

// run submits a task and brings it to its end.
func (w *world) run(n tasks.NewTask, payload string) tasks.Task {
	w.t.Helper()
	t := w.submit(n)
	a := w.start(t.ID, time.Minute)
	done, err := w.Finish(w.ctx, published(a.Fence(), payload))
	w.must(err)
	return done
}
