package store

import (
	"context"
	"database/sql"
	"time"

	"gorm.io/gorm"

	"asapi/tasks"
)

// Finish implements tasks.WorkStore; concurrent calls share a commit.
func (s *Store) Finish(ctx context.Context, e tasks.Ending) (tasks.Task, error) {
	return s.finishes.do(ctx, e)
}

type endingRow struct {
	ID        tasks.ID `json:"v_id"`
	Attempt   int      `json:"v_attempt"`
	State     int      `json:"v_state"`
	Wait      int64    `json:"v_wait"` // until the next attempt; below 0: at once, in its old place
	Uncounted bool     `json:"v_uncounted"`
	Progress  int      `json:"v_progress"`
	Items     string   `json:"v_items"`
	Code      string   `json:"v_code"`
	Detail    string   `json:"v_detail"`
}

func endingRowOf(e *tasks.Ending) endingRow {
	row := endingRow{
		ID: e.Task, Attempt: e.Attempt, State: int(e.State), Wait: -1, Uncounted: e.Uncounted,
		Progress: e.Progress, Items: tallyText(e.Items), Code: clean(string(e.ErrorCode), 100), Detail: clean(e.ErrorDetail, 4000),
	}
	if !e.RetryAt.IsZero() {
		// The wait travels, not the time: the database's clock decides.
		row.Wait = max(time.Until(e.RetryAt), 0).Microseconds()
	}
	return row
}

// finishAll ends a batch of runs. As with submissions, one that the database
// refuses does not fail the others.
func (s *Store) finishAll(ctx context.Context, in []tasks.Ending) []outcome[tasks.Task] {
	out := make([]outcome[tasks.Task], len(in))
	err := s.inTxWithBlobs(ctx, func(tx *gorm.DB) ([]string, error) { return s.finishTx(tx, in, out) })
	if err == nil {
		s.countEnded(endedOf(out))
		return out
	}
	if len(in) > 1 && tasks.CodeOf(err) == tasks.CodeInvalid {
		out = out[:0]
		for i := range in {
			out = append(out, s.finishAll(ctx, in[i:i+1])...)
		}
		return out
	}
	return failAll[tasks.Task](len(in), err)
}

// endedOf gives the tasks of the runs that ended or were put back.
func endedOf(out []outcome[tasks.Task]) []tasks.Task {
	list := make([]tasks.Task, 0, len(out))
	for i := range out {
		if out[i].err == nil {
			list = append(list, out[i].out)
		}
	}
	return list
}

func (s *Store) finishTx(tx *gorm.DB, in []tasks.Ending, out []outcome[tasks.Task]) ([]string, error) {
	rows := make([]endingRow, len(in))
	at := make(map[tasks.Fence]int, len(in))
	for i := range in {
		rows[i] = endingRowOf(&in[i])
		at[in[i].Fence] = i
		out[i] = outcome[tasks.Task]{err: tasks.ErrLeaseLost}
	}
	param, err := batchParam(rows)
	if err != nil {
		return nil, err
	}
	lo, hi := reach(rows, func(r *endingRow) tasks.ID { return r.ID })
	list, err := queryEnded(tx, s.sql.finish, param, lo, hi)
	if err != nil {
		return nil, err
	}
	over := list[:0]
	for _, e := range list {
		i := at[tasks.Fence{Task: e.task.ID, Attempt: e.task.Attempt}]
		out[i] = outcome[tasks.Task]{out: e.task}
		if !e.task.State.Ended() {
			continue
		}
		if e.result = in[i].Result; e.result != nil {
			r := tasks.ResultFor(&e.task, *e.result)
			e.result = &r
		} else if !e.task.State.Success() {
			e.result = tasks.FailureResult(&e.task)
		}
		over = append(over, e)
	}
	if len(list) < len(in) {
		if err := s.tellCancelled(tx, in, at, out); err != nil {
			return nil, err
		}
	}
	if len(over) == 0 {
		return nil, nil
	}
	return s.settle(tx, over)
}

// tellCancelled finds the runs that were not ended because a cancellation came
// first; the others lost their lease.
func (s *Store) tellCancelled(tx *gorm.DB, in []tasks.Ending, at map[tasks.Fence]int, out []outcome[tasks.Task]) error {
	var ids []tasks.ID
	for i := range in {
		if out[i].err != nil {
			ids = append(ids, in[i].Task)
		}
	}
	return query(tx, func(rows *sql.Rows) error {
		var id rowID
		var attempt int
		var cancelled bool
		if err := rows.Scan(&id, &attempt, &cancelled); err != nil {
			return err
		}
		if i, ok := at[tasks.Fence{Task: tasks.ID(id), Attempt: attempt}]; ok && cancelled && out[i].err != nil {
			out[i].err = tasks.ErrCancelled
		}
		return nil
	}, s.sql.finishLost, s.db.idList(ids))
}
