package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"asapi/tasks"
)

// Tasks implements tasks.TaskStore. Ten thousand ids at once is what clients
// poll with, so on PostgreSQL the rows come through the driver's own protocol:
// database/sql would turn every id into text and back.
func (s *Store) Tasks(ctx context.Context, client tasks.ClientID, ids []tasks.ID) ([]tasks.Task, error) {
	switch {
	case len(ids) == 0:
		return nil, nil
	case s.db.postgres:
		list, err := s.tasksByDriver(ctx, client, ids)
		return list, translate(err)
	}
	where, params := amongIDs(s.db.idIn("id"), []any{s.db.idList(ids)}, client)
	list, err := queryTasks(s.db.Gorm(ctx), len(ids), "SELECT "+taskColumns+" FROM tasks WHERE "+where, params...)
	return list, translate(err)
}

func (s *Store) tasksByDriver(ctx context.Context, client tasks.ClientID, ids []tasks.ID) ([]tasks.Task, error) {
	pool, err := s.db.pool()
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }() // it only goes back to the pool
	var list []tasks.Task
	err = conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the database driver is %T, not pgx", driver)
		}
		list, err = queryByDriver(ctx, c.Conn(), client, ids)
		return err
	})
	return list, err
}

func queryByDriver(ctx context.Context, c *pgx.Conn, client tasks.ClientID, ids []tasks.ID) ([]tasks.Task, error) {
	asked := make([][16]byte, len(ids))
	for i, id := range outermost(ids) {
		asked[i] = id
	}
	where, params := amongIDs("id = ANY($1::uuid[]) AND id BETWEEN $2::uuid AND $3::uuid", []any{asked, asked[0], asked[len(asked)-1]}, client)
	rows, err := c.Query(ctx, "SELECT "+taskColumns+" FROM tasks WHERE "+strings.Replace(where, "?", "$4", 1), params...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := make([]tasks.Task, 0, len(ids))
	var row taskRow
	targets := row.targets()
	targets[0] = (*[16]byte)(&row.id)
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		list = append(list, row.task())
	}
	return list, rows.Err()
}
