package trackers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"gorm.io/gorm"

	"asapi/internal/seal"
	"asapi/store"
	"asapi/store/blobs"
	"asapi/store/storetest"
	"asapi/store/trackers"
	"asapi/tasks"
	"asapi/tasks/catalog"
	"asapi/tasks/tracker"
)

// bench is one database with the tracker service on it.
type bench struct {
	tb       testing.TB
	store    *store.Store
	trackers *trackers.Store
	blobs    *blobs.Store
	catalog  *tasks.Catalog
	sealer   tasks.Sealer
	library  *tracker.Library
	client   tasks.ClientID
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Helper()
	storetest.OnBoth(t, func(t *testing.T, url string) {
		t.Helper()
		test(t, newBench(t, url))
	})
}

// newBench begins with a database that has the newest schema and nothing else.
func newBench(tb testing.TB, url string) *bench {
	tb.Helper()
	ctx := tb.Context()
	kept, err := blobs.Open(ctx, "file://"+tb.TempDir())
	must(tb, err)
	s, err := store.Open(ctx, store.Config{URL: url, Blobs: kept})
	must(tb, err)
	tb.Cleanup(func() { must(tb, s.Close()) })
	sealer, err := seal.Parse(seal.Generate())
	must(tb, err)
	b := &bench{tb: tb, store: s, trackers: trackers.New(s), blobs: kept, sealer: sealer}
	b.library = tracker.NewLibrary(b.trackers, sealer)
	b.catalog = catalog.All(catalog.Deps{Trackers: b.trackers, References: b.trackers, Sealer: b.sealer})
	b.client = b.newClient("first")
	return b
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func (b *bench) newClient(name string) tasks.ClientID {
	b.tb.Helper()
	c, err := b.store.CreateClient(b.tb.Context(), name)
	must(b.tb, err)
	return c.ID
}

// args are the arguments of one run: values and files by parameter.
type args struct {
	values map[string]string
	files  map[string][]byte
	names  map[string]string // of the files, where they matter
}

func importing(file []byte) args {
	return args{values: map[string]string{"provider": "myanimelist"}, files: map[string][]byte{"file": file}}
}

func exporting(more ...string) args {
	a := args{values: map[string]string{"provider": "myanimelist"}}
	for i := 0; i+1 < len(more); i += 2 {
		a.values[more[i]] = more[i+1]
	}
	return a
}

func doing(activities string) args {
	return args{files: map[string][]byte{"activities": []byte(activities)}}
}

func (a args) bound() tasks.Args {
	out := tasks.Args{Values: map[string][]string{}, Files: map[string]tasks.File{}}
	for k, v := range a.values {
		out.Values[k] = []string{v}
	}
	for k, v := range a.files {
		name := a.names[k]
		if name == "" {
			name = k
		}
		out.Files[k] = tasks.NewFile(name, "", int64(len(v)), func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(v)), nil
		})
	}
	return out
}

// begin submits and starts a task of the account.
func (b *bench) begin(client tasks.ClientID, account, action string) tasks.Task {
	b.tb.Helper()
	ctx := b.tb.Context()
	_ = b.store.RegisterAccount(ctx, tasks.Account{Client: client, Service: tracker.Slug, Username: account}) // it may be there
	submitted, err := b.store.Submit(ctx, tasks.NewTask{
		Client: client, Service: tracker.Slug, Action: action, Account: account, Protocol: tasks.ASStore, MaxAttempts: 5, OpenTasks: 1000, Dispatched: true,
	})
	must(b.tb, err)
	started, err := b.store.Start(ctx, submitted.Task.ID, time.Minute)
	must(b.tb, err)
	return started.Task
}

// run does one attempt of a task.
func (b *bench) run(task tasks.Task, a args) ([]byte, error) {
	return b.runWith(task, a.bound(), b.catalog)
}

func (b *bench) runWith(task tasks.Task, bound tasks.Args, catalog *tasks.Catalog) ([]byte, error) {
	b.tb.Helper()
	action, ok := catalog.Find(task.Service, task.Action)
	if !ok {
		b.tb.Fatalf("there is no action %s", task.Action)
	}
	r := tasks.NewRun(task, bound, b.store, b.blobs, slog.New(slog.DiscardHandler))
	if err := action.Do(b.tb.Context(), r, bound); err != nil {
		return nil, err
	}
	result, err := r.Result().Commit()
	if err != nil || result.Blob == "" {
		return result.Inline, err
	}
	body, err := b.blobs.Open(b.tb.Context(), result.Blob, 0, -1)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

// do submits, starts and runs a task of the bench's client.
func (b *bench) do(account, action string, a args) []byte {
	b.tb.Helper()
	out, err := b.run(b.begin(b.client, account, action), a)
	must(b.tb, err)
	return out
}

// refused runs a task that must end with a permanent error, and gives it.
func (b *bench) refused(account, action string, a args) *tasks.Error {
	b.tb.Helper()
	_, err := b.run(b.begin(b.client, account, action), a)
	faults := tasks.FaultsOf(err)
	if len(faults) != 1 || faults[0].Code == tasks.CodeInternal {
		b.tb.Fatalf("the task ended with %v, want one permanent error", err)
	}
	return faults[0]
}

// report is the result of a batch action.
type report struct {
	Total, Created, Updated, Unchanged, Skipped, Failed int
	Items                                               []struct{ Key, Outcome, Reason, Tracker, Member, Changes string }
}

func (r report) counts() string {
	return fmt.Sprintf("%d created, %d updated, %d unchanged, %d skipped, %d failed", r.Created, r.Updated, r.Unchanged, r.Skipped, r.Failed)
}

func (b *bench) report(raw []byte) report {
	b.tb.Helper()
	var r report
	if err := json.Unmarshal(raw, &r); err != nil {
		b.tb.Fatalf("the report is no JSON: %v", err)
	}
	if sum := r.Created + r.Updated + r.Unchanged + r.Skipped + r.Failed; sum != r.Total || len(r.Items) != r.Total {
		b.tb.Fatalf("outcomes sum up to %d and there are %d items, want %d", sum, len(r.Items), r.Total)
	}
	return r
}

func (b *bench) imports(account string, file []byte) report {
	b.tb.Helper()
	return b.report(b.do(account, "import-trackers", importing(file)))
}

// all gives every tracker of the account, by resource.
func (b *bench) all(account string) map[string]tracker.Tracker {
	b.tb.Helper()
	list, err := b.trackers.Trackers(b.tb.Context(), tracker.UserOf(b.client, account), "", 100000)
	must(b.tb, err)
	found := map[string]tracker.Tracker{}
	for _, t := range list {
		found[t.Resource] = t
	}
	return found
}

// sql changes the database behind the store's back.
func (b *bench) sql(statement string, params ...any) {
	b.tb.Helper()
	must(b.tb, b.store.DB().Tx(b.tb.Context(), func(tx *gorm.DB) error { return tx.Exec(statement, params...).Error }))
}
