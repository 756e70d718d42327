package trackers

import (
	"context"

	"gorm.io/gorm"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// Discard implements tracker.LibraryStore.
func (s *Store) Discard(ctx context.Context, owner tracker.Owner, id string) error {
	for first := true; ; first = false {
		left := false
		err := s.db.Tx(ctx, func(tx *gorm.DB) error {
			if err := s.lock(tx, owner); err != nil {
				return err
			}
			t, err := s.find(tx, owner, id)
			if tasks.CodeOf(err) == tasks.CodeNotFound && !first {
				return nil // somebody else deleted the rest of it
			}
			if err != nil {
				return err
			}
			if err := s.part(tx, t.ID); err != nil {
				return err
			}
			left, err = deleteSome(tx, []int64{t.ID})
			return err
		})
		if err != nil || !left {
			return err
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
	}
}

// deleteSome deletes some activities of the trackers, or, when few are left,
// everything the trackers have, and them.
func deleteSome(tx *gorm.DB, ids []int64) (left bool, err error) {
	done := tx.Exec("DELETE FROM activities WHERE id IN (SELECT id FROM activities WHERE tracker_id IN ? LIMIT ?)", ids, eraseActivities)
	if done.Error != nil || done.RowsAffected == eraseActivities {
		return true, done.Error
	}
	for _, statement := range []string{
		"DELETE FROM tracker_completed WHERE tracker_id IN ?",
		"DELETE FROM provider_records WHERE tracker_id IN ?",
		"DELETE FROM tracker_redirects WHERE tracker_id IN ?",
		"DELETE FROM trackers WHERE id IN ?",
	} {
		if err := tx.Exec(statement, ids).Error; err != nil {
			return false, err
		}
	}
	return false, nil
}

// DropActivity implements tracker.LibraryStore.
func (s *Store) DropActivity(ctx context.Context, owner tracker.Owner, id string, activity int64) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := s.lock(tx, owner); err != nil {
			return err
		}
		t, err := s.find(tx, owner, id)
		if err != nil {
			return err
		}
		done := tx.Exec("DELETE FROM activities WHERE id = ? AND tracker_id = ?", activity, t.ID)
		if done.Error == nil && done.RowsAffected == 0 {
			return &tasks.Error{Code: tasks.CodeNotFound, Field: "name", Message: "There is no activity " + tracker.ActivityName(t.Name(), activity) + "."}
		}
		return done.Error
	})
}

// insertNoted keeps one activity and tells it its number.
func (s *Store) insertNoted(tx *gorm.DB, h *tracker.Held) error {
	if h.Noted == nil {
		return nil
	}
	a := activityRowOf(h.Noted)
	return tx.Raw("INSERT INTO activities (client_id, tracker_id, resource, platform, from_at, to_at, start_time, end_time)"+
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id", h.Owner.Client, a.Tracker, a.Resource, a.Platform, a.From, a.To, a.Start, a.End).Row().Scan(&h.Noted.ID)
}
