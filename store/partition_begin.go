package store

import (
	"context"
	"database/sql"
	"time"

	"gorm.io/gorm"
)

const day = 24 * time.Hour

// A partition covers a quarter of the time for which its rows are kept, in whole
// days: as many partitions as days would cost every statement more than their disk
// is worth (docs/design.md).
func widthOf(age time.Duration) time.Duration {
	return max(age/4/day, 1) * day
}

// beginAhead is how long before its first row a partition is there at least. No
// clock of a process is that far from another's.
const beginAhead = time.Hour

// beginNext ends the partition that has no end, once it is in use, and begins the
// next one. The last one never has an end, so that an insert finds its partition
// even when nobody did this for weeks.
func (s *Store) beginNext(ctx context.Context, t partitioned, now time.Time, age time.Duration) error {
	list, err := partitions(s.db.write.WithContext(ctx), t)
	if err != nil {
		return err
	}
	last := list[len(list)-1]
	if timeOf(last.from).After(now) {
		return nil
	}
	ended := last
	ended.to = firstIDOf(now.Add(beginAhead).UTC().Truncate(day).Add(widthOf(age)))
	next := partition{name: t.name + "_" + timeOf(ended.to).Format("20060102"), from: ended.to}
	if err := s.promise(ctx, t, ended); err != nil {
		return err
	}
	return s.db.alone(ctx, t.name, func(tx *gorm.DB) error {
		if err := unchanged(tx, t, list); err != nil {
			return err
		}
		if ok, err := promised(tx, ended); err != nil || !ok {
			return errMeanwhile
		}
		create, err := createLike(tx, t, next.name, last.name)
		if err != nil {
			return err
		}
		return run(
			tx, create,
			detach(t, last), attach(t, ended), attach(t, next),
			"ALTER TABLE "+ended.name+" DROP CONSTRAINT "+promiseName(ended.to),
		)
	})
}

func detach(t partitioned, p partition) string {
	return "ALTER TABLE " + t.name + " DETACH PARTITION " + p.name
}

func attach(t partitioned, p partition) string {
	return "ALTER TABLE " + t.name + " ATTACH PARTITION " + p.name + " " + p.bounds()
}

// createLike is the statement that makes a table as the partitioned one wants it,
// with the settings that another partition has.
func createLike(tx *gorm.DB, t partitioned, name, settings string) (string, error) {
	statement := "CREATE TABLE " + name + " (LIKE " + t.name + " INCLUDING ALL)"
	err := query(tx, func(rows *sql.Rows) error {
		var options string
		err := rows.Scan(&options)
		if options != "" {
			statement += " WITH (" + options + ")"
		}
		return err
	}, "SELECT coalesce(array_to_string(reloptions, ', '), '') FROM pg_class WHERE oid = '"+settings+"'::regclass")
	return statement, err
}
