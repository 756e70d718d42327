package trackers

import (
	"context"
	"database/sql"
	"slices"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// How much one step does.
const (
	rehomeIDs        = 100  // ids that are looked at
	rehomeTrackers   = 100  // trackers that are moved
	rehomeActivities = 5000 // activities that are moved in one transaction
	candidatePage    = 5000 // trackers that are looked at at a time
)

// dueRow is an id that is to be looked at.
type dueRow struct {
	ID     int64
	Client tasks.ClientID `gorm:"column:client_id"`
	keyRow
}

// Rehome implements tracker.Store. Every tracker is moved in transactions of its
// own, under the lock of its owner; the ids are forgotten only after all that is
// kept under them was moved, so that a step can be interrupted anywhere.
func (s *Store) Rehome(ctx context.Context) (more bool, err error) {
	due, err := s.due(ctx)
	if err != nil || len(due) == 0 {
		return false, err
	}
	if err := s.barrier(ctx); err != nil {
		return false, err
	}
	byClient := map[tasks.ClientID][]tracker.RecordKey{}
	for _, d := range due {
		byClient[d.Client] = append(byClient[d.Client], d.key())
	}
	left := rehomeTrackers
	for client, keys := range byClient {
		reached, err := s.reach(ctx, keys)
		if err != nil {
			return false, err
		}
		if err := s.moveWorks(ctx, client, reached); err != nil {
			return false, err
		}
		if err := s.moveTrackers(ctx, client, reached, &left); err != nil {
			return false, err
		}
		if left <= 0 {
			return true, nil
		}
	}
	ids := make([]int64, len(due))
	for i, d := range due {
		ids[i] = d.ID
	}
	return true, s.db.Tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM crossref_due WHERE id IN ?", ids).Error
	})
}

// due gives the ids that are to be looked at, oldest first.
func (s *Store) due(ctx context.Context) ([]dueRow, error) {
	var due []dueRow
	err := query(s.db.Gorm(ctx), func(found *sql.Rows) error {
		var d dueRow
		err := found.Scan(&d.ID, &d.Client, &d.Provider, &d.Kind, &d.NativeID)
		due = append(due, d)
		return err
	}, "SELECT d.id, d.client_id, d.provider, d.kind, d.native_id FROM crossref_due d"+
		" WHERE NOT EXISTS (SELECT 1 FROM crossref_loads l WHERE l.id = d.load_id) ORDER BY d.id LIMIT ?", rehomeIDs)
	return due, err
}

// barrier waits until all have ended who found out what ids stand for before
// now: what they write under old names can be found then, and who begins later
// finds the new names. They all share a lock that this one has alone for a moment.
func (s *Store) barrier(ctx context.Context) error {
	if !s.db.Postgres() {
		return nil // there is one writer
	}
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("SELECT pg_advisory_xact_lock(" + resolving + ")").Error
	})
}

// reach gives the ids and all that are related to them for any client.
func (s *Store) reach(ctx context.Context, keys []tracker.RecordKey) ([]tracker.RecordKey, error) {
	seen := map[tracker.RecordKey]bool{}
	var all []tracker.RecordKey
	for range maxHops {
		var fresh []tracker.RecordKey
		for _, k := range keys {
			if k.Related() && !seen[k] {
				seen[k] = true
				fresh = append(fresh, k)
			}
		}
		if len(fresh) == 0 {
			break
		}
		all = append(all, fresh...)
		param, err := rows(keyRows(fresh))
		if err != nil {
			return nil, err
		}
		keys = nil
		err = query(s.db.Gorm(ctx), func(found *sql.Rows) error {
			var k tracker.RecordKey
			err := found.Scan(&k.Provider, &k.Kind, &k.NativeID)
			keys = append(keys, k)
			return err
		}, "WITH "+s.db.Batch("b", keyColumns...)+", hit AS MATERIALIZED (SELECT DISTINCT c.row_id FROM b"+
			" JOIN crossrefs c ON c.provider = b.provider AND c.native_id = b.native_id AND c.kind = b.kind)"+
			" SELECT DISTINCT m.provider, m.kind, m.native_id FROM hit JOIN crossrefs m ON m.row_id = hit.row_id", param)
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// refs finds out what ids stand for, for a client; claims about them count as if they
// were kept.
func (s *Store) refs(tx *gorm.DB, client tasks.ClientID, keys []tracker.RecordKey, claims ...tracker.Claim) (*tracker.References, error) {
	asked := make(map[tracker.RecordKey]bool, len(keys))
	for _, k := range keys {
		asked[k] = true
	}
	var said []tracker.Saying
	for _, c := range claims {
		if one, ok := c.Saying(); ok && slices.ContainsFunc(one.Keys, func(k tracker.RecordKey) bool { return asked[k] }) {
			said, keys = append(said, one), append(keys, one.Keys...)
		}
	}
	known, err := s.said(tx, []tasks.ClientID{everyone, client}, keys)
	if err != nil {
		return nil, err
	}
	return tracker.NewReferences(append(known.sayings, said...)), nil
}

// moveWorks moves what the catalogues know under names that the ids do not
// stand for any more.
func (s *Store) moveWorks(ctx context.Context, client tasks.ClientID, keys []tracker.RecordKey) error {
	param, err := rows(namesOf(namesFor(keys)))
	if err != nil {
		return err
	}
	found := map[tasks.ClientID][]string{}
	err = query(s.db.Gorm(ctx), func(row *sql.Rows) error {
		var c tasks.ClientID
		var name string
		err := row.Scan(&c, &name)
		if client == everyone || c == client {
			found[c] = append(found[c], name)
		}
		return err
	}, "WITH "+s.db.Batch("b", store.Col{Name: "name", Type: "text"})+" SELECT w.client_id, w.resource FROM b JOIN works w ON (w.resource || '') = b.name", param)
	if err != nil {
		return err
	}
	for c, names := range found {
		if err := s.moveNames(ctx, c, names, keys); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) moveNames(ctx context.Context, client tasks.ClientID, names []string, keys []tracker.RecordKey) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		refs, err := s.refs(tx, client, keys)
		if err != nil {
			return err
		}
		for _, name := range names {
			res, _ := tracker.ParseResource(name)
			if to := refs.Canonical(res).String(); to != name {
				if err := s.moveWork(tx, client, name, to); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// moveWork teaches what is known of a work to the one that it is now. Its parts
// move unless that one has parts of its own.
func (s *Store) moveWork(tx *gorm.DB, client tasks.ClientID, from, to string) error {
	for _, step := range []struct {
		statement string
		params    []any
	}{
		{"INSERT INTO works (client_id, resource, title, regular) SELECT client_id, " + s.text() + ", title, regular FROM works WHERE client_id = ? AND resource = ?" +
			" ON CONFLICT (client_id, resource) DO UPDATE SET title = CASE WHEN works.title = '' THEN excluded.title ELSE works.title END," +
			" regular = CASE WHEN excluded.regular > works.regular THEN excluded.regular ELSE works.regular END" +
			" WHERE works.title = '' AND excluded.title <> '' OR works.regular < excluded.regular", []any{to, client, from}},
		{"INSERT INTO work_parts (client_id, part, work, type, ordinal, length) SELECT client_id, part, " + s.text() + ", type, ordinal, length FROM work_parts" +
			" WHERE client_id = ? AND work = ? AND NOT EXISTS (SELECT 1 FROM work_parts o WHERE o.client_id = ? AND o.work = ?)" +
			" ON CONFLICT (client_id, part, work) DO NOTHING", []any{to, client, from, client, to}},
		{"DELETE FROM work_parts WHERE client_id = ? AND work = ?", []any{client, from}},
	} {
		if err := tx.Exec(step.statement, step.params...).Error; err != nil {
			return err
		}
	}
	return nil
}

// namesFor gives the names that works are kept under after the ids.
func namesFor(keys []tracker.RecordKey) []string {
	var names []string
	for _, k := range keys {
		names = append(names, k.Resources()...)
	}
	return names
}
