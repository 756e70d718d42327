package trackers

import (
	"context"

	"gorm.io/gorm"

	"asapi/tasks/tracker"
)

// How much one step of an erasure deletes, so that it never holds locks for long.
const (
	eraseTrackers   = 200
	eraseActivities = 10000
	eraseJournal    = 2000
)

// Erase implements tracker.Store.
func (s *Store) Erase(ctx context.Context, owner tracker.Owner) error {
	for {
		left, err := s.eraseStep(ctx, owner)
		if err != nil || !left {
			return err
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
	}
}

// eraseStep deletes the activities of some trackers, or, when they have none
// left, the trackers, or, when there are none, of what imports had changed.
func (s *Store) eraseStep(ctx context.Context, owner tracker.Owner) (left bool, err error) {
	err = s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := s.lock(tx, owner); err != nil {
			return err
		}
		var ids []int64
		found := tx.Raw("SELECT id FROM trackers WHERE client_id = ? AND parent = ? ORDER BY id LIMIT ?", owner.Client, owner.Parent, eraseTrackers).Scan(&ids)
		if found.Error != nil {
			return found.Error
		}
		if left = len(ids) > 0; !left {
			gone := tx.Exec("DELETE FROM import_changes WHERE (task_id, seq) IN (SELECT task_id, seq FROM import_changes WHERE client_id = ? AND parent = ? LIMIT ?)",
				owner.Client, owner.Parent, eraseJournal)
			left = gone.RowsAffected == eraseJournal
			return gone.Error
		}
		done := tx.Exec("DELETE FROM activities WHERE id IN (SELECT id FROM activities WHERE tracker_id IN ? LIMIT ?)", ids, eraseActivities)
		if done.Error != nil || done.RowsAffected == eraseActivities {
			return done.Error
		}
		for _, statement := range []string{
			"DELETE FROM tracker_completed WHERE tracker_id IN ?",
			"DELETE FROM provider_records WHERE tracker_id IN ?",
			"DELETE FROM tracker_redirects WHERE tracker_id IN ?",
			"DELETE FROM trackers WHERE id IN ?",
		} {
			if err := tx.Exec(statement, ids).Error; err != nil {
				return err
			}
		}
		return nil
	})
	return left, err
}
