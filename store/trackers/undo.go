package trackers

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// Changes implements tracker.Store.
func (s *Store) Changes(ctx context.Context, account tasks.Account, task tasks.ID) (n int64, err error) {
	var phase int
	err = s.db.Gorm(ctx).Raw("SELECT phase FROM tasks WHERE id = "+s.uuid()+" AND client_id = ? AND service = ? AND account = ? AND action IN ('import-trackers', 'import-from-provider', 'sync-with-provider')",
		task.String(), account.Client, account.Service, account.Username).Row().Scan(&phase)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, &tasks.Error{Code: tasks.CodeNotFound, Field: "task_id", Message: "This account has no such import; it may have been forgotten, as tasks are some time after their end."}
	case err != nil:
		return 0, err
	case phase < 2:
		return 0, &tasks.Error{Code: tasks.CodeBusy, Field: "task_id", Message: "The import has not ended; wait for its end, or cancel it, and undo it then."}
	}
	err = s.db.Gorm(ctx).Raw("SELECT COUNT(*) FROM import_changes WHERE task_id = "+s.uuid(), task.String()).Row().Scan(&n)
	return n, err
}

// kept is a row of a journal on its way back.
type kept struct {
	seq     int64
	tracker int64
	undone  bool
	trace   traceOf
}

// PutBack implements tracker.Store.
func (s *Store) PutBack(ctx context.Context, run tasks.Fence, owner tracker.Owner, task tasks.ID, pass int64, limit int, judge func(tracker.Trace) (tasks.Item, bool)) ([]tasks.Item, error) {
	var items []tasks.Item
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		items = nil
		if err := s.lock(tx, owner); err != nil {
			return err
		}
		list, err := s.journaled(tx, owner, task, pass, limit)
		if err != nil || len(list) == 0 {
			return err
		}
		touched, now, err := s.since(tx, list)
		if err != nil {
			return err
		}
		var back []kept
		for i, k := range list {
			t := tracker.Tracker{ID: k.tracker, Parent: owner.Parent}
			item, putBack := judge(tracker.Trace{
				Index: pass + int64(i), Name: t.Name(), Resource: k.trace.Resource, Made: k.trace.Made, Undone: k.undone,
				Gone: now[k.tracker] == nil, Touched: touched[k.tracker],
			})
			items = append(items, item)
			if putBack {
				back = append(back, k)
			}
		}
		if err := s.putBack(tx, owner, task, back); err != nil {
			return err
		}
		return s.db.RecordItems(tx, run, items)
	})
	return items, err
}

// journaled reads the next rows of a journal, until a tracker comes again: how
// it is then depends on what was put back before.
func (s *Store) journaled(tx *gorm.DB, owner tracker.Owner, task tasks.ID, pass int64, limit int) ([]kept, error) {
	var list []kept
	seen := map[int64]bool{}
	again := false
	err := query(tx, func(found *sql.Rows) error {
		var k kept
		var text string
		if err := found.Scan(&k.seq, &k.tracker, &k.undone, &text); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text), &k.trace); err != nil {
			return fmt.Errorf("decode the trace of tracker %d: %w", k.tracker, err)
		}
		if again = again || seen[k.tracker]; !again {
			seen[k.tracker] = true
			list = append(list, k)
		}
		return nil
	}, "SELECT seq, tracker_id, undone, trace FROM import_changes WHERE task_id = "+s.uuid()+" AND client_id = ? AND parent = ? ORDER BY seq DESC LIMIT ? OFFSET ?",
		task.String(), owner.Client, owner.Parent, limit, pass)
	return list, err
}

type sinceRow struct {
	ID   int64 `json:"id"`
	Last int64 `json:"last"`
}

// since finds which trackers are not as the import left them, and how they are.
// An activity that came since counts, also where it changed nothing else.
func (s *Store) since(tx *gorm.DB, list []kept) (map[int64]bool, map[int64]*image, error) {
	ids := make([]int64, len(list))
	asked := make([]sinceRow, len(list))
	for i, k := range list {
		ids[i] = k.tracker
		asked[i] = sinceRow{k.tracker, k.trace.Last}
	}
	now, err := s.images(tx, ids)
	if err != nil {
		return nil, nil, err
	}
	touched := map[int64]bool{}
	for _, k := range list {
		if m := now[k.tracker]; m != nil {
			hash, err := m.hash()
			if err != nil {
				return nil, nil, err
			}
			touched[k.tracker] = hash != k.trace.After
		}
	}
	param, err := rows(asked)
	if err != nil {
		return nil, nil, err
	}
	err = query(tx, func(found *sql.Rows) error {
		var id int64
		err := found.Scan(&id)
		touched[id] = true
		return err
	}, "WITH "+s.db.Batch("b", idColumn, store.Col{Name: "last", Type: "int"})+
		" SELECT b.id FROM b WHERE EXISTS (SELECT 1 FROM activities a WHERE a.tracker_id = b.id AND a.id > b.last)", param)
	return touched, now, err
}

// putBack makes trackers what they were before the import.
func (s *Store) putBack(tx *gorm.DB, owner tracker.Owner, task tasks.ID, list []kept) error {
	if len(list) == 0 {
		return nil
	}
	var made []idRow
	var seqs []idRow
	var was []kept
	for _, k := range list {
		seqs = append(seqs, idRow{k.seq})
		if k.trace.Made {
			made = append(made, idRow{k.tracker})
		} else {
			was = append(was, k)
		}
	}
	if err := s.unmake(tx, made); err != nil {
		return err
	}
	if err := s.restore(tx, owner, was); err != nil {
		return err
	}
	param, err := rows(seqs)
	if err != nil {
		return err
	}
	return tx.Exec("WITH "+s.db.Batch("b", idColumn)+" UPDATE import_changes SET undone = TRUE FROM b WHERE task_id = "+s.uuid()+" AND seq = b.id",
		param, task.String()).Error
}

// unmake deletes trackers with all that is kept of them.
func (s *Store) unmake(tx *gorm.DB, ids []idRow) error {
	if len(ids) == 0 {
		return nil
	}
	param, err := rows(ids)
	if err != nil {
		return err
	}
	with := "WITH " + s.db.Batch("b", idColumn)
	for _, statement := range []string{
		" DELETE FROM activities WHERE tracker_id IN (SELECT id FROM b)",
		" DELETE FROM tracker_completed WHERE tracker_id IN (SELECT id FROM b)",
		" DELETE FROM provider_records WHERE tracker_id IN (SELECT id FROM b)",
		" DELETE FROM tracker_redirects WHERE tracker_id IN (SELECT id FROM b)",
		" DELETE FROM trackers WHERE id IN (SELECT id FROM b)",
	} {
		if err := tx.Exec(with+statement, param).Error; err != nil {
			return err
		}
	}
	return nil
}
