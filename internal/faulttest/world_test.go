package faulttest_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"asapi/internal/client"
	"asapi/internal/seal"
	"asapi/internal/testserver"

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

func newWorld(t *testing.T, serves, works int, names ...string) *world {
	t.Helper()
	w := &world{t: t, redis: testserver.NewRedis(t)}
	w.ctx, w.stop = context.WithCancel(t.Context())
	w.env = []string{
		"DATABASE_URL=" + testserver.Postgres(t), "REDIS_URL=" + w.redis.URL(), "BLOB_URL=file://" + t.TempDir(),
		"SECRET_KEY=" + seal.Generate(), "ASAPI_BENCH_SERVICE=true",
	}
	run(t, w.env, "migrate")
	var urls []string
	for range serves {
		p := newProcess(t, w.env, "--listen", "serve")
		w.serve, urls = append(w.serve, p), append(urls, p.url())
		p.start()
	}
	for range works {
		w.work = append(w.work, newProcess(t, w.env, "--metrics-listen", "work"))
	}
	for _, p := range w.serve {
		p.await()
	}
	for _, name := range names {
		one := newTenant(t, w.env, name, urls...)
		one.register(w.ctx)
		w.tenants = append(w.tenants, one)
		stream := streamOf(t, w.env, name)
		w.receivers.Go(func() { one.receive(w.ctx, stream) })
	}
	t.Cleanup(func() {
		w.stop()
		w.receivers.Wait()
	})
	return w
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
