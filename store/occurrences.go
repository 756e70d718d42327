package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gorm.io/gorm"

	"asapi/tasks"
)

// putOff is when an occurrence is tried again that the client has no room for.
const putOff = time.Minute

// DueSubscriptions implements tasks.SubscriptionStore.
func (s *Store) DueSubscriptions(ctx context.Context, limit int) ([]tasks.Subscription, error) {
	list, err := querySubscriptions(s.db.Gorm(ctx), "SELECT "+subscriptionColumns+" FROM subscriptions"+
		" WHERE next_at > 0 AND next_at <= (SELECT "+s.db.Now()+") ORDER BY next_at LIMIT ?", limit)
	return list, translate(err)
}

// Occur implements tasks.SubscriptionStore. What is due is claimed, becomes tasks and
// is dated anew by one commit: whoever dies before it has done nothing, and who comes
// second finds nothing due.
func (s *Store) Occur(ctx context.Context, list []tasks.Occurrence) ([]tasks.Occurred, error) {
	var happened []tasks.Occurred
	var batch []pending
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		var err error
		happened, batch, err = s.occurTx(tx, list)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.countSubmitted(batch)
	return happened, nil
}

func (s *Store) occurTx(tx *gorm.DB, list []tasks.Occurrence) ([]tasks.Occurred, []pending, error) {
	happened := make([]tasks.Occurred, len(list))
	running, err := s.claimDue(tx, list)
	if err != nil {
		return nil, nil, err
	}
	var batch []pending
	var at []int // the place in list of each of batch
	for i := range list {
		o := &list[i]
		runs, claimed := running[o.Subscription.ID]
		switch {
		case !claimed:
			happened[i].Outcome = tasks.OccurrenceGone
		case o.Pause != nil:
			happened[i].Outcome = tasks.OccurrencePaused
			happened[i].Task, err = s.pauseAndTell(tx, o.Subscription, *o.Pause, o.New.Protocol, o.New.Stream)
		case runs:
			happened[i].Outcome = tasks.OccurrenceSkipped
			err = s.changeSubscription(tx, o.Subscription.ID, "skipped = skipped + 1, next_at = "+s.db.nextDate())
		default:
			batch, at = append(batch, pending{new: &o.New, id: s.newID()}), append(at, i)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if len(batch) == 0 {
		return happened, nil, nil
	}
	if err := s.submitTx(tx, batch); err != nil {
		return nil, nil, err
	}
	for n := range batch {
		if happened[at[n]], err = s.occurred(tx, list[at[n]].Subscription.ID, &batch[n]); err != nil {
			return nil, nil, err
		}
	}
	return happened, batch, nil
}

// claimDue locks those of the subscriptions that are still due as they were seen, and
// tells of each whether its occurrence before has not ended.
func (s *Store) claimDue(tx *gorm.DB, list []tasks.Occurrence) (map[tasks.ID]bool, error) {
	type row struct {
		ID     tasks.ID `json:"v_id"`
		Number int64    `json:"v_number"`
	}
	rows := make([]row, len(list))
	for i := range list {
		rows[i] = row{list[i].Subscription.ID, list[i].Subscription.Number}
	}
	param, err := batchParam(rows)
	if err != nil {
		return nil, err
	}
	lock := ""
	if s.db.postgres {
		lock = " FOR UPDATE OF s SKIP LOCKED"
	}
	running := make(map[tasks.ID]bool, len(list))
	err = query(tx, func(rows *sql.Rows) error {
		var id rowID
		var runs bool
		err := rows.Scan(&id, &runs)
		running[tasks.ID(id)] = runs
		return err
	}, "WITH "+s.db.Batch("v", Col{"v_id", "uuid"}, Col{"v_number", "int"})+
		" SELECT s.id, EXISTS (SELECT 1 FROM tasks t WHERE t.id = s.last_task AND t.phase + 0 < 2)"+
		" FROM v JOIN subscriptions s ON s.id = v.v_id WHERE s.number = v.v_number AND s.next_at > 0 AND s.next_at <= "+s.db.Now()+lock, param)
	return running, err
}

// occurred dates the next occurrence by what became of this one.
func (s *Store) occurred(tx *gorm.DB, id tasks.ID, p *pending) (tasks.Occurred, error) {
	switch code := tasks.CodeOf(p.err); code {
	case "":
	case tasks.CodeNoSuchAccount: // it was deregistered while this subscription was made
		_, err := execute(tx, "DELETE FROM subscriptions WHERE id = "+s.db.uuid(), id.String())
		return tasks.Occurred{Outcome: tasks.OccurrenceGone}, err
	case tasks.CodeLimit:
		return tasks.Occurred{Outcome: tasks.OccurrencePutOff}, s.changeSubscription(tx, id, "next_at = "+s.db.Now()+" + ?", putOff.Microseconds())
	default:
		return tasks.Occurred{}, errors.Join(errors.New("an occurrence could not become a task"), p.err)
	}
	err := s.changeSubscription(tx, id, "number = number + 1, last_at = "+s.db.Now()+", last_task = "+s.db.uuid()+", next_at = "+s.db.nextDate(), p.id.String())
	return tasks.Occurred{Outcome: tasks.OccurrenceSubmitted, Task: p.done.Task}, err
}
