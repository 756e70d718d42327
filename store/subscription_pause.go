package store

import (
	"bytes"
	"context"
	"database/sql"
	"slices"
	"time"

	"gorm.io/gorm"

	"asapi/tasks"
)

// tellSubscriptions counts how occurrences ended, and pauses subscriptions that
// cannot go on. It gives the messages that say so on their streams. Where no task is
// an occurrence it costs nothing.
func (s *Store) tellSubscriptions(tx *gorm.DB, list []ended) ([]tasks.Result, error) {
	var of []*tasks.Task
	for i := range list {
		if t := &list[i].task; !t.Subscription.IsZero() && t.State != tasks.Cancelled {
			of = append(of, t)
		}
	}
	// One order in all commits: no deadlock.
	slices.SortFunc(of, func(a, b *tasks.Task) int { return bytes.Compare(a.Subscription[:], b.Subscription[:]) })
	var messages []tasks.Result
	for _, t := range of {
		m, told, err := s.tellSubscription(tx, t)
		if err != nil {
			return nil, err
		}
		if told {
			messages = append(messages, m)
		}
	}
	return messages, nil
}

func (s *Store) tellSubscription(tx *gorm.DB, t *tasks.Task) (m tasks.Result, told bool, err error) {
	failures := "failures + 1"
	if t.State.Success() {
		failures = "0"
	}
	list, err := querySubscriptions(tx, "UPDATE subscriptions SET failures = "+failures+
		" WHERE id = "+s.db.uuid()+" AND last_task = "+s.db.uuid()+" RETURNING "+subscriptionColumns, t.Subscription.String(), t.ID.String())
	if err != nil || len(list) == 0 || t.State.Success() || list[0].Paused() {
		return m, false, err
	}
	why := tasks.PauseFor(t, list[0].Failures)
	if why == (tasks.Pause{}) {
		return m, false, nil
	}
	sub, err := s.pause(tx, list[0], why)
	if err != nil || t.Protocol != tasks.ASChannel {
		return m, false, err
	}
	_, m, err = s.pausedMessage(tx, sub, t.Stream)
	return m, err == nil, err
}

// pause makes a subscription paused.
func (s *Store) pause(tx *gorm.DB, sub tasks.Subscription, why tasks.Pause) (tasks.Subscription, error) {
	sub.Pause = tasks.Pause{Code: why.Code, Reason: clean(why.Reason, 4000)}
	return sub, s.changeSubscription(tx, sub.ID, "paused_at = "+s.db.Now()+", next_at = 0, pause_code = ?, pause_reason = ?", string(sub.Pause.Code), sub.Pause.Reason)
}

// resume makes a subscription active: its next occurrence is soon, or now.
func (s *Store) resume(tx *gorm.DB, id tasks.ID, every time.Duration, now bool) error {
	_, first := tasks.Spread(id, every)
	if now {
		first = 0
	}
	return s.changeSubscription(tx, id, "paused_at = 0, pause_code = '', pause_reason = '', failures = 0, next_at = "+s.db.Now()+" + ?", first.Microseconds())
}

// pauseAndTell pauses a subscription and puts the message on its stream, if it has
// one. It gives the message's task.
func (s *Store) pauseAndTell(tx *gorm.DB, sub tasks.Subscription, why tasks.Pause, protocol tasks.Protocol, stream string) (tasks.Task, error) {
	sub, err := s.pause(tx, sub, why)
	if err != nil || protocol != tasks.ASChannel {
		return tasks.Task{}, err
	}
	t, m, err := s.pausedMessage(tx, sub, stream)
	if err != nil {
		return t, err
	}
	return t, s.insertResults(tx, []resultRow{resultRowOf(0, &m)})
}

// pausedMessage makes the task that the message about a pause is kept as: one that
// has ended and whose result is the message, so that it is delivered, consumed and
// expires as all results do.
func (s *Store) pausedMessage(tx *gorm.DB, sub tasks.Subscription, stream string) (tasks.Task, tasks.Result, error) {
	batch := []pending{{id: s.newID(), new: &tasks.NewTask{
		Client: sub.Client, Service: sub.Service, Action: tasks.SystemAction, Account: sub.Account,
		Protocol: tasks.ASChannel, Stream: stream, Priority: tasks.Low, MaxAttempts: 1, Dispatched: true,
	}}}
	if err := s.insertTasks(tx, batch); err != nil {
		return tasks.Task{}, tasks.Result{}, err
	}
	list, err := queryTasks(tx, 1, "UPDATE tasks SET state = ?, phase = 2, dispatched_at = 0, progress = 100, ended_at = "+s.db.Now()+
		" WHERE id = "+s.db.uuid()+" RETURNING "+taskColumns, int(tasks.Published), batch[0].id.String())
	if err != nil {
		return tasks.Task{}, tasks.Result{}, err
	}
	if len(list) != 1 {
		return tasks.Task{}, tasks.Result{}, sql.ErrNoRows
	}
	return list[0], tasks.PausedMessage(&sub, &list[0]), nil
}

// PauseSubscription implements tasks.SubscriptionStore.
func (s *Store) PauseSubscription(ctx context.Context, client tasks.ClientID, id tasks.ID, why tasks.Pause) (tasks.Task, error) {
	var message tasks.Task
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		message = tasks.Task{}
		sub, err := s.ownSubscription(tx, client, id)
		if err != nil || sub.Paused() {
			return err
		}
		c, err := scanCaller(tx.Raw(callerColumns+" WHERE t.id = ?", sub.Token).Row())
		if err != nil {
			return err
		}
		message, err = s.pauseAndTell(tx, sub, why, c.Token.Protocol, c.Token.Stream)
		return err
	})
	return message, err
}

// ResumeSubscription implements tasks.SubscriptionStore.
func (s *Store) ResumeSubscription(ctx context.Context, client tasks.ClientID, id tasks.ID, now bool) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		sub, err := s.ownSubscription(tx, client, id)
		switch {
		case err != nil:
			return err
		case sub.Paused():
			return s.resume(tx, id, sub.Every, now)
		case now:
			return s.changeSubscription(tx, id, "next_at = "+s.db.Now())
		}
		return nil
	})
}

// ownSubscription reads and locks a subscription of a client, or of EveryClient.
func (s *Store) ownSubscription(tx *gorm.DB, client tasks.ClientID, id tasks.ID) (tasks.Subscription, error) {
	sub, err := s.subscription(tx, id, s.db.ForUpdate())
	err = translate(err)
	if tasks.CodeOf(err) == tasks.CodeNotFound || err == nil && client != tasks.EveryClient && sub.Client != client {
		return sub, tasks.ErrNoSubscription
	}
	return sub, err
}
