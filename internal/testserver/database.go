package testserver

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// shared is the PostgreSQL of this test process. It ends with the process.
var shared struct {
	sync.Mutex
	server    *PostgresServer
	databases int
}

// Postgres gives the URL of an empty database that belongs to the test, on a
// server with fsync on that the tests of a process share. A test that stops or
// kills the server uses NewPostgres.
func Postgres(tb testing.TB) string {
	tb.Helper()
	return database(tb, "")
}

// PostgresLike gives the URL of a database that belongs to the test, on the same
// server as Postgres's, with everything that the database template has; nobody
// may be connected to that one meanwhile.
func PostgresLike(tb testing.TB, template string) string {
	tb.Helper()
	return database(tb, " TEMPLATE "+pgx.Identifier{template}.Sanitize())
}

// PostgresTemplate makes a database for PostgresLike, which stays as long as the
// process, and gives its name and its URL.
func PostgresTemplate(tb testing.TB) (name, url string) {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	name = create(tb, "")
	return name, shared.server.urlOf(name)
}

// database makes a database and drops it with the test.
func database(tb testing.TB, options string) string {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	name := create(tb, options)
	tb.Cleanup(func() {
		// FORCE: a pool that a failed test left open must not fail this too.
		if err := shared.server.run(context.WithoutCancel(tb.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Errorf("drop a database: %v", err)
		}
	})
	return shared.server.urlOf(name)
}

// create needs shared to be locked. It starts the server where it does not run.
func create(tb testing.TB, options string) string {
	tb.Helper()
	if shared.server == nil {
		s, err := preparePostgres(FreePort(tb))
		if err != nil {
			tb.Fatal(err)
		}
		if err := s.proc.start(context.WithoutCancel(tb.Context())); err != nil {
			tb.Fatal(err)
		}
		shared.server = s
	}
	shared.databases++
	name := fmt.Sprintf("test_%d", shared.databases)
	if err := shared.server.run(tb.Context(), "CREATE DATABASE "+name+options); err != nil {
		tb.Fatalf("make a database: %v", err)
	}
	return name
}

// run runs one statement in the maintenance database.
func (s *PostgresServer) run(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, s.urlOf("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	return err
}
