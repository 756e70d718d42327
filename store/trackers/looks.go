package trackers

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"time"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// checkpoints walks from one resource of a tracker to the next through the index
// activities_tracker (tracker_id, resource, end_time, id), so that its cost grows
// with the resources and not with the activities.
const checkpoints = `WITH RECURSIVE walk(tracker_id, resource) AS (
	SELECT t.id, (SELECT MIN(a.resource) FROM activities a WHERE a.tracker_id = t.id)
	FROM trackers t WHERE t.client_id = ? AND t.parent = ? AND t.state <> ?
	UNION ALL
	SELECT k.tracker_id, (SELECT MIN(a.resource) FROM activities a WHERE a.tracker_id = k.tracker_id AND a.resource > k.resource)
	FROM walk k WHERE k.resource IS NOT NULL
)
SELECT ` + trackerColumns + `, a.resource, a.platform, a.from_at, a.to_at, a.start_time, a.end_time,
	COALESCE(w.title, ''), COALESCE(w.regular, 0), COALESCE(p.type, ''), COALESCE(p.ordinal, 0), COALESCE(p.length, 0), d.tracker_id IS NOT NULL
FROM walk k
	JOIN activities a ON a.id = (SELECT l.id FROM activities l WHERE l.tracker_id = k.tracker_id AND l.resource = k.resource ORDER BY l.end_time DESC, l.id DESC LIMIT 1)
	JOIN trackers t ON t.id = k.tracker_id
	LEFT JOIN works w ON w.client_id = t.client_id AND w.resource = t.resource
	LEFT JOIN work_parts p ON p.client_id = t.client_id AND p.part = substr(k.resource, length(t.resource) + 2) AND p.work = t.resource
	LEFT JOIN tracker_completed d ON d.tracker_id = k.tracker_id AND d.resource = k.resource
ORDER BY a.end_time DESC, a.id DESC`

// Checkpoints implements tracker.LookStore.
func (s *Store) Checkpoints(ctx context.Context, owner tracker.Owner, fn func(iter.Seq2[tracker.Checkpoint, error]) error) error {
	return fn(lines(s.db.Gorm(ctx), scanCheckpoint, checkpoints, owner.Client, owner.Parent, int8(tracker.Completed)))
}

func scanCheckpoint(found *sql.Rows) (c tracker.Checkpoint, err error) {
	var start, end int64
	t, err := scanTracker(found, &c.Resource, &c.Platform, &c.From, &c.To, &start, &end,
		&c.Work.Title, &c.Work.Regular, &c.Part.Type, &c.Part.Ordinal, &c.Part.Length, &c.Finished)
	c.Tracker, c.Work.Resource, c.Part.Resource = &t, t.Resource, c.Resource
	c.Start, c.End = store.TimeOf(start), store.TimeOf(end)
	return c, err
}

// lines gives the rows of a statement as the database sends them.
func lines[T any](tx *gorm.DB, scan func(*sql.Rows) (T, error), statement string, params ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := query(tx, func(found *sql.Rows) error {
			line, err := scan(found)
			if err == nil && !yield(line, nil) {
				return errStopped
			}
			return err
		}, statement, params...)
		if err != nil && !errors.Is(err, errStopped) {
			var none T
			yield(none, err)
		}
	}
}

// coverage is what a histogram ranges over: the activities on a resource, of one
// owner or of all of a client.
func coverage(owner tracker.Owner, resource string, everyone bool) (which string, params []any) {
	if everyone {
		return "a.client_id = ? AND a.resource = ?", []any{owner.Client, resource}
	}
	res, _ := tracker.ParseResource(resource)
	return "a.tracker_id = (SELECT t.id FROM trackers t WHERE t.client_id = ? AND t.parent = ? AND t.resource = ?) AND a.resource = ?",
		[]any{owner.Client, owner.Parent, res.Work(), resource}
}

// summedUp follows the batch c of a histogram's activities, those alike as one.
// The database adds up what begins and what ends at the same place, so that the
// steps are no more than twice the seconds or pages of the resource. The sums
// come first.
const summedUp = ` SELECT 0 AS kind, CAST(COALESCE(SUM(n), 0) AS BIGINT) AS at, CAST(0 AS BIGINT) AS change FROM c
	UNION ALL SELECT 1, COUNT(*), 0 FROM (SELECT DISTINCT tracker_id FROM c) d
	UNION ALL SELECT 2, COALESCE(MAX(to_at), 0), 0 FROM c
	UNION ALL SELECT 3, from_at, CAST(SUM(n) AS BIGINT) FROM c GROUP BY from_at
	UNION ALL SELECT 3, to_at, CAST(-SUM(n) AS BIGINT) FROM c GROUP BY to_at
	ORDER BY 1, 2`

// Coverage implements tracker.LookStore: one statement, which reads every
// activity once and sees one moment of the database.
func (s *Store) Coverage(ctx context.Context, owner tracker.Owner, resource string, everyone bool, fn func(tracker.Covered, iter.Seq2[tracker.Step, error]) error) error {
	which, params := coverage(owner, resource, everyone)
	found, err := s.db.Gorm(ctx).Raw("WITH c AS MATERIALIZED (SELECT a.from_at, a.to_at, a.tracker_id, COUNT(*) AS n FROM activities a WHERE "+which+" GROUP BY a.from_at, a.to_at, a.tracker_id)"+summedUp, params...).Rows()
	if err != nil {
		return err
	}
	defer func() { _ = found.Close() }() // Err below tells what matters
	var c tracker.Covered
	var step tracker.Step
	for i, sum := range []*int64{&c.Activities, &c.Owners, &c.End} {
		if !found.Next() {
			return errors.Join(found.Err(), errNoSums)
		}
		if err := found.Scan(&i, sum, &step.Change); err != nil {
			return err
		}
	}
	return fn(c, func(yield func(tracker.Step, error) bool) {
		var kind int
		for found.Next() {
			err := found.Scan(&kind, &step.At, &step.Change)
			if !yield(step, err) || err != nil {
				return
			}
		}
		if err := found.Err(); err != nil {
			yield(tracker.Step{}, err)
		}
	})
}

// errNoSums cannot happen: the sums of nothing are rows, too.
var errNoSums = errors.New("a histogram's sums are missing")

// CountStates implements tracker.LookStore.
func (s *Store) CountStates(ctx context.Context, owner tracker.Owner) (tracker.StateCounts, error) {
	counts := tracker.StateCounts{All: make(map[tracker.State]int64), Without: make(map[tracker.State]int64)}
	err := query(s.db.Gorm(ctx), func(found *sql.Rows) error {
		var state tracker.State
		var all, without int64
		err := found.Scan(&state, &all, &without)
		counts.All[state], counts.Without[state] = all, without
		return err
	}, "SELECT t.state, COUNT(*), SUM(CASE WHEN EXISTS (SELECT 1 FROM provider_records r WHERE r.tracker_id = t.id) THEN 0 ELSE 1 END)"+
		" FROM trackers t WHERE t.client_id = ? AND t.parent = ? GROUP BY t.state", owner.Client, owner.Parent)
	if err != nil {
		return counts, err
	}
	err = query(s.db.Gorm(ctx), func(found *sql.Rows) error {
		var l tracker.ListCounts
		var state tracker.State
		var n int64
		err := found.Scan(&l.Provider, &l.Kind, &state, &n)
		if last := len(counts.Lists) - 1; last < 0 || counts.Lists[last].Provider != l.Provider || counts.Lists[last].Kind != l.Kind {
			l.States = make(map[tracker.State]int64)
			counts.Lists = append(counts.Lists, l)
		}
		counts.Lists[len(counts.Lists)-1].States[state] = n
		return err
	}, "SELECT r.provider, r.kind, t.state, COUNT(DISTINCT t.id) FROM provider_records r JOIN trackers t ON t.id = r.tracker_id"+
		" WHERE r.client_id = ? AND r.parent = ? GROUP BY r.provider, r.kind, t.state ORDER BY r.provider, r.kind, t.state", owner.Client, owner.Parent)
	return counts, err
}

// Days implements tracker.LookStore. Days are counted from the year 1, which is
// before every activity, because the dialects round negative quotients apart.
func (s *Store) Days(ctx context.Context, owner tracker.Owner) ([]tracker.Day, error) {
	origin := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	var days []tracker.Day
	err := query(s.db.Gorm(ctx), func(found *sql.Rows) error {
		var d tracker.Day
		var n int64
		err := found.Scan(&n, &d.Seconds, &d.Pages)
		d.Day = origin.AddDate(0, 0, int(n))
		days = append(days, d)
		return err
	}, "SELECT (a.start_time - CAST(? AS BIGINT)) / 86400000000 AS day, SUM(CASE WHEN "+paged+" THEN 0 ELSE a.to_at - a.from_at END), SUM(CASE WHEN "+paged+" THEN a.to_at - a.from_at ELSE 0 END)"+
		" FROM trackers t JOIN activities a ON a.tracker_id = t.id WHERE t.client_id = ? AND t.parent = ? GROUP BY 1 ORDER BY 1",
		origin.UnixMicro(), owner.Client, owner.Parent)
	return days, err
}

// paged tells what is measured in pages.
const paged = "(substr(t.resource, 1, 14) = 'graphicNovels/' OR substr(t.resource, 1, 12) = 'lightNovels/')"

// FindWork implements tracker.LookStore.
func (s *Store) FindWork(ctx context.Context, client tasks.ClientID, resource string) (tracker.Work, error) {
	w := tracker.Work{Resource: resource}
	err := s.db.Gorm(ctx).Raw("SELECT title, regular FROM works WHERE client_id = ? AND resource = ?", client, resource).Row().Scan(&w.Title, &w.Regular)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return w, err
}
