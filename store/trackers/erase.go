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
		if err := eraseUser(tx, owner); err != nil {
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
		_, err := deleteSome(tx, ids)
		return err
	})
	return left, err
}

// eraseUser deletes what a user has beside trackers. Of audiences nothing is
// deleted here: finishDeletion does.
func eraseUser(tx *gorm.DB, owner tracker.Owner) error {
	for _, statement := range []string{
		"DELETE FROM provider_credentials WHERE client_id = ? AND parent = ?",
		"DELETE FROM list_files WHERE client_id = ? AND parent = ?",
		"DELETE FROM parted_records WHERE client_id = ? AND parent = ?",
		"DELETE FROM audience_members WHERE client_id = ? AND member = ?",
	} {
		if err := tx.Exec(statement, owner.Client, owner.Parent).Error; err != nil {
			return err
		}
	}
	return nil
}
