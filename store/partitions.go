package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"asapi/tasks"
)

// On PostgreSQL, what grows with the tasks stands in partitions by the id of the
// task. Rows are deleted one by one when their time is over, on both databases
// alike (retention.go); a partition in which next to nothing is left is then merged
// into the one before it, and its disk is given back. So nobody has to know here
// what is still wanted: what is left is.

// partitioned is a table in partitions.
type partitioned struct {
	name string
	key  string // the column of the task's id
	size string // SQL for the bytes of a row that do not have a fixed size
	keep func(tasks.Retention) time.Duration
}

func keepTasks(r tasks.Retention) time.Duration   { return r.Tasks }
func keepResults(r tasks.Retention) time.Duration { return r.Results }

var partitionedTables = []partitioned{
	{"tasks", "id", "octet_length(params) + octet_length(sealed) + octet_length(error_detail)", keepTasks},
	{"results", "task_id", "coalesce(octet_length(inline), 0)", keepResults},
	{"inputs", "task_id", "coalesce(octet_length(inline), 0)", keepResults},
	{"task_items", "task_id", "octet_length(key) + octet_length(reason) + octet_length(refs)", keepResults},
	{"import_changes", "task_id", "octet_length(trace)", keepTasks},
}

// keepPartitionsEvery is the least time from one look at the partitions to the next.
const keepPartitionsEvery = time.Minute

// keepPartitions begins new partitions and gives emptied ones back. Whatever it does
// not come to waits for the next time: a lock that it does not get at once, and what
// another process is doing at this moment.
func (s *Store) keepPartitions(ctx context.Context, keep tasks.Retention) error {
	now := s.now()
	last := s.partitionsKept.Load()
	if last != nil && now.Sub(*last) < keepPartitionsEvery || !s.partitionsKept.CompareAndSwap(last, &now) {
		return nil
	}
	var errs []error
	for _, t := range partitionedTables {
		age := t.keep(keep)
		err := s.beginNext(ctx, t, now, age)
		if err == nil {
			err = s.giveBack(ctx, t, now, age)
		}
		switch {
		case err == nil:
		case notNow(err):
			s.log.Info("the partitions of a table are in use; they are looked at again later", "table", t.name, "error", err)
		default:
			errs = append(errs, fmt.Errorf("keep the partitions of %s: %w", t.name, translate(err)))
		}
	}
	return errors.Join(errs...)
}

// partition is one range of ids, from the first on and before the second.
type partition struct {
	name     string
	from, to tasks.ID // zero: no bound
}

// minimum and maximum are how PostgreSQL names the missing bounds.
const (
	minimum = "MINVALUE"
	maximum = "MAXVALUE"
)

// boundForm is how PostgreSQL describes the range of a partition.
var boundForm = regexp.MustCompile(`^FOR VALUES FROM \('?([^')]+)'?\) TO \('?([^')]+)'?\)$`)

func (p partition) String() string { return p.name + " " + p.bounds() }

func (p partition) bounds() string {
	literal := func(id tasks.ID, none string) string {
		if id.IsZero() {
			return none
		}
		return "'" + id.String() + "'"
	}
	return "FOR VALUES FROM (" + literal(p.from, minimum) + ") TO (" + literal(p.to, maximum) + ")"
}

// check is the same range as a condition of the partition by itself.
func (p partition) check(key string) string {
	var parts []string
	if !p.from.IsZero() {
		parts = append(parts, key+" >= '"+p.from.String()+"'")
	}
	if !p.to.IsZero() {
		parts = append(parts, key+" < '"+p.to.String()+"'")
	}
	return "CHECK (" + strings.Join(parts, " AND ") + ")"
}

// partitions gives the partitions of a table, oldest first.
func partitions(tx *gorm.DB, t partitioned) ([]partition, error) {
	var list []partition
	err := query(tx, func(rows *sql.Rows) error {
		var p partition
		var bounds string
		if err := rows.Scan(&p.name, &bounds); err != nil {
			return err
		}
		if bounds == "" {
			return errMeanwhile
		}
		m := boundForm.FindStringSubmatch(bounds)
		if m == nil {
			return fmt.Errorf("the partition %s has bounds of another form: %s", p.name, bounds)
		}
		for i, id := range []*tasks.ID{&p.from, &p.to} {
			if m[i+1] == minimum || m[i+1] == maximum {
				continue
			}
			var err error
			if *id, err = tasks.ParseID(m[i+1]); err != nil {
				return err
			}
		}
		list = append(list, p)
		return nil
	}, "SELECT c.relname, coalesce(pg_get_expr(c.relpartbound, c.oid), '') FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '"+t.name+"'::regclass")
	slices.SortFunc(list, func(a, b partition) int { return slices.Compare(a.from[:], b.from[:]) })
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("the table %s has no partitions; run asapi migrate", t.name)
	}
	return list, err
}

// firstIDOf is the smallest id of a task submitted at a time (RFC 9562: a UUID
// version 7 begins with 48 bits of Unix milliseconds).
func firstIDOf(t time.Time) tasks.ID {
	var id tasks.ID
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(t.UnixMilli(), 0)))
	copy(id[:6], ms[2:])
	return id
}

// timeOf is when the ids that begin like this one are made.
func timeOf(id tasks.ID) time.Time {
	var ms [8]byte
	copy(ms[2:], id[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(ms[:]))).UTC()
}
