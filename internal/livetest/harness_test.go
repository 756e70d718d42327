package livetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"asapi/internal/seal"
	"asapi/store"
	"asapi/store/blobs"
	"asapi/store/storetest"
	"asapi/store/trackers"
	"asapi/tasks"
	"asapi/tasks/catalog"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/live"
	"asapi/worker/cache"
	"asapi/worker/pace"
)

// clock is the time of a bench: waits move it. The zero value is the real one.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	redis *miniredis.Miniredis
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.redis == nil {
		return time.Now()
	}
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.redis.SetTime(c.now)
	c.redis.FastForward(d)
}

func (c *clock) wait(ctx context.Context, d time.Duration) error {
	if c.redis == nil {
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
		return context.Cause(ctx)
	}
	c.pass(d)
	return context.Cause(ctx)
}

// bench is a database with the tracker service and a pacer on it.
type bench struct {
	t     *testing.T
	clock *clock
	redis *redis.Client
	rates []tasks.Rate // in place of those of the providers
	turn  time.Duration

	database string // its address
	pacer    tasks.Pacer
	cache    tasks.Cache
	store    *store.Store
	kept     *trackers.Store
	blobs    *blobs.Store
	sealer   tasks.Sealer
	library  *tracker.Library
	catalog  *tasks.Catalog
	lives    []tracker.Live
	client   tasks.ClientID
	log      bytes.Buffer
	waits    []string // what runs waited for
}

// newBench makes a bench on the embedded database, whose waits take no time.
func newBench(t *testing.T) *bench {
	t.Helper()
	c := &clock{redis: miniredis.RunT(t), now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	c.pass(0)
	return benchOn(t, c, "redis://"+c.redis.Addr(), storetest.SQLite(t))
}

// newPostgresBench is newBench on PostgreSQL.
func newPostgresBench(t *testing.T) *bench {
	t.Helper()
	c := &clock{redis: miniredis.RunT(t), now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	c.pass(0)
	return benchOn(t, c, "redis://"+c.redis.Addr(), storetest.Postgres(t))
}

func benchOn(t *testing.T, c *clock, redisURL, databaseURL string) *bench {
	t.Helper()
	b := &bench{t: t, clock: c, database: databaseURL}
	options, err := redis.ParseURL(redisURL)
	b.must(err)
	b.redis = redis.NewClient(options)
	t.Cleanup(func() { _ = b.redis.Close() })
	b.pacer, b.cache = pace.New(b.redis), cache.New(b.redis)
	b.blobs, err = blobs.Open(t.Context(), "mem://")
	b.must(err)
	b.store, err = store.Open(t.Context(), store.Config{URL: databaseURL, Blobs: b.blobs})
	b.must(err)
	t.Cleanup(func() { b.must(b.store.Close()) })
	b.sealer, err = seal.Parse(seal.Generate())
	b.must(err)
	b.kept = trackers.New(b.store)
	b.library = tracker.NewLibrary(b.kept, b.sealer)
	client, err := b.store.CreateClient(t.Context(), "ada")
	b.must(err)
	b.client = client.ID
	return b
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// serve starts a stand-in and gives how it is reached, at these rates.
func (b *bench) serve(h http.Handler, rates []tasks.Rate) live.Config {
	b.t.Helper()
	s := httptest.NewServer(h)
	b.t.Cleanup(s.Close)
	client := s.Client()
	if b.rates != nil {
		rates = b.rates
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return live.Config{Bases: []string{s.URL}, HTTP: client, Pacer: b.pacer, Rates: rates, Now: b.clock.Now, Wait: b.clock.wait, UserAgent: "asapi/test"}
}

// offer makes the catalogue with these providers, and those that were offered before.
func (b *bench) offer(lives ...tracker.Live) {
	b.lives = append(b.lives, lives...)
	b.catalog = catalog.All(catalog.Deps{Trackers: b.kept, References: b.kept, Sealer: b.sealer, Lives: tracker.Lives{List: b.lives, Pacer: b.pacer, Turn: b.turn}})
}

func (b *bench) sign(account string, p tracker.Provider, c tracker.Credentials) {
	b.t.Helper()
	b.must(b.library.StoreCredentials(b.t.Context(), b.client, "users/"+account, p, c))
}

func (b *bench) begin(account, action string) tasks.Task {
	b.t.Helper()
	_ = b.store.RegisterAccount(b.t.Context(), tasks.Account{Client: b.client, Service: tracker.Slug, Username: account}) // it may be there
	submitted, err := b.store.Submit(b.t.Context(), tasks.NewTask{
		Client: b.client, Service: tracker.Slug, Action: action, Account: account, Protocol: tasks.ASStore, MaxAttempts: 5, OpenTasks: 1000, Dispatched: true,
	})
	b.must(err)
	started, err := b.store.Start(b.t.Context(), submitted.Task.ID, time.Hour)
	b.must(err)
	return started.Task
}

// args makes arguments of names and values, one after the other.
func args(pairs ...string) tasks.Args {
	a := tasks.Args{Values: map[string][]string{}, Files: map[string]tasks.File{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		a.Values[pairs[i]] = append(a.Values[pairs[i]], pairs[i+1])
	}
	return a
}

func withFile(a tasks.Args, content string) tasks.Args {
	a.Files["file"] = tasks.NewFile("list", "", int64(len(content)), func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	})
	return a
}

// attempt does one attempt of a task.
func (b *bench) attempt(ctx context.Context, task tasks.Task, a tasks.Args) ([]byte, error) {
	b.t.Helper()
	action, ok := b.catalog.Find(task.Service, task.Action)
	if !ok {
		b.t.Fatalf("there is no action %s", task.Action)
	}
	r := tasks.NewRun(task, a, b.store, b.blobs, slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer r.Settle()
	if err := action.Do(ctx, r, a); err != nil {
		return nil, err
	}
	result, err := r.Result().Commit()
	if err != nil || result.Blob == "" {
		return result.Inline, err
	}
	body, err := b.blobs.Open(context.WithoutCancel(ctx), result.Blob, 0, -1)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

// finish attempts a task until it is done; waits pass at once.
func (b *bench) finish(task tasks.Task, a tasks.Args) ([]byte, error) {
	b.t.Helper()
	for range 1000 {
		out, err := b.attempt(b.t.Context(), task, a)
		later, waits := tasks.AsLater(err)
		if !waits {
			return out, err
		}
		b.waits = append(b.waits, later.Message)
		if wait := later.Until.Sub(b.clock.Now()); wait > 0 {
			b.clock.pass(wait)
		}
	}
	b.t.Fatalf("the task waits for ever: %q", b.waits[len(b.waits)-6:])
	return nil, nil
}

// do runs a whole task that gives a report.
func (b *bench) do(account, action string, a tasks.Args) report {
	b.t.Helper()
	out, err := b.finish(b.begin(account, action), a)
	b.must(err)
	return b.report(out)
}

// ended runs a whole task to its end, and gives it.
func (b *bench) ended(account, action string, a tasks.Args) tasks.Task {
	b.t.Helper()
	task := b.begin(account, action)
	_, err := b.finish(task, a)
	b.must(err)
	b.end(task)
	return task
}

// end ends a task as its worker would.
func (b *bench) end(task tasks.Task) {
	b.t.Helper()
	_, err := b.store.Finish(b.t.Context(), tasks.Ending{Fence: tasks.Fence{Task: task.ID, Attempt: task.Attempt}, State: tasks.Published})
	b.must(err)
}

// refused runs a task that must end with a sentence, and gives it.
func (b *bench) refused(account, action string, a tasks.Args) *tasks.Error {
	b.t.Helper()
	_, err := b.finish(b.begin(account, action), a)
	faults := tasks.FaultsOf(err)
	if len(faults) != 1 || faults[0].Code == tasks.CodeInternal {
		b.t.Fatalf("the task ended with %v, want one sentence", err)
	}
	return faults[0]
}

// report is the result of a batch action.
type report struct {
	Total, Created, Updated, Unchanged, Skipped, Failed int
	DryRun                                              bool `json:"dry_run"`
	Conflicts                                           int
	Items                                               []struct{ Key, Outcome, Reason, Tracker, Changes, Conflict string }
	raw                                                 string
}

func (r *report) counts() string {
	return fmt.Sprintf("%d created, %d updated, %d unchanged, %d skipped, %d failed", r.Created, r.Updated, r.Unchanged, r.Skipped, r.Failed)
}

func (r *report) outcome(key string) string {
	for _, item := range r.Items {
		if item.Key == key {
			return strings.TrimSpace(item.Outcome + " " + item.Changes)
		}
	}
	return "none"
}

func (b *bench) report(raw []byte) report {
	b.t.Helper()
	r := report{raw: string(raw)}
	if err := json.Unmarshal(raw, &r); err != nil {
		b.t.Fatalf("the report is no JSON: %v", err)
	}
	keys := map[string]bool{}
	for _, item := range r.Items {
		if keys[item.Key] && item.Outcome != "failed" && item.Outcome != "skipped" {
			b.t.Fatalf("the report has %s twice", item.Key)
		}
		keys[item.Key] = true
	}
	if sum := r.Created + r.Updated + r.Unchanged + r.Skipped + r.Failed; sum != r.Total || len(r.Items) != r.Total {
		b.t.Fatalf("outcomes sum up to %d and there are %d items, want %d", sum, len(r.Items), r.Total)
	}
	return r
}

// facts gives what an account's list of a provider says, by key.
func (b *bench) facts(account string, p tracker.Provider, kinds ...tracker.Kind) map[string]tracker.Facts {
	b.t.Helper()
	out := map[string]tracker.Facts{}
	for _, kind := range kinds {
		b.must(b.kept.List(b.t.Context(), tracker.UserOf(b.client, account), p, kind, func(lines iter.Seq2[tracker.Listed, error]) error {
			for line, err := range lines {
				if err != nil {
					return err
				}
				if !line.Bare {
					out[line.Key.String()] = line.Entry.Facts
				}
			}
			return nil
		}))
	}
	return out
}

// secretless fails when a secret stands in the log, in what is given, or anywhere in the
// database or in Redis: what tasks, items, activities and results say is kept there.
func (b *bench) secretless(secrets []string, texts ...string) {
	b.t.Helper()
	where := map[string]string{"the log": b.log.String(), "what was waited for": strings.Join(b.waits, "\n")}
	if b.clock.redis != nil {
		where["Redis"] = b.clock.redis.Dump()
	}
	for i, text := range texts {
		where[fmt.Sprintf("text %d", i)] = text
	}
	if path, isFile := strings.CutPrefix(b.database, "sqlite:"); isFile {
		files, err := filepath.Glob(path + "*")
		b.must(err)
		for _, file := range files {
			content, err := os.ReadFile(file)
			b.must(err)
			where[filepath.Base(file)] = string(content)
		}
	}
	for _, secret := range secrets {
		for place, text := range where {
			if strings.Contains(text, secret) {
				b.t.Errorf("a secret stands in %s", place)
			}
		}
	}
}

// accessOf signs in outside of a task: nothing that comes is kept.
func accessOf(p tracker.Provider, c tracker.Credentials) *tracker.Access {
	return &tracker.Access{
		Provider: p, Credentials: c, Lane: tasks.Lane{Provider: string(p), Credential: "alice"},
		Save:       func(context.Context, tracker.Credentials) error { return nil },
		Reload:     func(context.Context) (tracker.Credentials, error) { return c, nil },
		Remember:   func(context.Context, string, string) error { return nil },
		Remembered: func(context.Context, string) (string, error) { return "", nil },
	}
}
