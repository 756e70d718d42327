package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"

	"gorm.io/gorm"

	"asapi/tasks"
)

var _ tasks.WebhookStore = (*Store)(nil)

// SetWebhook implements tasks.WebhookStore.
func (s *Store) SetWebhook(ctx context.Context, w tasks.Webhook) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		done := tx.Exec("INSERT INTO webhooks (token_id, url, secret, created_at) SELECT id, ?, ?, "+s.db.Now()+" FROM tokens WHERE id = ?"+
			" ON CONFLICT (token_id) DO UPDATE SET url = excluded.url, secret = excluded.secret, disabled_at = 0",
			w.URL, base64.StdEncoding.EncodeToString(w.Sealed), w.Token)
		if done.Error == nil && done.RowsAffected == 0 {
			return &tasks.Error{Code: tasks.CodeNotFound, Field: "token", Message: "There is no token with this id."}
		}
		return done.Error
	})
}

// RemoveWebhook implements tasks.WebhookStore.
func (s *Store) RemoveWebhook(ctx context.Context, token string) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		done := tx.Exec("DELETE FROM webhooks WHERE token_id = ?", token)
		if done.Error == nil && done.RowsAffected == 0 {
			return errNoWebhook
		}
		return done.Error
	})
}

var errNoWebhook = &tasks.Error{Code: tasks.CodeNotFound, Field: "token", Message: "This token has no webhook."}

// Webhook implements tasks.WebhookStore.
func (s *Store) Webhook(ctx context.Context, token string) (tasks.Webhook, error) {
	return readWebhook(s.db.Gorm(ctx), token)
}

func readWebhook(tx *gorm.DB, token string) (tasks.Webhook, error) {
	w := tasks.Webhook{Token: token}
	var secret string
	var created, disabled int64
	err := translate(tx.Raw("SELECT url, secret, created_at, disabled_at FROM webhooks WHERE token_id = ?", token).Row().Scan(&w.URL, &secret, &created, &disabled))
	if tasks.CodeOf(err) == tasks.CodeNotFound {
		return w, errNoWebhook
	}
	if err != nil {
		return w, err
	}
	w.CreatedAt, w.DisabledAt = TimeOf(created), TimeOf(disabled)
	if w.Sealed, err = base64.StdEncoding.DecodeString(secret); err != nil {
		return w, fmt.Errorf("secret of the webhook of token %s: %w", token, err)
	}
	return w, nil
}

type deliveryRow struct {
	ID    tasks.ID `json:"v_id"`
	Token string   `json:"v_token"`
	Task  tasks.ID `json:"v_task"`
	Body  string   `json:"v_body"`
}

// notify keeps what the webhooks of ended tasks are to be told. Where no task has
// a webhook it costs nothing.
func (s *Store) notify(tx *gorm.DB, list []ended) error {
	var rows []deliveryRow
	for i := range list {
		e := &list[i]
		if e.webhook == "" {
			continue
		}
		body, err := tasks.EndedEvent(&e.task)
		if err != nil {
			return err
		}
		rows = append(rows, deliveryRow{s.newID(), e.webhook, e.task.ID, string(body)})
	}
	if len(rows) == 0 {
		return nil
	}
	param, err := batchParam(rows)
	if err != nil {
		return err
	}
	return tx.Exec(s.sql.insertDeliveries, param).Error
}

// Deliveries implements tasks.WebhookStore.
func (s *Store) Deliveries(ctx context.Context, token string, limit int) ([]tasks.DeliveryReport, error) {
	var list []tasks.DeliveryReport
	err := query(s.db.Gorm(ctx), func(rows *sql.Rows) error {
		var r tasks.DeliveryReport
		var id, task rowID
		var created, due, ended int64
		if err := rows.Scan(&id, &r.Token, &task, &r.State, &r.Attempts, &created, &due, &ended, &r.LastError); err != nil {
			return err
		}
		r.ID, r.Task = tasks.ID(id), tasks.ID(task)
		r.CreatedAt, r.EndedAt = TimeOf(created), TimeOf(ended)
		if r.State == tasks.DeliveryPending {
			r.DueAt = TimeOf(due)
		}
		list = append(list, r)
		return nil
	}, "SELECT id, token_id, task_id, state, attempt, created_at, due_at, ended_at, last_error FROM webhook_deliveries"+
		" WHERE token_id = ? OR ? = '' ORDER BY id DESC LIMIT ?", token, token, limit)
	return list, translate(err)
}
