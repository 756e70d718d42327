package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"

	"gorm.io/gorm"

	"asapi/tasks"
)

// current is the condition that a run may still write.
const current = " AND attempt = ? AND phase + 0 = 1 AND state > 0"

// progressCall is one run's progress on its way through saveAll.
type progressCall struct {
	Task     tasks.ID `json:"v_id"`
	Attempt  int      `json:"v_attempt"`
	Progress int      `json:"v_progress"`
	Items    string   `json:"v_items"`
}

// SaveProgress implements tasks.WorkStore; concurrent calls share a commit.
func (s *Store) SaveProgress(ctx context.Context, run tasks.Fence, progress int, items tasks.Tally) error {
	_, err := s.saves.do(ctx, progressCall{run.Task, run.Attempt, progress, tallyText(items)})
	return err
}

// saveAll saves the progress of many runs in one statement. The last call of a run
// is the one that counts.
func (s *Store) saveAll(ctx context.Context, in []progressCall) []outcome[struct{}] {
	last := make(map[tasks.Fence]progressCall, len(in))
	for _, c := range in {
		last[tasks.Fence{Task: c.Task, Attempt: c.Attempt}] = c
	}
	calls := slices.Collect(maps.Values(last))
	lo, hi := reach(calls, func(c *progressCall) tasks.ID { return c.Task })
	param, err := batchParam(calls)
	if err != nil {
		return failAll[struct{}](len(in), err)
	}
	saved := make(map[tasks.Fence]bool, len(last))
	err = s.db.once(ctx, func(tx *gorm.DB) error {
		clear(saved)
		return query(tx, func(rows *sql.Rows) error {
			var id rowID
			var attempt int
			err := rows.Scan(&id, &attempt)
			saved[tasks.Fence{Task: tasks.ID(id), Attempt: attempt}] = true
			return err
		}, s.sql.saveProgress, param, lo, hi)
	})
	if err != nil {
		return failAll[struct{}](len(in), err)
	}
	out := make([]outcome[struct{}], len(in))
	for i, c := range in {
		if !saved[tasks.Fence{Task: c.Task, Attempt: c.Attempt}] {
			out[i].err = tasks.ErrLeaseLost
		}
	}
	return out
}

// Advance implements tasks.WorkStore.
func (s *Store) Advance(ctx context.Context, run tasks.Fence, state tasks.State) error {
	return s.fenced(ctx, "UPDATE tasks SET state = ? WHERE id = "+s.db.uuid()+current, int(state), run.Task.String(), run.Attempt)
}

func (s *Store) fenced(ctx context.Context, statement string, params ...any) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		n, err := execute(tx, statement, params...)
		if err == nil && n == 0 {
			return tasks.ErrLeaseLost
		}
		return err
	})
}

// RecordItems implements tasks.WorkStore.
func (s *Store) RecordItems(ctx context.Context, run tasks.Fence, items []tasks.Item) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error { return s.db.RecordItems(tx, run, items) })
}

type itemRow struct {
	Task    tasks.ID      `json:"task_id"`
	Index   int64         `json:"idx"`
	Key     string        `json:"key"`
	Outcome tasks.Outcome `json:"outcome"`
	Reason  string        `json:"reason"`
	Refs    string        `json:"refs"`
}

// RecordItems keeps items of a run inside the transaction in which a service
// writes what they became. It fails with tasks.ErrLeaseLost, and the
// transaction must fail with it, when the run is not the task's current one.
func (db *DB) RecordItems(tx *gorm.DB, run tasks.Fence, items []tasks.Item) error {
	var one int
	err := tx.Raw("SELECT 1 FROM tasks WHERE id = "+db.uuid()+current+db.ForUpdate(), run.Task.String(), run.Attempt).Row().Scan(&one)
	if err = translate(err); tasks.CodeOf(err) == tasks.CodeNotFound {
		return tasks.ErrLeaseLost
	}
	if err != nil || len(items) == 0 {
		return err
	}
	rows := make([]itemRow, len(items))
	for i, item := range items {
		rows[i] = itemRow{run.Task, item.Index, clean(item.Key, 1000), item.Outcome, clean(item.Reason, 4000), ""}
		if len(item.Refs) > 0 {
			refs, err := json.Marshal(item.Refs)
			if err != nil {
				return err
			}
			rows[i].Refs = clean(string(refs), 1<<20)
		}
	}
	param, err := batchParam(rows)
	if err != nil {
		return err
	}
	_, err = execute(tx, db.insertItems(), param)
	return err
}

func (d dialect) insertItems() string {
	return "WITH " + d.Batch("v", Col{"task_id", "uuid"}, Col{"idx", "int"}, Col{"key", "text"}, Col{"outcome", "text"}, Col{"reason", "text"}, Col{"refs", "text"}) +
		" INSERT INTO task_items (task_id, idx, key, outcome, reason, refs) SELECT task_id, idx, key, outcome, reason, refs FROM v"
}

// itemPage is how many items are read at once.
const itemPage = 1000

// Items implements tasks.WorkStore: it reads page by page, so that a slow
// reader holds no connection.
func (s *Store) Items(ctx context.Context, id tasks.ID) iter.Seq2[tasks.Item, error] {
	return func(yield func(tasks.Item, error) bool) {
		after := int64(-1)
		for {
			page, err := s.itemPage(ctx, id, after)
			if err != nil {
				yield(tasks.Item{}, translate(err))
				return
			}
			for _, item := range page {
				if !yield(item, nil) {
					return
				}
				after = item.Index
			}
			if len(page) < itemPage {
				return
			}
		}
	}
}

func (s *Store) itemPage(ctx context.Context, id tasks.ID, after int64) ([]tasks.Item, error) {
	page := make([]tasks.Item, 0, itemPage)
	err := query(s.db.Gorm(ctx), func(rows *sql.Rows) error {
		var item tasks.Item
		var refs string
		if err := rows.Scan(&item.Index, &item.Key, &item.Outcome, &item.Reason, &refs); err != nil {
			return err
		}
		if refs != "" {
			if err := json.Unmarshal([]byte(refs), &item.Refs); err != nil {
				return fmt.Errorf("references of item %d of task %s: %w", item.Index, id, err)
			}
		}
		page = append(page, item)
		return nil
	}, "SELECT idx, key, outcome, reason, refs FROM task_items WHERE task_id = "+s.db.uuid()+" AND idx > ? ORDER BY idx LIMIT ?", id.String(), after, itemPage)
	return page, err
}

// Recorded implements tasks.WorkStore.
func (s *Store) Recorded(ctx context.Context, id tasks.ID) (tasks.Tally, int64, error) {
	t, next, err := recorded(s.db.Gorm(ctx), s.db, id)
	return t, next, translate(err)
}

func recorded(tx *gorm.DB, db *DB, id tasks.ID) (tasks.Tally, int64, error) {
	var t tasks.Tally
	next := int64(0)
	err := query(tx, func(rows *sql.Rows) error {
		var outcome tasks.Outcome
		var n, last int64
		if err := rows.Scan(&outcome, &n, &last); err != nil {
			return err
		}
		t.AddN(outcome, n)
		next = max(next, last+1)
		return nil
	}, "SELECT outcome, count(*), max(idx) FROM task_items WHERE task_id = "+db.uuid()+" GROUP BY outcome", id.String())
	return t, next, err
}
