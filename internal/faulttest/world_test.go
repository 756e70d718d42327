package faulttest_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"asapi/internal/client"
	"asapi/internal/seal"
	"asapi/internal/testserver"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// world is one PostgreSQL, one Redis and any number of processes on them.
type world struct {
	t       *testing.T
	redis   *testserver.RedisServer
	env     []string
	serve   []*process
	work    []*process
	tenants []*tenant

	receivers sync.WaitGroup
	stop      context.CancelFunc
	ctx       context.Context // ends the receivers
}

// newWorld also makes clients, whose streams are received.
func newWorld(t *testing.T, serves, works int, names ...string) *world {
	t.Helper()
	w := newStage(t, testserver.Postgres(t), serves, works)
	for _, name := range names {
		w.receive(w.join(name, "--protocol", "aschannel"))
	}
	return w
}

// newStage starts the API's processes, and not the workers'. settings are more
// variables of their environment.
func newStage(t *testing.T, databaseURL string, serves, works int, settings ...string) *world {
	t.Helper()
	w := &world{t: t, redis: testserver.NewRedis(t)}
	w.ctx, w.stop = context.WithTimeout(t.Context(), most)
	w.env = append([]string{
		"DATABASE_URL=" + databaseURL, "REDIS_URL=" + w.redis.URL(), "BLOB_URL=file://" + t.TempDir(),
		"SECRET_KEY=" + seal.Generate(), "ASAPI_BENCH_SERVICE=true",
	}, settings...)
	run(t, w.env, "migrate")
	for range serves {
		p := newProcess(t, w.env, "--listen", "serve")
		w.serve = append(w.serve, p)
		p.start()
	}
	for range works {
		w.work = append(w.work, newProcess(t, w.env, "--metrics-listen", "work"))
	}
	for _, p := range w.serve {
		p.await()
	}
	t.Cleanup(func() {
		w.stop()
		w.receivers.Wait()
	})
	return w
}

// join makes a client with an account and a token; flags are of "token create".
func (w *world) join(name string, flags ...string) *tenant {
	w.t.Helper()
	run(w.t, w.env, "client", "create", name)
	one := w.with(name, flags...)
	one.register(w.ctx)
	w.tenants = append(w.tenants, one)
	return one
}

// with gives a client of before one more token.
func (w *world) with(name string, flags ...string) *tenant {
	w.t.Helper()
	token := run(w.t, w.env, append([]string{"token", "create", "--client", name}, flags...)...)
	one := &tenant{t: w.t, ctx: w.ctx, name: name, token: token, messages: map[string]map[string]bool{}}
	for _, p := range w.serve {
		one.urls = append(one.urls, p.url())
	}
	return one
}

// receive receives the tenant's stream until the test ends.
func (w *world) receive(one *tenant) {
	w.t.Helper()
	stream := streamOf(w.t, w.env, one.name)
	w.receivers.Go(func() { one.receive(w.ctx, stream) })
}

// streamOf reads a tenant's stream from the list of tokens.
func streamOf(t *testing.T, env []string, name string) string {
	t.Helper()
	var token struct {
		Stream string `json:"stream"`
	}
	if err := json.Unmarshal([]byte(run(t, env, "token", "list", "--client", name)), &token); err != nil {
		t.Fatal(err)
	}
	return token.Stream
}

// awaitNoClaims waits until no message is on its way to anybody.
func (w *world) awaitNoClaims() {
	w.t.Helper()
	_, url, _ := strings.Cut(w.env[0], "=")
	db, err := pgx.Connect(w.t.Context(), url)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = db.Close(w.t.Context()) }()
	testserver.Eventually(w.t, patience, func() bool {
		var claimed bool
		err := db.QueryRow(w.t.Context(), "SELECT EXISTS (SELECT FROM claims)").Scan(&claimed)
		return err == nil && !claimed
	}, "the claims of the dead to end")
}

// flushAll empties Redis.
func (w *world) flushAll() {
	w.t.Helper()
	o, err := redis.ParseURL(w.redis.URL())
	if err != nil {
		w.t.Fatal(err)
	}
	c := redis.NewClient(o)
	defer func() { _ = c.Close() }()
	if err := c.FlushAll(w.t.Context()).Err(); err != nil {
		w.t.Error(err)
	}
}

// ended sums over the tenants.
func (w *world) ended() (ended, retrieved int) {
	for _, c := range w.tenants {
		e, r := c.ended()
		ended, retrieved = ended+e, retrieved+r
	}
	return ended, retrieved
}

// awaitEnded waits until so many tasks have ended.
func (w *world) awaitEnded(n int) {
	w.t.Helper()
	testserver.Eventually(w.t, patience, func() bool {
		ended, _ := w.ended()
		return ended >= n
	}, "tasks to end")
}

// awaitRetrieved waits until every answered task was delivered for good.
func (w *world) awaitRetrieved(n int) {
	w.t.Helper()
	testserver.Eventually(w.t, patience, func() bool {
		_, retrieved := w.ended()
		return retrieved >= n
	}, "results to be retrieved")
}

func pauseFor(milliseconds string) client.Submission {
	return client.Submission{Action: "pause", Values: map[string][]string{"milliseconds": {milliseconds}}}
}
