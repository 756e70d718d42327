package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"asapi/tasks"
)

// subscriptionColumns are what scanSubscription reads.
const subscriptionColumns = "id, client_id, service, action, account, params, every, token_id, created_at, next_at, number, skipped, failures," +
	" coalesce(CAST(last_task AS TEXT), ''), last_at, paused_at, pause_code, pause_reason"

func scanSubscription(rows interface{ Scan(...any) error }) (tasks.Subscription, error) {
	var sub tasks.Subscription
	var id rowID
	var params, last string
	var every, created, next, lastAt, paused int64
	if err := rows.Scan(&id, &sub.Client, &sub.Service, &sub.Action, &sub.Account, &params, &every, &sub.Token, &created, &next,
		&sub.Number, &sub.Skipped, &sub.Failures, &last, &lastAt, &paused, &sub.Pause.Code, &sub.Pause.Reason); err != nil {
		return sub, err
	}
	sub.ID, sub.Every, sub.LastTask = tasks.ID(id), time.Duration(every)*time.Microsecond, subscriptionOf(last)
	sub.CreatedAt, sub.NextAt, sub.LastAt, sub.PausedAt = TimeOf(created), TimeOf(next), TimeOf(lastAt), TimeOf(paused)
	if err := json.Unmarshal([]byte(params), &sub.Values); err != nil {
		return sub, fmt.Errorf("parameters of subscription %s: %w", sub.ID, err)
	}
	return sub, nil
}

func querySubscriptions(tx *gorm.DB, statement string, params ...any) ([]tasks.Subscription, error) {
	var list []tasks.Subscription
	err := query(tx, func(rows *sql.Rows) error {
		sub, err := scanSubscription(rows)
		list = append(list, sub)
		return err
	}, statement, params...)
	return list, err
}

// nextDate is the SQL for when a subscription's next occurrence is due: the first of
// its dates that is at least half a period away. However late the one before was, the
// next is one, and not too close.
func (d dialect) nextDate() string {
	return "anchor + every * ((" + d.Now() + " + every / 2 - anchor + every - 1) / every)"
}

// Subscribe implements tasks.SubscriptionStore. The client's row is locked, so that
// its subscriptions are made one after the other.
func (s *Store) Subscribe(ctx context.Context, n tasks.NewSubscription) (sub tasks.Subscription, outcome tasks.SubscribeOutcome, err error) {
	params, err := json.Marshal(n.Values)
	if err != nil {
		return sub, "", err
	}
	err = s.db.Tx(ctx, func(tx *gorm.DB) error {
		var one int
		if err := tx.Raw("SELECT 1 FROM clients WHERE id = ?"+s.db.ForUpdate(), n.Client).Row().Scan(&one); err != nil {
			return err
		}
		err := translate(tx.Raw("SELECT 1 FROM accounts"+accountKey+" AND deregistered_at = 0"+s.db.forShare("accounts"), n.Client, n.Service, n.Account).Row().Scan(&one))
		if tasks.CodeOf(err) == tasks.CodeNotFound {
			return errNoAccount("account")
		}
		if err != nil {
			return err
		}
		there, err := querySubscriptions(tx, "SELECT "+subscriptionColumns+" FROM subscriptions WHERE client_id = ? AND identity = ?"+s.db.ForUpdate(), n.Client, n.Identity)
		switch {
		case err != nil:
			return err
		case len(there) > 0:
			sub, outcome, err = s.subscribeAgain(tx, there[0], n)
		default:
			outcome = tasks.SubscriptionCreated
			sub, err = s.insertSubscription(tx, n, string(params))
		}
		return err
	})
	return sub, outcome, err
}

func (s *Store) insertSubscription(tx *gorm.DB, n tasks.NewSubscription, params string) (tasks.Subscription, error) {
	var has int64
	if err := tx.Raw("SELECT count(*) FROM subscriptions WHERE client_id = ?", n.Client).Row().Scan(&has); err != nil {
		return tasks.Subscription{}, err
	}
	if n.Most > 0 && has >= n.Most {
		return tasks.Subscription{}, &tasks.Error{
			Code: tasks.CodeLimit, Field: tasks.AllFields,
			Message: fmt.Sprintf("Too many subscriptions, limit is %d; end some that are not needed any more.", n.Most),
		}
	}
	id := s.newID()
	offset, first := tasks.Spread(id, n.Every)
	now := s.db.Now()
	return scanSubscription(tx.Raw("INSERT INTO subscriptions (id, client_id, service, action, account, params, identity, every, anchor, next_at, token_id, created_at)"+
		" VALUES ("+s.db.uuid()+", ?, ?, ?, ?, ?, ?, ?, "+now+" + ?, "+now+" + ?, ?, "+now+") RETURNING "+subscriptionColumns,
		id.String(), n.Client, n.Service, n.Action, n.Account, params, n.Identity, n.Every.Microseconds(),
		offset.Microseconds(), first.Microseconds(), n.Token).Row())
}

// subscribeAgain brings what is there to the rhythm and the token that were asked
// for. One that was paused begins anew soon: somebody mended what was wrong.
func (s *Store) subscribeAgain(tx *gorm.DB, sub tasks.Subscription, n tasks.NewSubscription) (tasks.Subscription, tasks.SubscribeOutcome, error) {
	outcome := tasks.SubscriptionChanged
	switch {
	case sub.Paused():
		outcome = tasks.SubscriptionResumed
	case sub.Every == n.Every && sub.Token == n.Token:
		return sub, tasks.SubscriptionUnchanged, nil
	}
	if sub.Every != n.Every {
		offset, _ := tasks.Spread(sub.ID, n.Every)
		if err := s.changeSubscription(tx, sub.ID, "every = ?, anchor = "+s.db.Now()+" + ?", n.Every.Microseconds(), offset.Microseconds()); err != nil {
			return sub, "", err
		}
		// What was to come sooner still does: an occurrence that nobody had yet must
		// not be put off because the rhythm is another.
		next := s.db.nextDate()
		if err := s.changeSubscription(tx, sub.ID, "next_at = CASE WHEN next_at > 0 AND next_at < "+next+" THEN next_at ELSE "+next+" END"); err != nil {
			return sub, "", err
		}
	}
	if sub.Paused() {
		if err := s.resume(tx, sub.ID, n.Every, false); err != nil {
			return sub, "", err
		}
	}
	if err := s.changeSubscription(tx, sub.ID, "token_id = ?", n.Token); err != nil {
		return sub, "", err
	}
	sub, err := s.subscription(tx, sub.ID, "")
	return sub, outcome, err
}

// changeSubscription sets columns of one subscription.
func (s *Store) changeSubscription(tx *gorm.DB, id tasks.ID, set string, params ...any) error {
	_, err := execute(tx, "UPDATE subscriptions SET "+set+" WHERE id = "+s.db.uuid(), append(params, id.String())...)
	return err
}

// subscription reads one, of whatever client; CodeNotFound.
func (s *Store) subscription(tx *gorm.DB, id tasks.ID, lock string) (tasks.Subscription, error) {
	return scanSubscription(tx.Raw("SELECT "+subscriptionColumns+" FROM subscriptions WHERE id = "+s.db.uuid()+lock, id.String()).Row())
}

// selected is the condition for what a filter selects of a client's subscriptions.
func (s *Store) selected(client tasks.ClientID, f tasks.SubscriptionFilter) *condition {
	by := &condition{}
	if client != tasks.EveryClient {
		by.add("client_id = ?", int64(client))
	}
	if len(f.IDs) > 0 {
		by.add(s.db.idIn("id"), s.db.idList(f.IDs))
	}
	for _, one := range [...]struct{ column, value string }{{"service", f.Service}, {"action", f.Action}, {"account", f.Account}} {
		if one.value != "" {
			by.add(one.column+" = ?", one.value)
		}
	}
	return by
}

// Unsubscribe implements tasks.SubscriptionStore.
func (s *Store) Unsubscribe(ctx context.Context, client tasks.ClientID, f tasks.SubscriptionFilter) ([]tasks.ID, error) {
	where, params := s.selected(client, f).after("TRUE", nil)
	var ended []tasks.ID
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		ended = ended[:0]
		return query(tx, func(rows *sql.Rows) error {
			var id rowID
			err := rows.Scan(&id)
			ended = append(ended, tasks.ID(id))
			return err
		}, "DELETE FROM subscriptions WHERE "+where+" RETURNING id", params...)
	})
	return ended, err
}

// Subscriptions implements tasks.SubscriptionStore.
func (s *Store) Subscriptions(ctx context.Context, client tasks.ClientID, f tasks.SubscriptionFilter) (tasks.SubscriptionPage, error) {
	if f.Limit <= 0 || f.Limit > maxPage {
		f.Limit = maxPage
	}
	by := s.selected(client, f)
	switch f.State {
	case tasks.SubscriptionActive:
		by.add("paused_at = 0")
	case tasks.SubscriptionPaused:
		by.add("paused_at > 0")
	}
	where, params := by.after("id > "+s.db.uuid(), []any{f.After.String()})
	var page tasks.SubscriptionPage
	list, err := querySubscriptions(s.db.Gorm(ctx), "SELECT "+subscriptionColumns+" FROM subscriptions WHERE "+where+" ORDER BY id LIMIT ?", append(params, f.Limit+1)...)
	if err != nil {
		return page, translate(err)
	}
	if len(list) > f.Limit {
		list = list[:f.Limit]
		page.Next = list[f.Limit-1].ID
	}
	page.Subscriptions = list
	return page, nil
}

// CountSubscriptions implements tasks.SubscriptionStore.
func (s *Store) CountSubscriptions(ctx context.Context) (active, paused int64, err error) {
	err = query(s.db.Gorm(ctx), func(rows *sql.Rows) error { return rows.Scan(&active, &paused) },
		"SELECT coalesce(sum(CASE WHEN paused_at = 0 THEN 1 ELSE 0 END), 0), coalesce(sum(CASE WHEN paused_at > 0 THEN 1 ELSE 0 END), 0) FROM subscriptions")
	return active, paused, translate(err)
}
