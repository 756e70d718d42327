package store

import (
	"context"
	"database/sql"
	"iter"
	"time"

	"asapi/tasks"
)

// ago is the time a number of microseconds ago. It stands in a SELECT of its own:
// PostgreSQL then reads the clock once and can look the time up in an index.
func (d dialect) ago() string { return "(SELECT " + d.Now() + " - ?)" }

// mostEnded is how many ended tasks are counted at most.
const mostEnded = 100_000

// Activities implements tasks.ActivityStore.
func (s *Store) Activities(ctx context.Context, client tasks.ClientID, ended time.Duration, limit int) ([]tasks.Task, int64, error) {
	var list []tasks.Task
	add := func(order, where string, params ...any) error {
		if len(list) >= limit {
			return nil
		}
		where, params = ofClient(where, params, client)
		found, err := queryTasks(s.db.Gorm(ctx), 0, "SELECT "+taskColumns+" FROM tasks WHERE "+where+order+" LIMIT ?", append(params, limit-len(list))...)
		list = append(list, found...)
		return err
	}
	// What is dispatched and running is few; it is sorted here.
	err := add(" ORDER BY CASE WHEN state > 0 THEN 0 ELSE 1 END, priority, id", "phase = 1")
	for _, p := range tasks.Priorities() {
		if err == nil { // in the order of tasks_waiting, one priority after the other
			err = add(" ORDER BY run_at, id", "phase = 0 AND priority = ?", int(p))
		}
	}
	lately, since := "ended_at > 0 AND ended_at > "+s.db.ago(), ended.Microseconds()
	if err == nil {
		err = add(" ORDER BY ended_at DESC", lately, since)
	}
	if err != nil {
		return nil, 0, translate(err)
	}
	total := int64(len(list))
	if len(list) == limit {
		total, err = s.countActivities(ctx, client, lately, since)
	}
	return list, max(total, int64(len(list))), translate(err)
}

// countActivities counts what did not fit into a list.
func (s *Store) countActivities(ctx context.Context, client tasks.ClientID, lately string, since int64) (int64, error) {
	openWhere, openParams := ofClient("n <> 0", nil, client)
	endedWhere, endedParams := ofClient(lately, []any{since}, client)
	var total int64
	err := query(s.db.Gorm(ctx), func(rows *sql.Rows) error { return rows.Scan(&total) },
		"SELECT (SELECT coalesce(sum(n), 0) FROM open_tasks WHERE "+openWhere+")"+
			" + (SELECT count(*) FROM (SELECT 1 FROM tasks WHERE "+endedWhere+" LIMIT ?) AS lately)",
		append(append(openParams, endedParams...), mostEnded)...)
	return total, err
}

// Bounds of Changes.
const (
	changePage = 1000        // tasks in one query
	clockSkew  = time.Minute // between the clocks of those who make ids and the database's
)

// Changes implements tasks.ActivityStore; it reads page by page, so that a slow
// reader holds no connection.
func (s *Store) Changes(ctx context.Context, client tasks.ClientID, age time.Duration) iter.Seq2[tasks.Task, error] {
	since, us := s.db.ago(), age.Microseconds()
	return func(yield func(tasks.Task, error) bool) {
		goOn := s.pages(ctx, client, yield, "id", func(last tasks.Task) (string, []any) {
			from := last.ID
			if from.IsZero() {
				from = firstIDOf(time.Now().Add(-age - clockSkew))
			}
			return "id > " + s.db.uuid() + " AND created_at > " + since, []any{from.String(), us}
		})
		goOn = goOn && s.pages(ctx, client, yield, "ended_at, id", func(last tasks.Task) (string, []any) {
			return "ended_at > 0 AND ended_at > " + since + " AND (ended_at, id) > (?, " + s.db.uuid() + ")", []any{us, Micros(last.EndedAt), last.ID.String()}
		})
		_ = goOn && s.pages(ctx, client, yield, "id", func(last tasks.Task) (string, []any) {
			return "phase = 1 AND state > 0 AND id > " + s.db.uuid(), []any{last.ID.String()}
		})
	}
}

// pages yields what a condition finds, which depends on the last task that was
// found before; it reports whether to go on.
func (s *Store) pages(ctx context.Context, client tasks.ClientID, yield func(tasks.Task, error) bool, order string, condition func(last tasks.Task) (string, []any)) bool {
	var last tasks.Task
	for {
		where, params := condition(last)
		where, params = ofClient(where, params, client)
		page, err := queryTasks(s.db.Gorm(ctx), 0, "SELECT "+taskColumns+" FROM tasks WHERE "+where+" ORDER BY "+order+" LIMIT ?", append(params, changePage)...)
		if err != nil {
			yield(tasks.Task{}, translate(err))
			return false
		}
		for _, t := range page {
			if !yield(t, nil) {
				return false
			}
			last = t
		}
		if len(page) < changePage {
			return true
		}
	}
}
