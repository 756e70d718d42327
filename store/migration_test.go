package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	"github.com/pressly/goose/v3"

	"asapi/internal/testserver"
	"asapi/store"
	"asapi/tasks"
)

// olderDatabase is a database as it was before the migration to partitions, with
// tasks, results, inputs and items of two hundred days.
func olderDatabase(t *testing.T, url string) (*goose.Provider, *sql.DB) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	p, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("migrations/postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), beforePartitions(t)); err != nil {
		t.Fatal(err)
	}
	id := "(substr(lpad(to_hex((extract(epoch FROM now())::bigint - n * 86400) * 1000), 12, '0'), 1, 8) || '-' || right(to_hex((extract(epoch FROM now())::bigint - n * 86400) * 1000), 4) || '-7000-8000-' || lpad(n::text, 12, '0'))::uuid"
	execute(t, db, "INSERT INTO clients (name, created_at) VALUES ('old', 1)",
		"INSERT INTO tasks (id, client_id, service, action, account, protocol, stream, state, phase, priority, max_attempts, dispatch_no, has_inputs, created_at, run_at, dispatched_at, deadline, params, sealed)"+
			" SELECT "+id+", 1, 'tracker', 'import-trackers', 'a', 'asstore', '', CASE WHEN n < 3 THEN 0 ELSE 5 END, CASE WHEN n < 3 THEN 1 ELSE 2 END, 1, 3, 1, true, 1, 1, 1, 0, '{}', '' FROM generate_series(1, 200) n",
		"INSERT INTO results (task_id, client_id, stream, service, action, account, success, content_type, filename, size, sha256, inline, blob, created_at)"+
			" SELECT id, 1, '', 'tracker', 'import-trackers', 'a', true, 'text/plain', '', 1, repeat('0', 64), 'x', '', 1 FROM tasks WHERE phase = 2",
		"INSERT INTO task_inputs SELECT id, 'file', 'f', '', 1, 'x', '' FROM tasks",
		"INSERT INTO task_items SELECT id, 0, 'k', 'created', '', '' FROM tasks WHERE phase = 1",
		"DELETE FROM results WHERE seq = (SELECT max(seq) FROM results)")
	return p, db
}

// migrated brings the newest schema to a database.
func migrated(t *testing.T, url string) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// beforePartitions is the version before the migration to partitions.
func beforePartitions(t *testing.T) int64 {
	t.Helper()
	files, err := filepath.Glob("migrations/postgres/*_partitions.sql")
	if err != nil || len(files) != 1 {
		t.Fatalf("the migration to partitions is one of %v, %v", files, err)
	}
	v, err := goose.NumericComponent(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return v - 1
}

func execute(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// laterColumns came to the tables after the migration to partitions.
const laterColumns = "{keep_items,subscription}"

// contents are all rows of the tables.
func contents(t *testing.T, db *sql.DB, inputs string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, table := range []string{"tasks", "results", "task_items", inputs} {
		var rows string
		if err := db.QueryRowContext(t.Context(), "SELECT string_agg(t, E'\\n' ORDER BY t) FROM (SELECT (to_jsonb(r) - '"+laterColumns+"'::text[])::text AS t FROM "+table+" r) r").Scan(&rows); err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(table, "task_")] = rows
	}
	return all
}

func TestPartitioningAnOlderDatabaseLosesNothing(t *testing.T) {
	url := testserver.Postgres(t)
	older, db := olderDatabase(t, url)
	before := contents(t, db, "task_inputs")

	migrated(t, url)
	w := newWorld(t, url)
	if d := cmp.Diff(before, contents(t, db, "inputs")); d != "" {
		t.Error(d)
	}
	var invalid int
	w.must(db.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_index WHERE NOT indisvalid").Scan(&invalid))
	if invalid > 0 {
		t.Errorf("%d indexes do not reach the rows that were there", invalid)
	}
	page, err := w.ListTasks(w.ctx, 1, tasks.TaskFilter{States: []tasks.State{tasks.Pending}})
	w.must(err)
	if len(page.Tasks) != 2 {
		t.Fatalf("%d open tasks were found, want 2", len(page.Tasks))
	}
	a := w.start(page.Tasks[0].ID, time.Minute)
	if len(a.Inputs) != 1 {
		t.Errorf("an old task starts with the inputs %v", a.Inputs)
	}
	_, err = w.Finish(w.ctx, published(a.Fence(), "new"))
	w.must(err)
	if r, err := w.PeekResult(w.ctx, 1, a.Task.ID); err != nil || r.Seq != 199 {
		t.Errorf("the number after the 198 that were given is %d, %v", r.Seq, err)
	}

	now := contents(t, db, "inputs")
	_, err = older.DownTo(t.Context(), beforePartitions(t))
	w.must(err)
	if d := cmp.Diff(now, contents(t, db, "task_inputs")); d != "" {
		t.Error("undoing it loses something: " + d)
	}
	w.must(w.Migrate(w.ctx))
	if d := cmp.Diff(now, contents(t, db, "inputs")); d != "" {
		t.Error(d)
	}
}

// TestProcessesThatAreOlderThanThePartitionsStillWork: what they say of inputs works
// but for one statement, which would delete other rows than it means.
func TestProcessesThatAreOlderThanThePartitionsStillWork(t *testing.T) {
	url := testserver.Postgres(t)
	_, db := olderDatabase(t, url)
	migrated(t, url)
	const id = "00000000-0000-7000-8000-000000000000"
	execute(t, db,
		"INSERT INTO task_inputs (task_id, parameter, filename, content_type, size, inline, blob) VALUES ('"+id+"', 'p', 'f', '', 1, 'x', '')",
		"INSERT INTO results (task_id, client_id, stream, service, action, account, success, content_type, filename, size, sha256, inline, blob, created_at)"+
			" VALUES ('"+id+"', 1, '', 's', 'a', 'u', true, '', '', 1, '', 'x', '', 1)")
	var blob string
	if err := db.QueryRowContext(t.Context(), "DELETE FROM task_inputs WHERE task_id = ANY($1::uuid[]) RETURNING blob", "{"+id+"}").Scan(&blob); err != nil {
		t.Error(err)
	}
	if _, err := db.ExecContext(t.Context(), "DELETE FROM task_inputs WHERE ctid = ANY(ARRAY(SELECT ctid FROM task_inputs LIMIT 1))"); err == nil {
		t.Error("rows of inputs are deleted by their place, which several have")
	}
}

// TestADatabaseThatWaitsForItsMigrationsIsNoticed: else every request would fail with
// a relation that does not exist.
func TestADatabaseThatWaitsForItsMigrationsIsNoticed(t *testing.T) {
	for _, url := range []string{testserver.Postgres(t), "sqlite:" + filepath.Join(t.TempDir(), "asapi.db")} {
		s, err := store.Open(t.Context(), store.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		if err := s.CheckSchema(t.Context()); err == nil || !strings.Contains(err.Error(), "run asapi migrate") {
			t.Errorf("an empty database: %v", err)
		}
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.CheckSchema(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
