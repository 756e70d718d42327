package store

import (
	"context"
	"database/sql"
	"time"

	"gorm.io/gorm"

	"asapi/tasks"
)

// HasOpenTasks implements tasks.TaskStore.
func (s *Store) HasOpenTasks(ctx context.Context, a tasks.Account) (bool, error) {
	var open bool
	err := s.db.Gorm(ctx).Raw("SELECT EXISTS (SELECT 1 FROM tasks WHERE client_id = ? AND service = ? AND account = ? AND ended_at = 0)",
		a.Client, a.Service, a.Username).Row().Scan(&open)
	return open, translate(err)
}

// OpenTasksOf implements tasks.TaskStore.
func (s *Store) OpenTasksOf(ctx context.Context, a tasks.Account, limit int) ([]tasks.ID, error) {
	var ids []tasks.ID
	err := query(s.db.Gorm(ctx), func(rows *sql.Rows) error {
		var id rowID
		err := rows.Scan(&id)
		ids = append(ids, tasks.ID(id))
		return err
	}, "SELECT id FROM tasks WHERE client_id = ? AND service = ? AND account = ? AND ended_at = 0 AND NOT cancel_asked LIMIT ?", a.Client, a.Service, a.Username, limit)
	return ids, translate(err)
}

// Cancel implements tasks.TaskStore.
func (s *Store) Cancel(ctx context.Context, client tasks.ClientID, ids []tasks.ID) ([]tasks.Task, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var found, over []tasks.Task
	mine, params := amongIDs(s.db.idIn("id"), []any{s.db.idList(ids)}, client)
	err := s.inTxWithBlobs(ctx, func(tx *gorm.DB) ([]string, error) {
		// Running first: one that is put back to wait in between is then
		// ended by the second statement.
		if _, err := execute(tx, "UPDATE tasks SET cancel_asked = TRUE WHERE "+mine+" AND phase + 0 < 2 AND NOT cancel_asked", params...); err != nil {
			return nil, err
		}
		var blobs []string
		var err error
		over, blobs, err = s.end(tx, tasks.Cancelled, tasks.CodeCancelled, tasks.ErrCancelled.Message, mine+" AND phase + 0 < 2 AND state = 0", params...)
		if err != nil {
			return nil, err
		}
		found, err = queryTasks(tx, len(ids), "SELECT "+taskColumns+" FROM tasks WHERE "+mine, params...)
		return blobs, err
	})
	if err == nil {
		s.countEnded(over)
	}
	return found, err
}

// RetryTasks implements tasks.TaskStore. Tasks whose secret parameters were
// erased cannot run again and are left alone.
func (s *Store) RetryTasks(ctx context.Context, client tasks.ClientID, ids []tasks.ID, since time.Time) (int64, error) {
	where, params := "ended_at >= ?", []any{Micros(since)}
	if len(ids) > 0 {
		where, params = s.db.idIn("id"), []any{s.db.idList(ids)}
	}
	if client != 0 {
		where, params = where+" AND client_id = ?", append(params, client)
	}
	opened := map[tasks.ClientID]int64{}
	var total int64
	err := s.inTxWithBlobs(ctx, func(tx *gorm.DB) ([]string, error) {
		clear(opened)
		again, err := queryTasks(tx, 0, "UPDATE tasks SET state = 0, phase = 0, tries = 0, cancel_asked = FALSE, retrieved = FALSE, expired = FALSE, progress = 0,"+
			" ended_at = 0, error_code = '', error_detail = '', run_at = "+s.db.Now()+
			" WHERE "+where+" AND phase = 2 AND state IN (5, 6) AND sealed <> '"+sealedErased+"' RETURNING "+taskColumns, params...)
		if err != nil {
			return nil, err
		}
		gone := make([]tasks.ID, len(again))
		for i := range again {
			gone[i] = again[i].ID
			opened[again[i].Client]++
		}
		total = int64(len(again))
		blobs, err := deleted(tx, "DELETE FROM results WHERE "+s.db.idIn("task_id")+" RETURNING blob", s.db.idList(gone))
		if err != nil {
			return nil, err
		}
		return blobs, s.addOpen(tx, opened)
	})
	return total, err
}
