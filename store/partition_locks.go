package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"asapi/tasks"
)

// While somebody waits for a table to have it alone, all others wait behind, so that
// is short; and so is what is done then, or all of it is taken back.
const (
	aloneWait = "SET LOCAL lock_timeout = '100ms'"
	aloneTime = "SET LOCAL statement_timeout = '1s'"
)

// alone runs fn in a transaction that has a table to itself.
func (db *DB) alone(ctx context.Context, table string, fn func(tx *gorm.DB) error) error {
	return db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := run(tx, aloneWait, aloneTime, "LOCK TABLE ONLY "+table+" IN ACCESS EXCLUSIVE MODE"); err != nil {
			return err
		}
		return fn(tx)
	})
}

// run executes statements without parameters, one after the other.
func run(tx *gorm.DB, statements ...string) error {
	for _, statement := range statements {
		if _, err := execute(tx, statement); err != nil {
			return err
		}
	}
	return nil
}

// errMeanwhile says that another process was at the same partitions.
var errMeanwhile = errors.New("the partitions were changed meanwhile")

// notNow reports whether an error says no more than that it is to be tried later.
func notNow(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		// Lock not available, deadlock; and what another process did meanwhile: a
		// table or a condition that is gone or there already.
		return slices.Contains([]string{"55P03", "40P01", "42P01", "42704", "42P07", "42710"}, pg.Code)
	}
	return errors.Is(err, errMeanwhile)
}

// unchanged fails when the partitions of a table are not those that were seen.
func unchanged(tx *gorm.DB, t partitioned, seen []partition) error {
	list, err := partitions(tx, t)
	if err == nil && !slices.Equal(list, seen) {
		err = errMeanwhile
	}
	return err
}

// promisePrefix begins the names of the conditions that promise makes.
const promisePrefix = "until_"

func promiseName(to tasks.ID) string { return promisePrefix + timeOf(to).Format("20060102_150405_000") }

// promise makes the database know that all rows of a partition are in a range that it
// is about to get. It reads them for that, which takes its time and hinders nobody;
// attaching the partition with that range would otherwise read them while all wait.
func (s *Store) promise(ctx context.Context, t partitioned, p partition) error {
	name := promiseName(p.to)
	if ok, err := promised(s.db.write.WithContext(ctx), p); ok || err != nil {
		return err
	}
	err := s.db.alone(ctx, p.name, func(tx *gorm.DB) error {
		old, err := promisesOf(tx, p.name)
		if err != nil {
			return err
		}
		changes := make([]string, 0, len(old)+1)
		for n := range old {
			changes = append(changes, "DROP CONSTRAINT "+n)
		}
		changes = append(changes, "ADD CONSTRAINT "+name+" "+p.check(t.key)+" NOT VALID")
		return run(tx, "ALTER TABLE "+p.name+" "+strings.Join(changes, ", "))
	})
	if err != nil {
		return err
	}
	return s.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		return run(tx, aloneWait, "SET LOCAL statement_timeout = 0", "ALTER TABLE "+p.name+" VALIDATE CONSTRAINT "+name)
	})
}

// promised reports whether promise has been made for the partition with this end,
// and was found true.
func promised(tx *gorm.DB, p partition) (bool, error) {
	all, err := promisesOf(tx, p.name)
	return all[promiseName(p.to)], err
}

// promisesOf gives the names of a partition's promises, and which were found true.
func promisesOf(tx *gorm.DB, name string) (map[string]bool, error) {
	found := map[string]bool{}
	err := query(tx, func(rows *sql.Rows) error {
		var n string
		var valid bool
		err := rows.Scan(&n, &valid)
		found[n] = valid
		return err
	}, "SELECT conname, convalidated FROM pg_constraint WHERE conrelid = '"+name+"'::regclass AND conname LIKE '"+promisePrefix+"%'")
	return found, err
}

// liftPromise takes away a promise that a row was refused for, and says whether it was
// that. The process that made it was ended in between, and nobody has carried on
// since: nothing must be refused because of that.
func (db *DB) liftPromise(ctx context.Context, err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || pg.Code != "23514" || !strings.HasPrefix(pg.ConstraintName, promisePrefix) {
		return false
	}
	// When it fails the row is refused once more, and this tried again.
	_ = db.alone(ctx, pg.TableName, func(tx *gorm.DB) error {
		return run(tx, "ALTER TABLE "+pg.TableName+" DROP CONSTRAINT IF EXISTS "+pg.ConstraintName)
	})
	return true
}
