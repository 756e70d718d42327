package trackers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// audienceOwner gives the owner that an audience is; its lock orders what it
// consumes and who its members are.
func audienceOwner(client tasks.ClientID, id string) tracker.Owner {
	return tracker.Owner{Client: client, Parent: tracker.Audience{ID: id}.Name()}
}

const audienceKey = " WHERE client_id = ? AND id = ?"

// findAudience fails when the client has no such audience.
func (s *Store) findAudience(tx *gorm.DB, client tasks.ClientID, id string) error {
	_, err := s.consumedBy(tx, client, id)
	return err
}

// ownerThere fails for an audience that the client does not have, or has no more:
// what a deleted one had is taken away in the background, and is nobody's from the
// deletion on.
func (s *Store) ownerThere(tx *gorm.DB, owner tracker.Owner) error {
	if id, ok := owner.Audience(); ok {
		return s.findAudience(tx, owner.Client, id)
	}
	return nil
}

// consumedBy counts what an audience consumed so far.
func (s *Store) consumedBy(tx *gorm.DB, client tasks.ClientID, id string) (consumed int64, err error) {
	err = tx.Raw("SELECT consumed FROM audiences"+audienceKey+" AND deleted_at = 0", client, id).Row().Scan(&consumed)
	if errors.Is(err, sql.ErrNoRows) {
		err = tracker.ErrNoAudience(id)
	}
	return consumed, err
}

// CreateAudience implements tracker.AudienceStore.
func (s *Store) CreateAudience(ctx context.Context, client tasks.ClientID, id string, members []string) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := s.lock(tx, audienceOwner(client, id)); err != nil {
			return err
		}
		done := tx.Exec("INSERT INTO audiences (client_id, id, created_at) VALUES (?, ?, "+s.db.Now()+") ON CONFLICT (client_id, id) DO NOTHING", client, id)
		if done.Error != nil {
			return done.Error
		}
		if done.RowsAffected == 0 {
			return &tasks.Error{Code: tasks.CodeUnique, Field: "audience", Message: "There is an audience with this id already, or what it had is still being deleted."}
		}
		return s.setMembers(tx, client, id, 1, members)
	})
}

// SetMembers implements tracker.AudienceStore.
func (s *Store) SetMembers(ctx context.Context, client tasks.ClientID, id string, members []string) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := s.lock(tx, audienceOwner(client, id)); err != nil {
			return err
		}
		consumed, err := s.consumedBy(tx, client, id)
		if err != nil {
			return err
		}
		return s.setMembers(tx, client, id, consumed, members)
	})
}

// ChangeMembers implements tracker.AudienceStore.
func (s *Store) ChangeMembers(ctx context.Context, client tasks.ClientID, id string, add, remove []string) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := s.lock(tx, audienceOwner(client, id)); err != nil {
			return err
		}
		consumed, err := s.consumedBy(tx, client, id)
		if err != nil {
			return err
		}
		now, err := currentMembers(tx, client, id)
		if err != nil {
			return err
		}
		for _, m := range add {
			now[m] = true
		}
		for _, m := range remove {
			delete(now, m)
		}
		if len(now) > tracker.MaxMembers {
			return &tasks.Error{Code: tasks.CodeLimit, Field: "members", Message: fmt.Sprintf("An audience has at most %d members.", tracker.MaxMembers)}
		}
		return s.setMembers(tx, client, id, consumed, slices.Sorted(maps.Keys(now)))
	})
}

// currentMembers gives the members as a set.
func currentMembers(tx *gorm.DB, client tasks.ClientID, id string) (map[string]bool, error) {
	now := map[string]bool{}
	err := query(tx, func(found *sql.Rows) error {
		var member string
		err := found.Scan(&member)
		now[member] = true
		return err
	}, "SELECT member FROM audience_members WHERE client_id = ? AND audience = ? AND until = 0", client, id)
	return now, err
}

// memberRow is a member of a batch.
type memberRow struct {
	Member string `json:"member"`
}

var memberColumn = store.Col{Name: "member", Type: "text"}

func memberRows(members []string) (string, error) {
	list := make([]memberRow, len(members))
	for i, m := range members {
		list[i].Member = m
	}
	return rows(list)
}

// setMembers makes exactly these the members from now on. Who leaves stays in
// the table, as a member until now, while something may still have to reach it.
func (s *Store) setMembers(tx *gorm.DB, client tasks.ClientID, id string, consumed int64, members []string) error {
	gone, err := currentMembers(tx, client, id)
	if err != nil {
		return err
	}
	var added, names []string
	for _, m := range members {
		if gone[m] {
			delete(gone, m)
			continue
		}
		if user, ok := (tracker.Owner{Parent: m}).User(); ok {
			added, names = append(added, m), append(names, user)
		}
	}
	if err := s.addMembers(tx, client, id, consumed, added, names); err != nil {
		return err
	}
	if err := s.endMembers(tx, client, id, consumed, slices.Sorted(maps.Keys(gone))); err != nil {
		return err
	}
	return s.forgetLeft(tx, client, id)
}

func (s *Store) addMembers(tx *gorm.DB, client tasks.ClientID, id string, consumed int64, members, names []string) error {
	if len(members) == 0 {
		return nil
	}
	if err := s.db.EnsureAccounts(tx, client, tracker.Slug, names); err != nil {
		return err
	}
	param, err := memberRows(members)
	if err != nil {
		return err
	}
	// Who left and comes back before anything was consumed never left.
	return tx.Exec("WITH "+s.db.Batch("b", memberColumn)+
		" INSERT INTO audience_members (client_id, audience, member, since) SELECT "+s.num()+", "+s.text()+", member, "+s.num()+" FROM b WHERE true"+
		" ORDER BY member ON CONFLICT (client_id, audience, member, since) DO UPDATE SET until = 0", param, client, id, consumed).Error
}

func (s *Store) endMembers(tx *gorm.DB, client tasks.ClientID, id string, consumed int64, members []string) error {
	if len(members) == 0 {
		return nil
	}
	param, err := memberRows(members)
	if err != nil {
		return err
	}
	return tx.Exec("WITH "+s.db.Batch("b", memberColumn)+
		" UPDATE audience_members SET until = "+s.num()+" FROM b WHERE audience_members.client_id = ? AND audience_members.audience = ?"+
		" AND audience_members.member = b.member AND audience_members.until = 0", param, consumed, client, id).Error
}

// forgetLeft deletes former members that nothing has to reach any more.
func (s *Store) forgetLeft(tx *gorm.DB, client tasks.ClientID, id string) error {
	return tx.Exec("DELETE FROM audience_members WHERE client_id = ? AND audience = ? AND until > 0 AND NOT EXISTS"+
		" (SELECT 1 FROM audience_reaches r WHERE r.client_id = ? AND r.audience = ? AND r.number > audience_members.since AND r.number <= audience_members.until)",
		client, id, client, id).Error
}

// Members implements tracker.AudienceStore.
func (s *Store) Members(ctx context.Context, client tasks.ClientID, id, after string, limit int) ([]string, error) {
	var list []string
	err := s.db.Read(ctx, func(tx *gorm.DB) error {
		if err := s.findAudience(tx, client, id); err != nil {
			return err
		}
		return query(tx, func(found *sql.Rows) error {
			var member string
			err := found.Scan(&member)
			list = append(list, member)
			return err
		}, "SELECT member FROM audience_members WHERE client_id = ? AND audience = ? AND member > ? AND until = 0 ORDER BY member LIMIT ?", client, id, after, limit)
	})
	return list, err
}

// audienceColumns are what scanAudience reads, of a table called a.
const audienceColumns = "a.id, a.created_at, (SELECT COUNT(*) FROM audience_members m WHERE m.client_id = a.client_id AND m.audience = a.id AND m.until = 0)"

func scanAudience(found *sql.Rows) (a tracker.Audience, err error) {
	var created int64
	err = found.Scan(&a.ID, &created, &a.Members)
	a.CreatedAt = store.TimeOf(created)
	return a, err
}

// Audience implements tracker.AudienceStore.
func (s *Store) Audience(ctx context.Context, client tasks.ClientID, id string) (a tracker.Audience, err error) {
	err = s.db.Read(ctx, func(tx *gorm.DB) error {
		if err := s.findAudience(tx, client, id); err != nil {
			return err
		}
		return query(tx, func(found *sql.Rows) (err error) {
			a, err = scanAudience(found)
			return err
		}, "SELECT "+audienceColumns+" FROM audiences a WHERE a.client_id = ? AND a.id = ?", client, id)
	})
	return a, err
}

// Audiences implements tracker.AudienceStore.
func (s *Store) Audiences(ctx context.Context, client tasks.ClientID, after string, limit int) ([]tracker.Audience, error) {
	var list []tracker.Audience
	err := s.db.Read(ctx, func(tx *gorm.DB) error {
		return query(tx, func(found *sql.Rows) error {
			a, err := scanAudience(found)
			list = append(list, a)
			return err
		}, "SELECT "+audienceColumns+" FROM audiences a WHERE a.client_id = ? AND a.id > ? AND a.deleted_at = 0 ORDER BY a.id LIMIT ?", client, after, limit)
	})
	return list, err
}

// DeleteAudience implements tracker.AudienceStore.
func (s *Store) DeleteAudience(ctx context.Context, client tasks.ClientID, id string) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := s.lock(tx, audienceOwner(client, id)); err != nil {
			return err
		}
		done := tx.Exec("UPDATE audiences SET deleted_at = "+s.db.Now()+audienceKey+" AND deleted_at = 0", client, id)
		if done.Error == nil && done.RowsAffected == 0 {
			return tracker.ErrNoAudience(id)
		}
		return done.Error
	})
}
