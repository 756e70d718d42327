package store

import (
	"context"
	"database/sql"
	"fmt"

	"gorm.io/gorm"

	"asapi/tasks"
)

// ended is a task that a statement just ended.
type ended struct {
	task      tasks.Task
	hasInputs bool
	keepItems bool
	webhook   string        // the token whose webhook is told; empty: none
	result    *tasks.Result // what is published with the ending
}

// end ends the tasks that a condition finds, tells their streams, and gives
// them with the blobs that are not needed any more.
func (s *Store) end(tx *gorm.DB, state tasks.State, code tasks.Code, detail, where string, params ...any) ([]tasks.Task, []string, error) {
	all := append([]any{int(state), string(code), detail}, params...)
	list, err := queryEnded(tx, fmt.Sprintf(s.sql.endTasks, where), all...)
	if err != nil || len(list) == 0 {
		return nil, nil, err
	}
	out := make([]tasks.Task, len(list))
	for i := range list {
		list[i].result = tasks.FailureResult(&list[i].task)
		out[i] = list[i].task
	}
	blobs, err := s.settle(tx, list)
	return out, blobs, err
}

// queryEnded runs a statement that gives taskColumns and endedColumns.
func queryEnded(tx *gorm.DB, statement string, params ...any) ([]ended, error) {
	var list []ended
	var row taskRow
	var hasInputs, keepItems bool
	var webhook string
	targets := append(row.targets(), &hasInputs, &webhook, &keepItems)
	err := query(tx, func(rows *sql.Rows) error {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		list = append(list, ended{task: row.task(), hasInputs: hasInputs, keepItems: keepItems, webhook: webhook})
		return nil
	}, statement, params...)
	return list, err
}

// settle does what every ending needs: the result is published, items and
// inputs that nobody needs any more go, webhooks are to be told, subscriptions count
// how their occurrences ended, the client's count of open tasks falls.
// Failed tasks keep their inputs, so that they can be retried by hand.
func (s *Store) settle(tx *gorm.DB, list []ended) ([]string, error) {
	messages, err := s.tellSubscriptions(tx, list)
	if err != nil {
		return nil, err
	}
	var results []resultRow
	var ids, inputs []tasks.ID
	closed := map[tasks.ClientID]int64{}
	for i := range list {
		e := &list[i]
		closed[e.task.Client]--
		if e.result != nil {
			results = append(results, resultRowOf(len(results), e.result))
		}
		if !e.keepItems && (e.task.Items != (tasks.Tally{}) || e.task.Attempt > 1 || !e.task.State.Success()) {
			ids = append(ids, e.task.ID)
		}
		if e.hasInputs && (e.task.State.Success() || e.task.State == tasks.Cancelled) {
			inputs = append(inputs, e.task.ID)
		}
	}
	for i := range messages {
		results = append(results, resultRowOf(len(results), &messages[i]))
	}
	if err := s.insertResults(tx, results); err != nil {
		return nil, err
	}
	if len(ids) > 0 {
		for _, table := range []string{"task_items", "task_notes"} {
			if _, err := execute(tx, "DELETE FROM "+table+" WHERE "+s.db.idIn("task_id"), s.db.idList(ids)); err != nil {
				return nil, err
			}
		}
	}
	var blobs []string
	if len(inputs) > 0 {
		if blobs, err = deleted(tx, "DELETE FROM inputs WHERE "+s.db.idIn("task_id")+" RETURNING blob", s.db.idList(inputs)); err != nil {
			return nil, err
		}
	}
	if err := s.notify(tx, list); err != nil {
		return nil, err
	}
	return blobs, s.addOpen(tx, closed)
}

// insertResults publishes results, in their order.
func (s *Store) insertResults(tx *gorm.DB, rows []resultRow) error {
	if len(rows) == 0 {
		return nil
	}
	param, err := batchParam(rows)
	if err != nil {
		return err
	}
	_, err = execute(tx, s.sql.insertResults, param)
	return err
}

// deleted runs a DELETE ... RETURNING blob and gives the blobs' keys.
func deleted(tx *gorm.DB, statement string, params ...any) ([]string, error) {
	var keys []string
	err := query(tx, func(rows *sql.Rows) error {
		var key string
		err := rows.Scan(&key)
		if key != "" {
			keys = append(keys, key)
		}
		return err
	}, statement, params...)
	return keys, err
}

// inTxWithBlobs runs fn in a transaction and deletes, after its commit, the
// blobs it gave. What cannot be deleted then is an orphan for the sweep.
func (s *Store) inTxWithBlobs(ctx context.Context, fn func(tx *gorm.DB) ([]string, error)) error {
	var blobs []string
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		var err error
		blobs, err = fn(tx)
		return err
	})
	if err != nil || len(blobs) == 0 || s.blobs == nil {
		return err
	}
	if err := s.blobs.Delete(context.WithoutCancel(ctx), blobs...); err != nil {
		s.log.Warn("blobs were not deleted; the sweep will find them", "count", len(blobs), "error", err)
	}
	return nil
}

type resultRow struct {
	N           int            `json:"n"`
	Task        tasks.ID       `json:"task_id"`
	Client      tasks.ClientID `json:"client_id"`
	Stream      string         `json:"stream"`
	Service     string         `json:"service"`
	Action      string         `json:"action"`
	Account     string         `json:"account"`
	Success     bool           `json:"success"`
	ContentType string         `json:"content_type"`
	Filename    string         `json:"filename"`
	Size        int64          `json:"size"`
	SHA256      string         `json:"sha256"`
	Inline      *string        `json:"inline"`
	Blob        string         `json:"blob"`
}

func resultRowOf(n int, r *tasks.Result) resultRow {
	row := resultRow{
		N: n, Task: r.Task, Client: r.Client, Stream: r.Stream, Service: r.Service, Action: r.Action, Account: r.Account,
		Success: r.Success, ContentType: clean(r.ContentType, 1000), Filename: clean(r.Filename, 1000),
		Size: r.Size, SHA256: hexText(r.SHA256[:]), Blob: r.Blob,
	}
	if r.Blob == "" {
		text := hexText(r.Inline)
		row.Inline = &text
	}
	return row
}
