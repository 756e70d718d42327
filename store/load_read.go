package store

import (
	"context"
	"database/sql"
	"time"

	"asapi/tasks"
)

// Load implements tasks.LoadStore.
func (s *Store) Load(ctx context.Context, client tasks.ClientID) (tasks.Load, error) {
	load := tasks.Load{Minutes: make([]tasks.Minute, tasks.LoadMinutes)}
	var last int64
	if err := s.db.Gorm(ctx).Raw("SELECT " + s.db.minute()).Row().Scan(&last); err != nil {
		return load, translate(err)
	}
	first := last - tasks.LoadMinutes + 1
	for i := range load.Minutes {
		load.Minutes[i].At = time.Unix((first+int64(i))*60, 0).UTC()
	}
	err := query(s.db.Gorm(ctx), func(rows *sql.Rows) error {
		var minute, lag int64
		var m tasks.Minute
		if err := rows.Scan(&minute, &m.Submitted, &m.Succeeded, &m.Failed, &m.Cancelled, &lag); err != nil {
			return err
		}
		m.At, m.Lag = time.Unix(minute*60, 0).UTC(), time.Duration(lag)*time.Microsecond
		load.Minutes[minute-first] = m
		return nil
	}, "SELECT minute, submitted, succeeded, failed, cancelled, lag FROM load_minutes WHERE client_id = ? AND minute BETWEEN ? AND ?", int64(client), first, last)
	if err != nil {
		return load, translate(err)
	}
	open := s.db.Gorm(ctx).Raw("SELECT coalesce(sum(n), 0) FROM open_tasks WHERE client_id = ?", client)
	if client == tasks.EveryClient {
		open = s.db.Gorm(ctx).Raw("SELECT coalesce(sum(n), 0) FROM open_tasks")
	}
	if err := open.Row().Scan(&load.Open); err != nil {
		return load, translate(err)
	}
	load.Lag, err = s.lagNow(ctx, client)
	return load, err
}

// lagNow gives for how long the oldest due task waits, whether a worker is there
// to see it or not.
func (s *Store) lagNow(ctx context.Context, client tasks.ClientID) (time.Duration, error) {
	if client == tasks.EveryClient {
		return s.lagOfAll(ctx)
	}
	waits := func(p tasks.Priority) (string, []any) {
		return "SELECT run_at AS since FROM (SELECT run_at FROM tasks WHERE phase = 0 AND priority = ? AND client_id = ? ORDER BY run_at, id LIMIT 1) p", []any{int(p), client}
	}
	statement, params := "SELECT min(dispatched_at) AS since FROM tasks WHERE phase = 1 AND state = 0 AND client_id = ?", []any{client}
	for _, p := range tasks.Priorities() {
		part, more := waits(p)
		statement, params = statement+" UNION ALL "+part, append(params, more...)
	}
	var lag int64
	err := s.db.Gorm(ctx).Raw("SELECT coalesce(max("+s.db.Now()+" - since), 0) FROM ("+statement+") w WHERE since IS NOT NULL", params...).Row().Scan(&lag)
	return time.Duration(max(lag, 0)) * time.Microsecond, translate(err)
}

func (s *Store) lagOfAll(ctx context.Context) (time.Duration, error) {
	unstarted, err := s.OldestDispatch(ctx)
	if err != nil {
		return 0, err
	}
	var lag time.Duration
	for _, u := range unstarted {
		lag = max(lag, u.For)
	}
	for _, p := range tasks.Priorities() {
		waiting, err := s.Backlog(ctx, p)
		if err != nil {
			return 0, err
		}
		for _, w := range waiting {
			lag = max(lag, -w.In)
		}
	}
	return lag, nil
}
