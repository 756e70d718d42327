package store

import (
	"context"
	"database/sql"
	"time"

	"gorm.io/gorm"

	"asapi/tasks"
)

// Lead implements tasks.DispatchStore: one row a leadership, on both dialects.
// It needs no session of its own, so it works through a connection pooler.
func (s *Store) Lead(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	var leads bool
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		done := tx.Exec("INSERT INTO leaders (name, holder, until) VALUES (?, ?, "+s.db.Now()+" + ?)"+
			" ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until"+
			" WHERE leaders.holder = excluded.holder OR leaders.until < "+s.db.Now(), name, holder, ttl.Microseconds())
		leads = done.RowsAffected > 0
		return done.Error
	})
	return leads, err
}

// Resign implements tasks.DispatchStore.
func (s *Store) Resign(ctx context.Context, name, holder string) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM leaders WHERE name = ? AND holder = ?", name, holder).Error
	})
}

// Backlog implements tasks.DispatchStore. It steps from client to client
// through the index, so that its cost grows with the clients that wait and not
// with how much they wait for.
func (s *Store) Backlog(ctx context.Context, p tasks.Priority) ([]tasks.Waiting, error) {
	var list []tasks.Waiting
	err := query(s.db.Gorm(ctx), func(rows *sql.Rows) error {
		var w tasks.Waiting
		var due, now int64
		if err := rows.Scan(&w.Client, &due, &now); err != nil {
			return err
		}
		w.Due, w.In = TimeOf(due), time.Duration(due-now)*time.Microsecond
		list = append(list, w)
		return nil
	}, "WITH RECURSIVE c(client_id) AS ("+
		" SELECT min(client_id) FROM tasks WHERE phase = 0 AND priority = ?"+
		" UNION ALL SELECT (SELECT min(t.client_id) FROM tasks t WHERE t.phase = 0 AND t.priority = ? AND t.client_id > c.client_id) FROM c WHERE c.client_id IS NOT NULL)"+
		" SELECT c.client_id, w.run_at, "+s.db.Now()+" FROM c JOIN tasks w ON w.id ="+
		" (SELECT t.id FROM tasks t WHERE t.phase = 0 AND t.priority = ? AND t.client_id = c.client_id ORDER BY t.run_at, t.id LIMIT 1)", int(p), int(p), int(p))
	return list, translate(err)
}

// TakeBacklog implements tasks.DispatchStore. It begins at the first due task,
// where Backlog found it: before it the index holds what was taken lately and is
// not cleaned up yet.
func (s *Store) TakeBacklog(ctx context.Context, p tasks.Priority, w tasks.Waiting, n int) ([]tasks.Dispatch, error) {
	var list []tasks.Dispatch
	err := s.db.once(ctx, func(tx *gorm.DB) error {
		list = list[:0]
		return query(tx, s.scanDispatch(&list),
			"UPDATE tasks SET phase = 1, dispatched_at = "+s.db.Now()+", dispatch_no = dispatch_no + 1 WHERE phase + 0 = 0 AND "+
				s.db.idFrom("id", "SELECT id FROM tasks WHERE phase = 0 AND priority = ? AND client_id = ? AND run_at >= ? AND run_at <= "+s.db.Now()+
					" ORDER BY run_at, id LIMIT ?"+s.db.skipLocked())+" RETURNING id, dispatch_no, priority", int(p), w.Client, Micros(w.Due), n)
	})
	return list, err
}

func (s *Store) scanDispatch(list *[]tasks.Dispatch) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var id rowID
		var d tasks.Dispatch
		err := rows.Scan(&id, &d.Number, &d.Priority)
		d.Task = tasks.ID(id)
		*list = append(*list, d)
		return err
	}
}

// Inflight implements tasks.DispatchStore.
func (s *Store) Inflight(ctx context.Context) (map[tasks.ClientID]int, error) {
	counts := map[tasks.ClientID]int{}
	err := query(s.db.Gorm(ctx), func(rows *sql.Rows) error {
		var c tasks.ClientID
		var n int
		err := rows.Scan(&c, &n)
		counts[c] = n
		return err
	}, "SELECT client_id, count(*) FROM tasks WHERE phase = 1 GROUP BY client_id")
	return counts, translate(err)
}

// LostDispatches implements tasks.DispatchStore.
func (s *Store) LostDispatches(ctx context.Context, age time.Duration, limit int) ([]tasks.Dispatch, error) {
	var list []tasks.Dispatch
	err := query(s.db.Gorm(ctx), s.scanDispatch(&list), "SELECT id, dispatch_no, priority FROM tasks"+
		" WHERE phase = 1 AND state = 0 AND dispatched_at < "+s.db.Now()+" - ? LIMIT ?", age.Microseconds(), limit)
	return list, translate(err)
}

// Redispatch implements tasks.DispatchStore.
func (s *Store) Redispatch(ctx context.Context, ds []tasks.Dispatch) (int64, error) {
	var n int64
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		var done *gorm.DB
		if ds == nil {
			done = tx.Exec("UPDATE tasks SET phase = 0, dispatched_at = 0 WHERE phase = 1 AND state = 0")
		} else {
			type row struct {
				ID tasks.ID `json:"v_id"`
				No int      `json:"v_no"`
			}
			rows := make([]row, len(ds))
			for i, d := range ds {
				rows[i] = row{d.Task, d.Number}
			}
			param, err := batchParam(rows)
			if err != nil {
				return err
			}
			lo, hi := reach(rows, func(r *row) tasks.ID { return r.ID })
			done = tx.Exec(s.sql.redispatch, param, lo, hi)
		}
		n = done.RowsAffected
		return done.Error
	})
	return n, err
}

// epochSetting is the name under which the queue's epoch is kept.
const epochSetting = "queue-epoch"

// Epoch implements tasks.DispatchStore; the empty string: none was kept yet.
func (s *Store) Epoch(ctx context.Context) (string, error) {
	var epoch string
	err := translate(s.db.Gorm(ctx).Raw("SELECT value FROM settings WHERE name = ?", epochSetting).Row().Scan(&epoch))
	if tasks.CodeOf(err) == tasks.CodeNotFound {
		return "", nil
	}
	return epoch, err
}

// SetEpoch implements tasks.DispatchStore.
func (s *Store) SetEpoch(ctx context.Context, epoch string) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", epochSetting, epoch).Error
	})
}

// OldestDispatch implements tasks.DispatchStore.
func (s *Store) OldestDispatch(ctx context.Context) ([]tasks.Unstarted, error) {
	var list []tasks.Unstarted
	err := query(s.db.Gorm(ctx), func(rows *sql.Rows) error {
		var u tasks.Unstarted
		var age int64
		err := rows.Scan(&u.Client, &u.Priority, &age)
		u.For = time.Duration(max(age, 0)) * time.Microsecond
		list = append(list, u)
		return err
	}, "SELECT client_id, priority, "+s.db.Now()+" - min(dispatched_at) FROM tasks WHERE phase = 1 AND state = 0 GROUP BY client_id, priority")
	return list, translate(err)
}
