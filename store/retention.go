package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"gorm.io/gorm"

	"asapi/tasks"
)

// Expire implements tasks.RetentionStore. Every transaction takes at most limit
// rows of one kind, so that no lock is held long.
func (s *Store) Expire(ctx context.Context, keep tasks.Retention, limit int) (more bool, err error) {
	clients, err := s.clientsWithResults(ctx)
	if err != nil {
		return false, err
	}
	for _, c := range clients {
		age := keep.Results
		if c.keep > 0 {
			age = c.keep
		}
		n, err := s.expireResults(ctx, c.id, age, limit)
		if err != nil {
			return more, err
		}
		more = more || n == limit
	}
	for _, part := range []func(context.Context, tasks.Retention, int) (int, error){s.forgetInputs, s.forgetTasks} {
		n, err := part(ctx, keep, limit)
		if err != nil {
			return more, err
		}
		more = more || n >= limit
	}
	return more, s.shrink(ctx, keep)
}

// KeepResults sets for how long a client's results are kept; 0: the server's
// default.
func (s *Store) KeepResults(ctx context.Context, client tasks.ClientID, age time.Duration) error {
	return s.db.once(ctx, func(tx *gorm.DB) error {
		_, err := execute(tx, "UPDATE clients SET keep_results = ? WHERE id = ?", age.Microseconds(), int64(client))
		return err
	})
}

type keeping struct {
	id   tasks.ClientID
	keep time.Duration // 0: the server's default
}

// clientsWithResults steps from client to client through the index.
func (s *Store) clientsWithResults(ctx context.Context) ([]keeping, error) {
	var list []keeping
	err := query(s.db.Gorm(ctx), func(rows *sql.Rows) error {
		var k keeping
		var us int64
		err := rows.Scan(&k.id, &us)
		k.keep = time.Duration(us) * time.Microsecond
		list = append(list, k)
		return err
	}, "WITH RECURSIVE r(client_id) AS (SELECT min(client_id) FROM results"+
		" UNION ALL SELECT (SELECT min(n.client_id) FROM results n WHERE n.client_id > r.client_id) FROM r WHERE r.client_id IS NOT NULL)"+
		" SELECT c.id, c.keep_results FROM r JOIN clients c ON c.id = r.client_id")
	return list, translate(err)
}

// expireResults deletes results that nobody consumed in time. What is on its way
// to a client at this moment is left to the next round.
func (s *Store) expireResults(ctx context.Context, client tasks.ClientID, age time.Duration, limit int) (int, error) {
	n := 0
	err := s.inTxWithBlobs(ctx, func(tx *gorm.DB) ([]string, error) {
		ids, err := s.lockOld(tx, client, age, limit)
		if n = len(ids); err != nil || n == 0 {
			return nil, err
		}
		var expired []tasks.ID
		var blobs []string
		err = query(tx, func(rows *sql.Rows) error {
			var id rowID
			var blob string
			err := rows.Scan(&id, &blob)
			expired = append(expired, tasks.ID(id))
			if blob != "" {
				blobs = append(blobs, blob)
			}
			return err
		}, "DELETE FROM results WHERE "+s.db.idIn("task_id")+unclaimed+" RETURNING task_id, blob", s.db.idList(ids))
		if err != nil || len(expired) == 0 {
			return nil, err
		}
		_, err = execute(tx, "UPDATE tasks SET expired = TRUE WHERE "+s.db.idIn("id")+" AND NOT retrieved", s.db.idList(expired))
		return blobs, err
	})
	return n, err
}

// unclaimed is the condition that nobody is delivering a result.
const unclaimed = " AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.stream = results.stream AND results.seq BETWEEN c.lo AND c.hi)"

// lockOld finds results that were kept long enough and keeps others from claiming
// them: on PostgreSQL a claim that is made between two looks would not be seen.
// Locks are taken in the order in which consuming takes them, tasks first.
func (s *Store) lockOld(tx *gorm.DB, client tasks.ClientID, age time.Duration, limit int) ([]tasks.ID, error) {
	old := "SELECT task_id FROM results WHERE client_id = ? AND created_at < " + s.db.Now() + " - ?" + unclaimed + " LIMIT ?"
	var ids []tasks.ID
	err := query(tx, func(rows *sql.Rows) error {
		var id rowID
		err := rows.Scan(&id)
		ids = append(ids, tasks.ID(id))
		return err
	}, "SELECT id FROM tasks WHERE "+s.db.idFrom("id", old)+s.db.skipLocked(), int64(client), age.Microseconds(), limit)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	var streams []string
	err = query(tx, func(rows *sql.Rows) error {
		var stream string
		err := rows.Scan(&stream)
		streams = append(streams, stream)
		return err
	}, "SELECT stream FROM results WHERE "+s.db.idIn("task_id")+s.db.ForUpdate(), s.db.idList(ids))
	if err != nil {
		return nil, err
	}
	slices.Sort(streams)
	for _, stream := range slices.Compact(streams) {
		if stream == "" {
			continue
		}
		if err := s.db.oneClaimer(tx, stream); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// forgetInputs deletes the inputs of tasks that failed and were not retried for
// as long as their results would have been kept. It takes all inputs of a task, so
// it may delete some more than limit.
func (s *Store) forgetInputs(ctx context.Context, keep tasks.Retention, limit int) (int, error) {
	var blobs []string
	n := 0
	err := s.inTxWithBlobs(ctx, func(tx *gorm.DB) ([]string, error) {
		blobs, n = blobs[:0], 0
		err := query(tx, func(rows *sql.Rows) error {
			var key string
			err := rows.Scan(&key)
			n++
			if key != "" {
				blobs = append(blobs, key)
			}
			return err
		}, "DELETE FROM inputs WHERE "+s.db.idFrom("task_id", "SELECT i.task_id FROM inputs i WHERE i.task_id < "+s.db.uuid()+
			" AND EXISTS (SELECT 1 FROM tasks t WHERE t.id = i.task_id AND t.phase + 0 = 2 AND t.ended_at < "+s.db.Now()+" - ?) LIMIT ?")+" RETURNING blob",
			firstIDOf(s.now().Add(-keep.Results)).String(), keep.Results.Microseconds(), limit)
		return blobs, err
	})
	return n, err
}

// forgetTasks deletes tasks that ended long ago, with all that is left of them.
// Ids grow with the time of submission, so the oldest stand first.
func (s *Store) forgetTasks(ctx context.Context, keep tasks.Retention, limit int) (int, error) {
	n := 0
	err := s.inTxWithBlobs(ctx, func(tx *gorm.DB) ([]string, error) {
		var ids []tasks.ID
		err := query(tx, func(rows *sql.Rows) error {
			var id rowID
			err := rows.Scan(&id)
			ids = append(ids, tasks.ID(id))
			return err
		}, "DELETE FROM tasks WHERE "+s.db.idFrom("id", "SELECT id FROM tasks WHERE id < "+s.db.uuid()+" AND phase + 0 = 2 AND ended_at < "+s.db.Now()+" - ? ORDER BY id LIMIT ?")+
			" RETURNING id", firstIDOf(s.now().Add(-keep.Tasks)).String(), keep.Tasks.Microseconds(), limit)
		if n = len(ids); err != nil || n == 0 {
			return nil, err
		}
		list := s.db.idList(ids)
		for _, table := range []string{"task_items", "task_notes", "import_changes"} {
			if _, err := execute(tx, "DELETE FROM "+table+" WHERE "+s.db.idIn("task_id"), list); err != nil {
				return nil, err
			}
		}
		var blobs []string
		for _, table := range []string{"inputs", "results"} {
			gone, err := deleted(tx, "DELETE FROM "+table+" WHERE "+s.db.idIn("task_id")+" RETURNING blob", list)
			if err != nil {
				return nil, err
			}
			blobs = append(blobs, gone...)
		}
		return blobs, nil
	})
	return n, err
}

// shrinkPages is how many free pages SQLite gives back at a time.
const shrinkPages = "2000"

// shrink gives disk back, in small steps too.
func (s *Store) shrink(ctx context.Context, keep tasks.Retention) error {
	if s.db.postgres {
		return s.keepPartitions(ctx, keep)
	}
	return s.db.once(ctx, func(tx *gorm.DB) error {
		return query(tx, func(*sql.Rows) error { return nil }, "PRAGMA incremental_vacuum("+shrinkPages+")")
	})
}
