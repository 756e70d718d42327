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
	shared.Lock()
	defer shared.Unlock()
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
	if err := shared.server.run(tb.Context(), "CREATE DATABASE "+name); err != nil {
		tb.Fatalf("make a database: %v", err)
	}
	tb.Cleanup(func() {
		// FORCE: a pool that a failed test left open must not fail this too.
		if err := shared.server.run(context.WithoutCancel(tb.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Errorf("drop a database: %v", err)
		}
	})
	return shared.server.urlOf(name)
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
