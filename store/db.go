package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"github.com/glebarez/sqlite"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"asapi/tasks"
)

// DB is the database of either dialect. Statements are written once for both;
// what differs stands in dialect.go.
type DB struct {
	dialect
	write *gorm.DB
	read  *gorm.DB // the same as write on PostgreSQL
}

// open connects to postgres://... or sqlite:PATH.
func open(ctx context.Context, databaseURL string, conns int) (*DB, error) {
	scheme, path, ok := strings.Cut(databaseURL, ":")
	switch {
	case ok && (scheme == "postgres" || scheme == "postgresql"):
		return openPostgres(ctx, databaseURL, conns)
	case ok && scheme == "sqlite":
		return openSQLite(ctx, strings.TrimPrefix(path, "//"), conns)
	}
	return nil, errors.New("DATABASE_URL must begin with postgres:// or sqlite")
}

func openPostgres(ctx context.Context, databaseURL string, conns int) (*DB, error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return nil, errors.New("DATABASE_URL is not a valid postgres:// address")
	}
	q := u.Query()
	for name, value := range postgresSettings {
		if !q.Has(name) { // what DATABASE_URL sets stays
			q.Set(name, value)
		}
	}
	u.RawQuery = q.Encode()
	g, err := connect(ctx, postgres.Open(u.String()), conns)
	if err != nil {
		return nil, err
	}
	return &DB{dialect: dialect{postgres: true}, write: g, read: g}, nil
}

// postgresSettings are every connection's. All our statements go through an
// index and touch a bounded number of rows, so their plans need not depend on
// statistics: a plan that is made while a table is empty, and kept, must be the
// right one for ten million rows too. A custom plan for ten thousand ids would
// scan the whole table, and so would a hash join that was cheap on ten pages.
var postgresSettings = map[string]string{
	"plan_cache_mode":  "force_generic_plan",
	"enable_seqscan":   "off",
	"enable_hashjoin":  "off",
	"enable_mergejoin": "off",
	// Helper processes and compiled plans take longer to make than any of our
	// statements takes.
	"max_parallel_workers_per_gather": "0",
	"jit":                             "off",
	"connect_timeout":                 "5",
	// A process that is frozen inside a transaction must not keep its locks.
	"idle_in_transaction_session_timeout": "5000",
}

func openSQLite(ctx context.Context, path string, conns int) (*DB, error) {
	pragmas := url.Values{"_pragma": {
		"busy_timeout(10000)", "auto_vacuum(INCREMENTAL)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
	}}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas.Encode()
	// One writing connection: SQLite has one writer, and waiting for it in
	// Go is fairer than its busy loop.
	w, err := connect(ctx, sqlite.Open(dsn+"&_txlock=immediate"), 1)
	if err != nil {
		return nil, err
	}
	r, err := connect(ctx, sqlite.Open(dsn), min(conns, 4))
	if err != nil {
		return nil, err
	}
	return &DB{write: w, read: r}, nil
}

func connect(ctx context.Context, d gorm.Dialector, conns int) (*gorm.DB, error) {
	g, err := gorm.Open(d, &gorm.Config{
		SkipDefaultTransaction: true,           // every statement that needs one names it
		Logger:                 logger.Discard, // errors are returned, not printed
		DisableAutomaticPing:   true,
	})
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	pool, err := g.DB()
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := pool.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return g, nil
}

// Postgres reports whether the database is PostgreSQL; else it is SQLite.
func (db *DB) Postgres() bool { return db.postgres }

// Gorm gives the handle for reading.
func (db *DB) Gorm(ctx context.Context) *gorm.DB { return db.read.WithContext(ctx) }

// Read runs fn with the handle for reading. Foreign errors come out translated.
func (db *DB) Read(ctx context.Context, fn func(tx *gorm.DB) error) error {
	return translate(fn(db.Gorm(ctx)))
}

// txTries is how often a transaction is tried when it only lost a race.
const txTries = 6

// Tx runs fn in a transaction, again when it lost a race for locks, so fn must
// not keep what an earlier try gave it. Foreign errors come out translated.
func (db *DB) Tx(ctx context.Context, fn func(tx *gorm.DB) error) error {
	return db.again(ctx, func() error { return db.write.WithContext(ctx).Transaction(fn) })
}

// once is Tx for an fn that changes something in one statement only: it is its
// own transaction, without the round trips of a begin and a commit.
func (db *DB) once(ctx context.Context, fn func(tx *gorm.DB) error) error {
	return db.again(ctx, func() error { return fn(db.write.WithContext(ctx)) })
}

func (db *DB) again(ctx context.Context, run func() error) error {
	var err error
	for try := range txTries {
		if err = run(); err == nil || !lostRace(err) && !db.liftPromise(ctx, err) {
			break
		}
		wait := time.Duration(1+rand.IntN(10<<try)) * time.Millisecond //nolint:gosec // jitter, not a secret
		select {
		case <-ctx.Done():
			return translate(ctx.Err())
		case <-time.After(wait):
		}
	}
	return translate(err)
}

// close closes the pools.
func (db *DB) close() error {
	var errs []error
	for _, g := range []*gorm.DB{db.write, db.read} {
		pool, err := g.DB()
		if err == nil {
			err = pool.Close()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (db *DB) pool() (*sql.DB, error) { return db.write.DB() }

// lostRace reports whether trying the same transaction again may succeed.
func lostRace(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization failure, deadlock
	}
	return err != nil && strings.Contains(err.Error(), "SQLITE_BUSY")
}

// badData reports whether the database refused a value (SQLSTATE class 22).
func badData(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && strings.HasPrefix(pg.Code, "22")
}

// translate turns foreign errors into ours at the border: nothing above knows
// the library.
func translate(err error) error {
	var ours *tasks.Error
	var all tasks.Faults
	switch {
	case err == nil, errors.As(err, &ours), errors.As(err, &all), errors.Is(err, tasks.ErrLeaseLost):
		return err
	case errors.Is(err, gorm.ErrRecordNotFound), errors.Is(err, sql.ErrNoRows):
		return &tasks.Error{Code: tasks.CodeNotFound, Message: "There is no such thing.", Err: err}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case badData(err):
		return &tasks.Error{Code: tasks.CodeInvalid, Message: "A value holds characters that cannot be stored.", Err: err}
	}
	return &tasks.Error{Code: tasks.CodeUnavailable, Message: "The database is not available; try again.", RetryAfter: time.Second, Err: err}
}
