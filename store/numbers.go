package store

import (
	"context"

	"gorm.io/gorm"

	"asapi/tasks"
)

// numberColumn and numbered add the number of a task to a statement where the
// database does not give it by itself: SQLite has no sequences.
func (d dialect) numberColumn() string {
	if d.postgres {
		return ""
	}
	return "number, "
}

func (d dialect) numbered(cols []Col) []Col {
	if d.postgres {
		return cols
	}
	return append([]Col{{"number", "int"}}, cols...)
}

// giveNumbers takes the next numbers for new tasks, in one statement. A number
// whose transaction fails is given again; nobody has seen it.
func (s *Store) giveNumbers(tx *gorm.DB, rows []newTaskRow) error {
	if s.db.postgres {
		return nil // the column's default does it
	}
	var last int64
	err := tx.Raw("UPDATE task_numbers SET n = n + ? RETURNING n", len(rows)).Row().Scan(&last)
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].Number = last - int64(len(rows)-1-i)
	}
	return nil
}

// TaskByNumber implements tasks.TaskStore.
func (s *Store) TaskByNumber(ctx context.Context, client tasks.ClientID, number int64) (tasks.Task, error) {
	where, params := amongIDs("number = ?", []any{number}, client)
	found, err := queryTasks(s.db.Gorm(ctx), 1, "SELECT "+taskColumns+" FROM tasks WHERE "+where, params...)
	switch {
	case err != nil:
		return tasks.Task{}, translate(err)
	case len(found) == 0 || number <= 0:
		return tasks.Task{}, &tasks.Error{Code: tasks.CodeNotFound, Message: "There is no such operation."}
	}
	return found[0], nil
}

// ofClient narrows a condition to a client's rows; not for tasks.EveryClient.
func ofClient(where string, params []any, client tasks.ClientID) (string, []any) {
	if client == tasks.EveryClient {
		return where, params
	}
	return where + " AND client_id = ?", append(params, int64(client))
}

// amongIDs is ofClient where rows are found by ids or numbers: with a bare "client_id" the
// planner takes the index of a client's tasks for the shorter way where a partition
// has no rows yet.
func amongIDs(where string, params []any, client tasks.ClientID) (string, []any) {
	if client == tasks.EveryClient {
		return where, params
	}
	return where + " AND client_id + 0 = ?", append(params, int64(client))
}
