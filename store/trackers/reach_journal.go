package trackers

import (
	"context"

	"gorm.io/gorm"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// membersFrom is the least number, in the journal of an import of an audience, of
// what reached members; what changed the audience's own trackers stands below.
const membersFrom = 1 << 40

// journaling lets save change members' trackers and notes in the journal of the
// import that reached them how they were before.
func (s *Store) journaling(tx *gorm.DB, p *pending, touched []*tracker.Tracker, save func() error) error {
	var kept bool
	if p.task != "" {
		// A journal goes with its task.
		if err := tx.Raw("SELECT EXISTS (SELECT 1 FROM tasks WHERE id = "+s.uuid()+")", p.task).Row().Scan(&kept); err != nil {
			return err
		}
	}
	if !kept || len(touched) == 0 {
		return save()
	}
	j, err := s.watch(tx, p.client, touched)
	if err != nil {
		return err
	}
	if err := save(); err != nil {
		return err
	}
	next, err := s.nextPlace(tx, p.task)
	if err != nil {
		return err
	}
	return j.keep(tx, p.task, func(*tracker.Tracker) int64 {
		next++
		return next - 1
	})
}

// nextPlace gives the number after the last of what reached members. Steps that
// bring what one import consumed to different members take turns from here on, so
// that none takes the numbers of another.
func (s *Store) nextPlace(tx *gorm.DB, task string) (next int64, err error) {
	if s.db.Postgres() {
		if err := tx.Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "trackers/journal/"+task).Error; err != nil {
			return 0, err
		}
	}
	err = tx.Raw("SELECT COALESCE(MAX(seq) + 1, "+s.num()+") FROM import_changes WHERE task_id = "+s.uuid()+" AND seq >= ?", int64(membersFrom), task, int64(membersFrom)).Row().Scan(&next)
	return next, err
}

// Recall implements tracker.Store.
func (s *Store) Recall(ctx context.Context, run tasks.Fence, owner tracker.Owner, task tasks.ID) (n int64, err error) {
	err = s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := s.db.RecordItems(tx, run, nil); err != nil { // the run must be the current one
			return err
		}
		if id, ok := owner.Audience(); ok {
			if err := s.recall(tx, owner, id, task); err != nil {
				return err
			}
		}
		return tx.Raw("SELECT COUNT(*) FROM import_changes WHERE task_id = "+s.uuid(), task.String()).Row().Scan(&n)
	})
	return n, err
}

// recall forgets what the import has not brought to everybody yet. A step that is at
// it ends before.
func (s *Store) recall(tx *gorm.DB, owner tracker.Owner, id string, task tasks.ID) error {
	if err := s.lock(tx, owner); err != nil {
		return err
	}
	if err := tx.Exec("DELETE FROM audience_reaches WHERE client_id = ? AND audience = ? AND task_id = ?", owner.Client, id, task.String()).Error; err != nil {
		return err
	}
	return s.forgetLeft(tx, owner.Client, id)
}
