package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"gorm.io/gorm"
)

// What may be left in a partition that is given back. It is copied while all wait, so
// it is little: a few thousand rows take less than a tenth of a second.
const (
	leftAtMost  = 10_000   // of one whose rows' time is over: those that are wanted longer
	leftHardly  = 100      // of another one: it was emptied early, as when all results were taken
	leftBytes   = 16 << 20 // in either case
	firstAtMost = 8 << 20  // the first one may have this size, and a few times what is left in it
	rowBytes    = 1024     // a row with its places in the indexes, without what size counts
)

// giveBack merges partitions in which little is left into the one before, and drops
// them, which gives their disk back.
func (s *Store) giveBack(ctx context.Context, t partitioned, now time.Time, age time.Duration) error {
	for {
		list, err := partitions(s.db.write.WithContext(ctx), t)
		if err != nil {
			return err
		}
		i, err := s.emptied(ctx, t, list, now, age)
		if err != nil {
			return err
		}
		if i < 0 {
			return s.renewFirst(ctx, t, list, now)
		}
		if err := s.merge(ctx, t, list, i); err != nil {
			return err
		}
	}
}

// emptied finds a partition to be given back; below 0: none. The first one stays, for
// what is left of others, and so does what is in use.
func (s *Store) emptied(ctx context.Context, t partitioned, list []partition, now time.Time, age time.Duration) (int, error) {
	for i := 1; i < len(list)-1 && over(list[i], now); i++ {
		most := int64(leftHardly)
		if now.Sub(timeOf(list[i].to)) > age {
			most = leftAtMost
		}
		left, err := leftIn(s.db.write.WithContext(ctx), t, list[i], most)
		if err != nil {
			return -1, err
		}
		if left.little(most) {
			return i, nil
		}
	}
	return -1, nil
}

// over reports whether no new task comes into a partition any more.
func over(p partition, now time.Time) bool { return !p.to.IsZero() && !timeOf(p.to).After(now) }

// left is what a partition still holds.
type left struct{ rows, bytes int64 }

func (l left) little(most int64) bool { return l.rows <= most && l.bytes <= leftBytes }

// leftIn counts what is left, up to one row more than most.
func leftIn(tx *gorm.DB, t partitioned, p partition, most int64) (left, error) {
	var l left
	err := query(tx, func(rows *sql.Rows) error { return rows.Scan(&l.rows, &l.bytes) },
		"SELECT count(*), coalesce(sum(n), 0) FROM (SELECT "+t.size+" AS n FROM "+p.name+" ORDER BY "+t.key+" LIMIT ?) l", most+1)
	return l, err
}

// merge moves what is left in a partition into the one before it, which gets the
// range of both, and drops it.
func (s *Store) merge(ctx context.Context, t partitioned, list []partition, i int) error {
	into, gone := list[i-1], list[i]
	both := into
	both.to = gone.to
	if err := s.vacuum(ctx, gone); err != nil {
		return err
	}
	if err := s.promise(ctx, t, both); err != nil {
		return err
	}
	return s.db.alone(ctx, t.name, func(tx *gorm.DB) error {
		if ok, err := promised(tx, both); err != nil || !ok {
			return errMeanwhile
		}
		move, err := s.moving(tx, t, list, gone.name, into.name, gone)
		if err != nil {
			return err
		}
		return run(
			tx, detach(t, gone), detach(t, into), move,
			attach(t, both),
			"ALTER TABLE "+both.name+" DROP CONSTRAINT "+promiseName(both.to),
			"DROP TABLE "+gone.name,
		)
	})
}

// renewFirst puts a new, small table in the place of the first partition when little
// is left in it. Nothing but this makes it smaller.
func (s *Store) renewFirst(ctx context.Context, t partitioned, list []partition, now time.Time) error {
	first := list[0]
	if !over(first, now) {
		return nil
	}
	tx := s.db.write.WithContext(ctx)
	size, err := sizeOf(tx, first)
	if err != nil || size <= firstAtMost {
		return err
	}
	l, err := leftIn(tx, t, first, leftAtMost)
	if err != nil || !l.little(leftAtMost) || size <= firstAtMost+4*(l.bytes+l.rows*rowBytes) {
		return err
	}
	if err := s.vacuum(ctx, first); err != nil {
		return err
	}
	return s.db.alone(ctx, t.name, func(tx *gorm.DB) error {
		gone := first.name + "_gone"
		move, err := s.moving(tx, t, list, gone, first.name, first)
		if err != nil {
			return err
		}
		create, err := createLike(tx, t, first.name, first.name)
		if err != nil {
			return err
		}
		return run(
			tx, detach(t, first), "ALTER TABLE "+first.name+" RENAME TO "+gone, create, move,
			attach(t, first), "DROP TABLE "+gone,
		)
	})
}

// moving is the statement that copies the rows of one table to another, once it is
// sure that the partitions are as they were seen and that little is left in p.
func (s *Store) moving(tx *gorm.DB, t partitioned, seen []partition, from, to string, p partition) (string, error) {
	if err := unchanged(tx, t, seen); err != nil {
		return "", err
	}
	l, err := leftIn(tx, t, p, leftAtMost)
	if err != nil {
		return "", err
	}
	if !l.little(leftAtMost) {
		return "", errMeanwhile
	}
	var names []string
	err = query(tx, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	}, "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = '"+t.name+"'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum")
	columns := strings.Join(names, ", ")
	return "INSERT INTO " + to + " (" + columns + ") SELECT " + columns + " FROM " + from + " ORDER BY " + t.key, err
}

// vacuum takes what was deleted out of the indexes, so that finding what is left is
// quick later, while others wait.
func (s *Store) vacuum(ctx context.Context, p partition) error {
	return run(s.db.write.WithContext(ctx), "VACUUM (SKIP_LOCKED, TRUNCATE FALSE) "+p.name)
}

// sizeOf gives the bytes that a partition takes on disk, with all that belongs to it.
func sizeOf(tx *gorm.DB, p partition) (int64, error) {
	var n int64
	err := query(tx, func(rows *sql.Rows) error { return rows.Scan(&n) }, "SELECT coalesce(pg_total_relation_size('"+p.name+"'::regclass), 0)")
	return n, err
}
