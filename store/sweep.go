package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"asapi/tasks"
)

// Sweep implements tasks.DispatchStore. Every part takes at most limit rows, so
// that no lock is held long.
func (s *Store) Sweep(ctx context.Context, limit int) ([]tasks.Task, error) {
	var changed []tasks.Task
	for _, part := range []func(*gorm.DB, int) ([]tasks.Task, []string, error){
		s.sweepCancelled, s.sweepPoisonous, s.sweepLeases, s.sweepDeadlines, s.sweepHolders, s.sweepKeys,
	} {
		var list []tasks.Task
		err := s.inTxWithBlobs(ctx, func(tx *gorm.DB) ([]string, error) {
			var blobs []string
			var err error
			list, blobs, err = part(tx, limit)
			return blobs, err
		})
		if err != nil {
			return changed, err
		}
		s.countEnded(list)
		changed = slices.Concat(changed, list)
	}
	return changed, nil
}

// leaseOver is the condition that a run's worker is gone.
func (s *Store) leaseOver() string {
	return "phase = 1 AND state > 0 AND lease_until < " + s.db.Now()
}

// some limits a condition to a number of rows.
func (s *Store) some(where string) string {
	return s.db.idFrom("id", "SELECT id FROM tasks WHERE "+where+" LIMIT ?"+s.db.skipLocked())
}

// sweepCancelled ends runs that were asked to stop and whose worker is gone. What
// they had recorded counts, also where they could not say so any more.
func (s *Store) sweepCancelled(tx *gorm.DB, limit int) ([]tasks.Task, []string, error) {
	stopped, err := queryTasks(tx, 0, "SELECT "+taskColumns+" FROM tasks WHERE "+s.leaseOver()+" AND cancel_asked LIMIT ?"+s.db.skipLocked(), limit)
	if err != nil || len(stopped) == 0 {
		return nil, nil, err
	}
	ids := make([]tasks.ID, len(stopped))
	for i := range stopped {
		t := &stopped[i]
		ids[i] = t.ID
		done, _, err := recorded(tx, s.db, t.ID)
		if err != nil {
			return nil, nil, err
		}
		if done.Done() <= t.Items.Done() {
			continue
		}
		done.Total = t.Items.Total
		if _, err := execute(tx, "UPDATE tasks SET items = ? WHERE id = "+s.db.uuid(), tallyText(done), t.ID.String()); err != nil {
			return nil, nil, err
		}
	}
	return s.end(tx, tasks.Cancelled, tasks.CodeCancelled, tasks.ErrCancelled.Message, s.db.idIn("id"), s.db.idList(ids))
}

// sweepPoisonous ends tasks whose workers died as often as the action allows.
func (s *Store) sweepPoisonous(tx *gorm.DB, limit int) ([]tasks.Task, []string, error) {
	return s.end(tx, tasks.Failed, tasks.CodeTooManyAttempts, "The task was started as often as its action allows, and its worker stopped each time.",
		s.some(s.leaseOver()+" AND tries >= max_attempts"), limit)
}

// sweepLeases makes tasks whose worker is gone wait again.
func (s *Store) sweepLeases(tx *gorm.DB, limit int) ([]tasks.Task, []string, error) {
	list, err := queryTasks(tx, 0, "UPDATE tasks SET state = 0, phase = 0, dispatched_at = 0, lease_until = 0 WHERE "+
		s.some(s.leaseOver()+" AND NOT cancel_asked")+" RETURNING "+taskColumns, limit)
	return list, nil, err
}

// sweepDeadlines ends waiting tasks whose deadline passed; running ones end by
// their context.
func (s *Store) sweepDeadlines(tx *gorm.DB, limit int) ([]tasks.Task, []string, error) {
	return s.end(tx, tasks.Failed, tasks.CodeDeadline, tasks.ErrDeadline.Message,
		s.some("deadline > 0 AND phase < 2 AND state = 0 AND deadline < "+s.db.Now()), limit)
}

// sweepHolders releases the claims of holders whose lease ended.
func (s *Store) sweepHolders(tx *gorm.DB, _ int) ([]tasks.Task, []string, error) {
	return nil, nil, s.dropEnded(tx)
}

// sweepKeys forgets the keys of submissions after their time.
func (s *Store) sweepKeys(tx *gorm.DB, limit int) ([]tasks.Task, []string, error) {
	return nil, nil, tx.Exec("DELETE FROM submit_keys WHERE "+
		s.db.rowFrom("FROM submit_keys WHERE expires_at < "+s.db.Now()+" LIMIT ?"), limit).Error
}
