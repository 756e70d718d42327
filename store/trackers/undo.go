package trackers

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// Changed implements tracker.Store.
func (s *Store) Changed(ctx context.Context, account tasks.Account, task tasks.ID) (owner tracker.Owner, err error) {
	var phase int
	err = s.db.Gorm(ctx).Raw("SELECT phase FROM tasks WHERE id = "+s.uuid()+" AND client_id = ? AND service = ? AND account = ? AND action IN ('import-trackers', 'import-from-provider', 'sync-with-provider')",
		task.String(), account.Client, account.Service, account.Username).Row().Scan(&phase)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return owner, &tasks.Error{Code: tasks.CodeNotFound, Field: "task_id", Message: "This account has no such import; it may have been forgotten, as tasks are some time after their end."}
	case err != nil:
		return owner, err
	case phase < 2:
		return owner, &tasks.Error{Code: tasks.CodeBusy, Field: "task_id", Message: "The import has not ended; wait for its end, or cancel it, and undo it then."}
	}
	owner = tracker.OwnerOf(account)
	var first int64
	err = s.db.Gorm(ctx).Raw("SELECT seq, parent FROM import_changes WHERE task_id = "+s.uuid()+" ORDER BY seq LIMIT 1", task.String()).Row().Scan(&first, &owner.Parent)
	switch {
	case errors.Is(err, sql.ErrNoRows): // it changed nothing
		return tracker.OwnerOf(account), nil
	case err == nil && first >= membersFrom:
		err = &tasks.Error{Code: tasks.CodeNotFound, Field: "task_id", Message: "The audience of this import was deleted; what had reached its members stays theirs."}
	}
	return owner, err
}

// kept is a row of a journal on its way back.
type kept struct {
	seq     int64
	parent  string
	tracker int64
	undone  bool
	trace   traceOf
}

// PutBack implements tracker.Store.
func (s *Store) PutBack(ctx context.Context, run tasks.Fence, owner tracker.Owner, from tracker.Undoing, judge func(tracker.Trace) (tasks.Item, bool)) ([]tasks.Item, tracker.Undoing, error) {
	var items []tasks.Item
	var at tracker.Undoing
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		items, at = nil, from
		list, err := s.locked(tx, owner, from)
		if err != nil || len(list) == 0 {
			return err
		}
		touched, now, err := s.since(tx, list)
		if err != nil {
			return err
		}
		var back []kept
		for _, k := range list {
			t := tracker.Tracker{ID: k.tracker, Parent: k.parent}
			trace := tracker.Trace{
				Index: at.Index, Name: t.Name(), Resource: k.trace.Resource, Made: k.trace.Made, Undone: k.undone,
				Gone: now[k.tracker] == nil, Touched: touched[k.tracker],
			}
			if k.seq >= membersFrom {
				trace.Member = k.parent
			}
			item, putBack := judge(trace)
			items = append(items, item)
			if putBack {
				back = append(back, k)
			}
			at.Index, at.Below = at.Index+1, k.seq
		}
		if err := s.putBack(tx, owner, from.Import, back); err != nil {
			return err
		}
		if err := s.db.RecordItems(tx, run, items); err != nil {
			return err
		}
		return s.db.KeepNotes(tx, run, at.Note())
	})
	return items, at, err
}

// locked reads the next rows of a journal while nobody else changes the trackers of
// those whom they concern.
func (s *Store) locked(tx *gorm.DB, owner tracker.Owner, from tracker.Undoing) ([]kept, error) {
	if err := s.lock(tx, owner); err != nil {
		return nil, err
	}
	list, err := s.journaled(tx, owner, from)
	if err != nil {
		return nil, err
	}
	members := map[string]bool{}
	for _, k := range list {
		if k.parent != owner.Parent {
			members[k.parent] = true
		}
	}
	if len(members) == 0 {
		return list, nil
	}
	// Audiences stand before users: everybody locks in this order.
	if err := s.lockAll(tx, owner.Client, slices.Sorted(maps.Keys(members))); err != nil {
		return nil, err
	}
	list, err = s.journaled(tx, owner, from)
	// Where a member was erased meanwhile, others may have moved up.
	if i := slices.IndexFunc(list, func(k kept) bool { return k.parent != owner.Parent && !members[k.parent] }); i >= 0 {
		list = list[:i]
	}
	return list, err
}

// journaled reads the next rows of a journal, until a tracker comes again: how
// it is then depends on what was put back before.
func (s *Store) journaled(tx *gorm.DB, owner tracker.Owner, from tracker.Undoing) ([]kept, error) {
	var list []kept
	seen := map[int64]bool{}
	again := false
	err := query(tx, func(found *sql.Rows) error {
		var k kept
		var text string
		if err := found.Scan(&k.seq, &k.parent, &k.tracker, &k.undone, &text); err != nil {
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
	}, "SELECT seq, parent, tracker_id, undone, trace FROM import_changes WHERE task_id = "+s.uuid()+" AND client_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
		from.Import.String(), owner.Client, from.Below, from.Limit)
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
