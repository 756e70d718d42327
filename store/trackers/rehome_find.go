package trackers

import (
	"context"
	"database/sql"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// candidate is a tracker that is kept under one of the ids, by its name or by an
// entry that it has.
type candidate struct {
	id       int64
	owner    tracker.Owner
	resource string
	key      tracker.RecordKey // of the entry; none: by its name
}

// moveTrackers moves the trackers that are kept under the ids to where they
// belong now, at most left of them.
func (s *Store) moveTrackers(ctx context.Context, client tasks.ClientID, keys []tracker.RecordKey, left *int) error {
	after := int64(0)
	for *left > 0 {
		found, err := s.candidates(ctx, client, keys, after)
		if err != nil {
			return err
		}
		full := len(found) >= candidatePage
		if full && len(keys) > 1 {
			// Too many at once: half of the ids, then the other half.
			if err := s.moveTrackers(ctx, client, keys[:len(keys)/2], left); err != nil {
				return err
			}
			keys = keys[len(keys)/2:]
			continue
		}
		if err := s.moveFound(ctx, found, left); err != nil || !full {
			return err
		}
		after = found[len(found)-1].id - 1 // its other line may have been cut off
	}
	return nil
}

const candidateColumns = "SELECT t.id, t.client_id, t.parent, t.resource, "

// candidates gives what is kept under the ids with trackers above a number, in
// their order, at most a page.
func (s *Store) candidates(ctx context.Context, client tasks.ClientID, keys []tracker.RecordKey, after int64) ([]candidate, error) {
	names, err := rows(namesOf(namesFor(keys)))
	if err != nil {
		return nil, err
	}
	ids, err := rows(keyRows(keys))
	if err != nil {
		return nil, err
	}
	scope := " AND (" + s.num() + " = 0 OR t.client_id = " + s.num() + ")"
	var list []candidate
	err = query(s.db.Gorm(ctx), func(found *sql.Rows) error {
		var c candidate
		err := found.Scan(&c.id, &c.owner.Client, &c.owner.Parent, &c.resource, &c.key.Provider, &c.key.Kind, &c.key.NativeID)
		list = append(list, c)
		return err
	}, "WITH "+s.db.Batch("n", store.Col{Name: "name", Type: "text"})+", "+s.db.Batch("b", keyColumns...)+
		" SELECT * FROM ("+candidateColumns+"'' AS provider, '' AS kind, '' AS native_id"+
		" FROM n JOIN trackers t ON (t.resource || '') = n.name AND t.id > ?"+scope+
		" UNION ALL "+candidateColumns+"r.provider, r.kind, r.native_id"+
		" FROM b JOIN provider_records r ON (r.native_id || '') = b.native_id AND r.tracker_id > ? AND r.provider = b.provider AND r.kind = b.kind"+
		" JOIN trackers t ON t.id = r.tracker_id"+scope+") c ORDER BY id LIMIT ?",
		names, ids, after, client, client, after, client, client, candidatePage)
	return list, err
}

// moveFound moves those of the trackers that are not where they belong.
func (s *Store) moveFound(ctx context.Context, found []candidate, left *int) error {
	byClient := map[tasks.ClientID][]candidate{}
	for _, c := range found {
		byClient[c.owner.Client] = append(byClient[c.owner.Client], c)
	}
	for client, list := range byClient {
		moves, err := s.misplaced(ctx, client, list)
		if err != nil {
			return err
		}
		for _, c := range moves {
			if *left--; *left < 0 {
				return nil
			}
			if err := s.move(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// misplaced gives each tracker once that is, or has an entry that is, not where
// its ids stand for.
func (s *Store) misplaced(ctx context.Context, client tasks.ClientID, list []candidate) ([]candidate, error) {
	var keys []tracker.RecordKey
	for i, c := range list {
		if c.key.Provider == "" {
			list[i].key, _ = tracker.KeyOf(c.resource)
		}
		keys = append(keys, list[i].key)
	}
	refs, err := s.refs(s.db.Gorm(ctx), client, keys)
	if err != nil {
		return nil, err
	}
	var moves []candidate
	seen := map[int64]bool{}
	for _, c := range list {
		if c.key.Provider != "" && !seen[c.id] && refs.Of(c.key).Resource != c.resource {
			seen[c.id] = true
			moves = append(moves, c)
		}
	}
	return moves, nil
}

// move brings one tracker to where it belongs, in as many transactions as its
// activities need.
func (s *Store) move(ctx context.Context, c candidate) error {
	for {
		var more bool
		err := s.db.Tx(ctx, func(tx *gorm.DB) (err error) {
			if err = s.lock(tx, c.owner); err != nil {
				return err
			}
			more, err = s.rehome(tx, c.owner, c.id)
			return err
		})
		if err != nil || !more {
			return err
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
	}
}
