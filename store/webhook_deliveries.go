package store

import (
	"context"
	"database/sql"
	"time"

	"gorm.io/gorm"

	"asapi/tasks"
)

// Where rows are found by their ids the statements below say "state + 0", which
// fits no partial index: a plan that was made while the table was empty would
// take that one and read all that is pending.

// giveUpAtOnce bounds how many deliveries one statement gives up.
const giveUpAtOnce = 500

// DueWebhooks implements tasks.WebhookStore. It steps from token to token through
// the index of pending deliveries, so that one without pending ones costs nothing.
func (s *Store) DueWebhooks(ctx context.Context) ([]string, error) {
	var list []string
	err := query(s.db.Gorm(ctx), func(rows *sql.Rows) error {
		var token string
		err := rows.Scan(&token)
		list = append(list, token)
		return err
	}, "WITH RECURSIVE t(token_id) AS ("+
		" SELECT min(token_id) FROM webhook_deliveries WHERE state = 0"+
		" UNION ALL SELECT (SELECT min(d.token_id) FROM webhook_deliveries d WHERE d.state = 0 AND d.token_id > t.token_id) FROM t WHERE t.token_id IS NOT NULL)"+
		" SELECT t.token_id FROM t WHERE t.token_id IS NOT NULL AND EXISTS"+
		" (SELECT 1 FROM webhook_deliveries d WHERE d.state = 0 AND d.token_id = t.token_id AND d.due_at <= "+s.db.Now()+")")
	return list, translate(err)
}

// TakeDeliveries implements tasks.WebhookStore.
func (s *Store) TakeDeliveries(ctx context.Context, token string, n int, lease time.Duration) (tasks.Webhook, []tasks.WebhookDelivery, error) {
	var w tasks.Webhook
	var list []tasks.WebhookDelivery
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		list = list[:0]
		var err error
		w, err = readWebhook(tx, token)
		switch {
		case tasks.CodeOf(err) == tasks.CodeNotFound:
			return s.giveUp(tx, token, "The webhook was removed.", "")
		case err != nil:
			return err
		case !w.DisabledAt.IsZero():
			return s.giveUp(tx, token, "The webhook is disabled.", "")
		}
		return query(tx, func(rows *sql.Rows) error {
			var id, task rowID
			var age int64
			d := tasks.WebhookDelivery{Token: token}
			err := rows.Scan(&id, &task, &d.Body, &d.Attempt, &age)
			d.ID, d.Task, d.Age = tasks.ID(id), tasks.ID(task), time.Duration(age)*time.Microsecond
			list = append(list, d)
			return err
		}, "UPDATE webhook_deliveries SET attempt = attempt + 1, due_at = "+s.db.Now()+" + ? WHERE state + 0 = 0 AND "+
			s.db.idFrom("id", "SELECT id FROM webhook_deliveries WHERE state = 0 AND token_id = ? AND due_at <= "+s.db.Now()+
				" ORDER BY due_at LIMIT ?"+s.db.skipLocked())+" RETURNING id, task_id, body, attempt, "+s.db.Now()+" - created_at",
			lease.Microseconds(), token, n)
	})
	return w, list, err
}

// giveUp gives up some of a token's pending deliveries that a further condition
// finds. Those that are being sent stay with their sender.
func (s *Store) giveUp(tx *gorm.DB, token, why, and string, params ...any) error {
	params = append(append([]any{why, token}, params...), giveUpAtOnce)
	return tx.Exec("UPDATE webhook_deliveries SET state = 2, ended_at = "+s.db.Now()+", last_error = ? WHERE state + 0 = 0 AND "+
		s.db.idFrom("id", "SELECT id FROM webhook_deliveries WHERE state = 0 AND token_id = ? AND due_at <= "+s.db.Now()+and+
			" ORDER BY due_at LIMIT ?"+s.db.skipLocked()), params...).Error
}

// EndDelivery implements tasks.WebhookStore.
func (s *Store) EndDelivery(ctx context.Context, w tasks.Webhook, d tasks.WebhookDelivery, o tasks.DeliveryOutcome) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		done := tx.Exec("UPDATE webhook_deliveries SET state = ?, due_at = "+s.db.Now()+" + ?, last_error = ?, ended_at = CASE WHEN ? = 0 THEN 0 ELSE "+s.db.Now()+" END"+
			" WHERE state + 0 = 0 AND attempt = ? AND id = "+s.db.uuid(),
			int(o.State), o.Wait.Microseconds(), clean(o.Error, 1000), int(o.State), d.Attempt, d.ID.String())
		if done.Error != nil {
			return done.Error
		}
		if done.RowsAffected == 0 {
			return tasks.ErrLeaseLost
		}
		if o.Gone { // said of this address; another one may have been set since
			return tx.Exec("UPDATE webhooks SET disabled_at = "+s.db.Now()+" WHERE token_id = ? AND url = ? AND disabled_at = 0", w.Token, w.URL).Error
		}
		if o.State == tasks.DeliveryGivenUp {
			return s.giveUp(tx, d.Token, "The endpoint did not answer well for too long.", " AND created_at <= "+s.db.Now()+" - ?", d.Age.Microseconds())
		}
		return nil
	})
}

// SweepDeliveries implements tasks.WebhookStore.
func (s *Store) SweepDeliveries(ctx context.Context, age time.Duration, limit int) (int64, error) {
	var n int64
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		done := tx.Exec("DELETE FROM webhook_deliveries WHERE "+
			s.db.rowFrom("FROM webhook_deliveries WHERE state > 0 AND ended_at < "+s.db.Now()+" - ? LIMIT ?"), age.Microseconds(), limit)
		n = done.RowsAffected
		return done.Error
	})
	return n, err
}
