// Package storetest gives tests databases that have the newest schema. It is
// brought to a database of either kind once in a test process, and every test gets
// a copy: that takes a tenth of the time. Tests of the migrations themselves begin
// with an empty database and not here.
package storetest

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"asapi/internal/testserver"
	"asapi/store"
)

// SQLite gives the URL of a database in a file that belongs to the test.
func SQLite(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "asapi.db")
	if err := os.WriteFile(path, file.of(tb), 0o600); err != nil {
		tb.Fatal(err)
	}
	return "sqlite:" + path
}

// Postgres gives the URL of a database that belongs to the test, as
// testserver.Postgres does.
func Postgres(tb testing.TB) string {
	tb.Helper()
	return testserver.PostgresLike(tb, database.of(tb))
}

// OnBoth runs a test on a database of either kind.
func OnBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, Postgres(t)) })
}

// The copied databases of this process: the content of a file, and a name.
var (
	file = template[[]byte]{make: func(tb testing.TB) []byte {
		tb.Helper()
		path := filepath.Join(tb.TempDir(), "template.db")
		migrate(tb, "sqlite:"+path)
		content, err := os.ReadFile(path) // whole: closing it emptied the log of writes
		if err != nil {
			tb.Fatal(err)
		}
		return content
	}}
	database = template[string]{make: func(tb testing.TB) string {
		tb.Helper()
		name, url := testserver.PostgresTemplate(tb)
		migrate(tb, url)
		return name
	}}
)

// template is made by the first test that asks. It is made again when that test
// failed at it, so that the next one says why, too.
type template[T any] struct {
	make func(testing.TB) T

	mu   sync.Mutex
	made bool
	is   T
}

func (t *template[T]) of(tb testing.TB) T {
	tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.made {
		t.is = t.make(tb)
		t.made = true
	}
	return t.is
}

// migrate leaves no connection open.
func migrate(tb testing.TB, url string) {
	tb.Helper()
	s, err := store.Open(tb.Context(), store.Config{URL: url})
	if err != nil {
		tb.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	}()
	if err := s.Migrate(tb.Context()); err != nil {
		tb.Error(err)
		tb.FailNow()
	}
}
