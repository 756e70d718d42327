// Package store keeps the truth: clients, accounts, tasks and results in
// PostgreSQL or SQLite through GORM. What many requests write at the same time
// shares a commit (see batcher). No type of GORM leaves it but through DB, for
// the stores of services below this folder.
package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"asapi/tasks"
)

// Config is what a Store needs.
type Config struct {
	// URL is postgres://user@host/db or sqlite:PATH.
	URL string
	// Conns bounds the connections; 0: 16.
	Conns int
	// Committers is how many commits of submissions may be on their way at
	// once; 0: 2.
	Committers int
	// Blobs is where large inputs and results are deleted once they are not
	// needed; nil: they are left to the sweep of orphans.
	Blobs tasks.Blobs
	Log   *slog.Logger
	// Clock is what ids are made by, and partitions kept by; nil: the machine's.
	// What happens when is told by the database's.
	Clock func() time.Time
}

// Store implements tasks.Store.
type Store struct {
	db    *DB
	blobs tasks.Blobs
	log   *slog.Logger
	clock func() time.Time // nil: the machine's

	partitionsKept atomic.Pointer[time.Time] // when they were looked at last
	sql            statements
	shard          atomic.Int64

	submits  *batcher[tasks.NewTask, tasks.Submitted]
	starts   *batcher[startCall, tasks.Assignment]
	finishes *batcher[tasks.Ending, tasks.Task]
	saves    *batcher[progressCall, struct{}]

	mu     sync.Mutex
	groups []func() // ends those of the stores of services

	load loadCounts
}

var _ tasks.Store = (*Store)(nil)

// submitPace is how often at most one committer commits submissions: the crowd
// that makes it wait is answered sooner by fewer and larger commits.
const submitPace = 2 * time.Millisecond

// runPace is how often at most runs are started, and ended, by one commit each:
// nobody waits for these answers, and a commit for one run costs as much as for
// twenty.
const runPace = 5 * time.Millisecond

// Open connects; it does not migrate.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Conns == 0 {
		cfg.Conns = 16
	}
	if cfg.Committers == 0 {
		cfg.Committers = 2
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	db, err := open(ctx, cfg.URL, cfg.Conns)
	if err != nil {
		return nil, err
	}
	if !db.postgres {
		cfg.Committers = 2
	}
	s := &Store{db: db, blobs: cfg.Blobs, log: cfg.Log, clock: cfg.Clock, sql: makeStatements(db.dialect)}
	s.load.write, s.load.done = s.writeLoad, make(chan struct{})
	s.submits = newBatcher(cfg.Committers, submitPace, s.submitAll)
	s.starts = newBatcher(1, runPace, s.startAll)
	s.finishes = newBatcher(1, runPace, s.finishAll)
	s.saves = newBatcher(1, runPace, s.saveAll)
	return s, nil
}

// Close waits for what is being committed and disconnects.
func (s *Store) Close() error {
	s.submits.close()
	s.starts.close()
	s.finishes.close()
	s.saves.close()
	s.mu.Lock()
	for _, end := range s.groups {
		end()
	}
	s.mu.Unlock()
	s.load.close()
	return s.db.close()
}

// DB gives the database to the stores of services.
func (s *Store) DB() *DB { return s.db }

// Check reports whether the database answers.
func (s *Store) Check(ctx context.Context) error {
	pool, err := s.db.pool()
	if err != nil {
		return err
	}
	return pool.PingContext(ctx)
}

//go:embed migrations
var migrations embed.FS

// Migrate brings the schema up to date. It may run while older processes work,
// and several may run it at once.
func (s *Store) Migrate(ctx context.Context) error {
	p, err := s.migrator()
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return nil
}

// CheckSchema fails unless everything has been migrated that this program needs. A
// newer schema serves an older program.
func (s *Store) CheckSchema(ctx context.Context) error {
	p, err := s.migrator()
	if err != nil {
		return err
	}
	has, needs, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the version of the schema: %w", err)
	}
	if has < needs {
		return fmt.Errorf("its schema has version %d and this program needs %d: run asapi migrate", has, needs)
	}
	return nil
}

func (s *Store) migrator() (*goose.Provider, error) {
	dialect, dir := goose.DialectSQLite3, "migrations/sqlite"
	var opts []goose.ProviderOption
	if s.db.postgres {
		dialect, dir = goose.DialectPostgres, "migrations/postgres"
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	files, err := fs.Sub(migrations, dir)
	if err != nil {
		return nil, err
	}
	pool, err := s.db.pool()
	if err != nil {
		return nil, err
	}
	p, err := goose.NewProvider(dialect, pool, files, opts...)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return p, nil
}

// VoidLeases ends every lease: only for a process that knows itself alone, such
// as the embedded default at its start.
func (s *Store) VoidLeases(ctx context.Context) error {
	return s.exec(ctx, "UPDATE tasks SET lease_until = 1 WHERE phase = 1 AND state > 0", "DELETE FROM claims", "DELETE FROM holders", "DELETE FROM leaders")
}
