package trackers

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks/tracker"
)

// listed gives the part of a statement, with its parameters, that finds what may
// be on a list: all trackers of works of the kind, with their entries of the list.
func (s *Store) listed(owner tracker.Owner, p tracker.Provider, k tracker.Kind) (statement string, params []any) {
	var lives []string
	params = []any{string(p), string(k), owner.Client, owner.Parent}
	for _, prefix := range tracker.CollectionPrefixes(k) {
		lives = append(lives, "substr(t.resource, 1, length(?)) = ?")
		params = append(params, prefix, prefix)
	}
	return s.typed(` FROM trackers t
		LEFT JOIN provider_records r ON r.tracker_id = t.id AND r.provider = ? AND r.kind = ?
		LEFT JOIN works w ON w.client_id = t.client_id AND w.resource = t.resource
		WHERE t.client_id = ? AND t.parent = ? AND (r.id IS NOT NULL OR ` + strings.Join(lives, " OR ") + `)`), params
}

// CountListed implements tracker.Store.
func (s *Store) CountListed(ctx context.Context, owner tracker.Owner, p tracker.Provider, k tracker.Kind) (int64, error) {
	var n int64
	err := s.reading(ctx, func(tx *gorm.DB) error {
		bare, err := s.bare(tx, owner, p, k)
		if err != nil {
			return err
		}
		statement, params := s.listed(owner, p, k)
		err = tx.Raw("SELECT COUNT(r.id)"+statement, params...).Row().Scan(&n)
		n += int64(len(bare.ids))
		return err
	})
	return n, err
}

// LeftOut implements tracker.Store.
func (s *Store) LeftOut(ctx context.Context, owner tracker.Owner, p tracker.Provider, k tracker.Kind, each func(t tracker.Tracker, reason string) error) error {
	return s.reading(ctx, func(tx *gorm.DB) error {
		bare, err := s.bare(tx, owner, p, k)
		if err != nil {
			return err
		}
		for _, l := range bare.left {
			if err := each(tracker.Tracker{ID: l.id, Parent: owner.Parent, Resource: l.resource}, l.reason); err != nil {
				return err
			}
		}
		return nil
	})
}

// typed tells PostgreSQL the type of parameters that length takes.
func (s *Store) typed(statement string) string {
	return strings.ReplaceAll(statement, "length(?)", "length(CAST(? AS TEXT))")
}

// reading shows one moment of the database.
func (s *Store) reading(ctx context.Context, read func(tx *gorm.DB) error) error {
	return s.db.Gorm(ctx).Transaction(read, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
}

// List implements tracker.Store. Every passage sees one moment of the database;
// the lines come as the database sends them.
func (s *Store) List(ctx context.Context, owner tracker.Owner, p tracker.Provider, k tracker.Kind, fn func(iter.Seq2[tracker.Listed, error]) error) error {
	return s.ListSaid(ctx, owner, p, k, nil, fn)
}

// ListSaid implements tracker.Store.
func (s *Store) ListSaid(ctx context.Context, owner tracker.Owner, p tracker.Provider, k tracker.Kind, claims []tracker.Claim, fn func(iter.Seq2[tracker.Listed, error]) error) error {
	return s.reading(ctx, func(tx *gorm.DB) error {
		bare, err := s.bare(tx, owner, p, k, claims...)
		if err != nil {
			return err
		}
		return fn(func(yield func(tracker.Listed, error) bool) {
			s.lines(tx, owner, p, k, bare.ids, yield)
		})
	})
}

// errStopped ends a statement whose reader wants no more.
var errStopped = errors.New("the reader stopped")

func (s *Store) lines(tx *gorm.DB, owner tracker.Owner, p tracker.Provider, k tracker.Kind, ids map[int64]string, yield func(tracker.Listed, error) bool) {
	from, params := s.listed(owner, p, k)
	// Of works without an entry: what any list last said of them.
	statement := "SELECT " + trackerColumns + ", t.updated_at, COALESCE(r.updated_at, 0), COALESCE(r.base, ''), COALESCE(r.id, 0), COALESCE(r.native_id, ''), COALESCE(r.entry," +
		" (SELECT o.entry FROM provider_records o WHERE o.tracker_id = t.id ORDER BY o.updated_at DESC, o.id DESC LIMIT 1), ''), " +
		s.singles() + ", COALESCE(w.title, ''), COALESCE(w.regular, 0)" + from + " ORDER BY t.id, r.id"
	err := query(tx, func(found *sql.Rows) error {
		line, err := scanListed(found, p, k, ids)
		if err == nil && (!line.Bare || line.Key.NativeID != "") && !yield(line, nil) {
			return errStopped
		}
		return err
	}, statement, params...)
	if err != nil && !errors.Is(err, errStopped) {
		yield(tracker.Listed{}, err)
	}
}

// singles gives the places of single completed sub-resources as one text.
func (s *Store) singles() string {
	join := "group_concat(c.ordinal)"
	if s.db.Postgres() {
		join = "string_agg(c.ordinal::text, ',')"
	}
	return "COALESCE((SELECT " + join + " FROM tracker_completed c WHERE c.tracker_id = t.id AND c.regular AND c.ordinal > 0), '')"
}

// scanListed reads a line; a bare one without a native id is not on the list.
func scanListed(found *sql.Rows, p tracker.Provider, k tracker.Kind, ids map[int64]string) (line tracker.Listed, err error) {
	var entry, base, singles string
	var record, changed, listed int64
	line.Key = tracker.RecordKey{Provider: p, Kind: k}
	line.Tracker, err = scanTracker(found, &changed, &listed, &base, &record, &line.Key.NativeID, &entry, &singles, &line.Work.Title, &line.Work.Regular)
	if err != nil {
		return line, err
	}
	line.ChangedAt, line.ListedAt = store.TimeOf(changed), store.TimeOf(listed)
	if line.Base, err = baseOf(base); err != nil {
		return line, fmt.Errorf("decode the base of %v: %w", line.Key, err)
	}
	line.Tracker.Singles, _ = tracker.ParseNumbers(singles)
	line.Work.Resource = line.Tracker.Resource
	if line.Bare = record == 0; line.Bare {
		line.Key.NativeID = ids[line.Tracker.ID]
	}
	if entry == "" {
		return line, nil
	}
	if err := json.Unmarshal([]byte(entry), &line.Entry); err != nil {
		return line, fmt.Errorf("decode the entry %v: %w", line.Key, err)
	}
	return line, nil
}
