// Package trackers keeps trackers in the tables of package store. Statements
// over many rows are constant texts with one parameter (store.DB.Batch).
package trackers

import (
	"context"
	"database/sql"
	"fmt"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks/tracker"
)

// Store implements tracker.Store.
type Store struct {
	db    *store.DB
	views *store.Group[tracked, tracker.View]
	notes *store.Group[note, int64]
}

var _ tracker.Store = (*Store)(nil)

// New keeps trackers in the database of a store, which must be migrated.
func New(s *store.Store) *Store {
	kept := &Store{db: s.DB()}
	kept.views = store.NewGroup(s, 1, viewPace, kept.viewAll)
	kept.notes = store.NewGroup(s, 1, notePace, kept.noteAll)
	return kept
}

// lock makes concurrent changes of one owner's trackers take turns, so that
// none finds a tracker missing that the other is about to make. It also keeps
// PostgreSQL to nested loops over indexes for this transaction: plans are made
// once, often while the tables are empty, and a plan that reads a whole table
// would stay when it has grown.
func (s *Store) lock(tx *gorm.DB, owner tracker.Owner) error {
	if !s.db.Postgres() {
		return nil // one writer at a time anyway
	}
	return tx.Exec("SELECT pg_advisory_xact_lock_shared("+resolving+"), pg_advisory_xact_lock(hashtextextended(?, 0)), set_config('enable_hashjoin', 'off', true),"+
		" set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true)",
		lockKey(owner)).Error
}

func lockKey(owner tracker.Owner) string {
	return fmt.Sprintf("trackers/%d/%s", owner.Client, owner.Parent)
}

// resolving is the lock that is shared by all who find out what ids stand for
// and write under the names they found, see barrier.
const resolving = "hashtextextended('trackers/resolving', 0)"

// rows makes the parameter of a Batch.
func rows[T any](list []T) (string, error) { return store.BatchOf(list) }

// query runs a statement and calls scan for each row.
func query(tx *gorm.DB, scan func(*sql.Rows) error, statement string, params ...any) error {
	return store.Query(tx, scan, statement, params...)
}

// trackerColumns are what scanTracker reads, of a table called t.
const trackerColumns = `t.id, t.own_id, t.parent, t.resource, t.state, t.start_time, t.end_time, t.percentage, t.first_done,
	(SELECT COUNT(*) FROM tracker_completed c WHERE c.tracker_id = t.id AND c.regular),
	(SELECT COUNT(*) FROM tracker_completed c WHERE c.tracker_id = t.id AND c.regular AND c.ordinal > t.first_done)`

// scanTracker reads trackerColumns and what follows them.
func scanTracker(found *sql.Rows, more ...any) (tracker.Tracker, error) {
	var t tracker.Tracker
	var start, end int64
	var percentage sql.NullFloat64
	err := found.Scan(append([]any{&t.ID, &t.Own, &t.Parent, &t.Resource, &t.State, &start, &end, &percentage, &t.FirstDone, &t.Counted, &t.Beyond}, more...)...)
	t.Start, t.End = store.TimeOf(start), store.TimeOf(end)
	t.Percentage, t.ByHand = percentage.Float64, percentage.Valid
	return t, err
}

// Trackers implements tracker.Store.
func (s *Store) Trackers(ctx context.Context, owner tracker.Owner, after string, limit int) ([]tracker.Tracker, error) {
	var list []tracker.Tracker
	err := query(s.db.Gorm(ctx), func(found *sql.Rows) error {
		t, err := scanTracker(found)
		list = append(list, t)
		return err
	}, "SELECT "+trackerColumns+" FROM trackers t WHERE t.client_id = ? AND t.parent = ? AND t.resource > ? ORDER BY t.resource LIMIT ?",
		owner.Client, owner.Parent, after, limit)
	return list, err
}
