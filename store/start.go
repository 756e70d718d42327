package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"asapi/tasks"
)

type startCall struct {
	ID    tasks.ID `json:"v_id"`
	Lease int64    `json:"v_lease"`
}

// errNotToStart says that a dispatched id is to be dropped.
var errNotToStart = &tasks.Error{Code: tasks.CodeNotFound, Message: "This task is not to be started."}

// Start implements tasks.WorkStore; concurrent calls share a commit.
func (s *Store) Start(ctx context.Context, id tasks.ID, lease time.Duration) (tasks.Assignment, error) {
	return s.starts.do(ctx, startCall{id, lease.Microseconds()})
}

func (s *Store) startAll(ctx context.Context, in []startCall) []outcome[tasks.Assignment] {
	at := make(map[tasks.ID]int, len(in))
	calls := make([]startCall, 0, len(in))
	for i, c := range in {
		if _, twice := at[c.ID]; !twice {
			at[c.ID] = i
			calls = append(calls, c)
		}
	}
	lo, hi := reach(calls, func(c *startCall) tasks.ID { return c.ID })
	out := failAll[tasks.Assignment](len(in), errNotToStart)
	param, err := batchParam(calls)
	if err != nil {
		return failAll[tasks.Assignment](len(in), err)
	}
	err = s.db.once(ctx, func(tx *gorm.DB) error {
		var started []tasks.Assignment
		var withInputs []tasks.ID
		var row taskRow
		var maxAttempts int
		var params, sealed string
		var hasInputs bool
		targets := append(row.targets(), &maxAttempts, &params, &sealed, &hasInputs)
		err := query(tx, func(rows *sql.Rows) error {
			if err := rows.Scan(targets...); err != nil {
				return err
			}
			a, err := assignment(row.task(), maxAttempts, params, sealed)
			if hasInputs {
				withInputs = append(withInputs, a.Task.ID)
			}
			started = append(started, a)
			return err
		}, s.sql.start, param, lo, hi)
		if err != nil {
			return err
		}
		inputs, err := s.inputsOf(tx, withInputs)
		if err != nil {
			return err
		}
		for _, a := range started {
			a.Inputs = inputs[a.Task.ID]
			out[at[a.Task.ID]] = outcome[tasks.Assignment]{out: a}
		}
		return nil
	})
	if err != nil {
		return failAll[tasks.Assignment](len(in), err)
	}
	return out
}

func assignment(t tasks.Task, maxAttempts int, params, sealed string) (tasks.Assignment, error) {
	a := tasks.Assignment{Task: t, MaxAttempts: maxAttempts}
	if err := json.Unmarshal([]byte(params), &a.Values); err != nil {
		return a, fmt.Errorf("parameters of task %s: %w", t.ID, err)
	}
	if sealed != "" && sealed != sealedErased {
		var err error
		if a.Sealed, err = base64.StdEncoding.DecodeString(sealed); err != nil {
			return a, fmt.Errorf("secrets of task %s: %w", t.ID, err)
		}
	}
	return a, nil
}

func (s *Store) inputsOf(tx *gorm.DB, ids []tasks.ID) (map[tasks.ID][]tasks.Input, error) {
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // a nil map answers every look-up
	}
	inputs := map[tasks.ID][]tasks.Input{}
	err := query(tx, func(rows *sql.Rows) error {
		var id rowID
		var in tasks.Input
		if err := rows.Scan(&id, &in.Parameter, &in.Filename, &in.ContentType, &in.Size, &in.Inline, &in.Blob); err != nil {
			return err
		}
		inputs[tasks.ID(id)] = append(inputs[tasks.ID(id)], in)
		return nil
	}, s.sql.startInputs, s.db.idList(ids))
	return inputs, err
}

// Renew implements tasks.WorkStore.
func (s *Store) Renew(ctx context.Context, runs []tasks.Fence, lease time.Duration) ([]tasks.Stop, error) {
	if len(runs) == 0 {
		return nil, nil
	}
	type row struct {
		ID      tasks.ID `json:"v_id"`
		Attempt int      `json:"v_attempt"`
		Lease   int64    `json:"v_lease"`
	}
	rows := make([]row, len(runs))
	for i, r := range runs {
		rows[i] = row{r.Task, r.Attempt, lease.Microseconds()}
	}
	param, err := batchParam(rows)
	if err != nil {
		return nil, err
	}
	lo, hi := reach(rows, func(r *row) tasks.ID { return r.ID })
	held := make(map[tasks.Fence]bool, len(runs)) // and whether it is to be cancelled
	err = s.db.once(ctx, func(tx *gorm.DB) error {
		clear(held)
		return query(tx, func(rows *sql.Rows) error {
			var id rowID
			var attempt int
			var cancelled bool
			err := rows.Scan(&id, &attempt, &cancelled)
			held[tasks.Fence{Task: tasks.ID(id), Attempt: attempt}] = cancelled
			return err
		}, s.sql.renew, param, lo, hi)
	})
	if err != nil {
		return nil, err
	}
	var stops []tasks.Stop
	for _, r := range runs {
		switch cancelled, ok := held[r]; {
		case !ok:
			stops = append(stops, tasks.Stop{Fence: r, Cause: tasks.ErrLeaseLost})
		case cancelled:
			stops = append(stops, tasks.Stop{Fence: r, Cause: tasks.ErrCancelled})
		}
	}
	return stops, nil
}
