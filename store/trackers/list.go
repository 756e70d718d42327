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

	"asapi/tasks/tracker"
)

// listed is the part of a statement that both List and CountListed share: the
// entries of a list, and the trackers of works that are named after the
// provider's ids, which are numbers, and have no entry.
const listed = ` FROM trackers t
	LEFT JOIN provider_records r ON r.tracker_id = t.id AND r.provider = ? AND r.kind = ?
	LEFT JOIN works w ON w.client_id = t.client_id AND w.resource = t.resource
	WHERE t.client_id = ? AND t.parent = ? AND (r.id IS NOT NULL OR
		(substr(t.resource, 1, length(?)) = ? AND length(t.resource) > length(?) AND trim(substr(t.resource, length(?) + 1), '0123456789') = ''))`

func listedParams(owner tracker.Owner, p tracker.Provider, k tracker.Kind) []any {
	prefix := tracker.ResourcePrefix(p, k)
	return []any{string(p), string(k), owner.Client, owner.Parent, prefix, prefix, prefix, prefix}
}

// CountListed implements tracker.Store.
func (s *Store) CountListed(ctx context.Context, owner tracker.Owner, p tracker.Provider, k tracker.Kind) (int64, error) {
	var n int64
	err := s.db.Gorm(ctx).Raw("SELECT COUNT(*)"+s.typed(listed), listedParams(owner, p, k)...).Row().Scan(&n)
	return n, err
}

// typed tells PostgreSQL the type of parameters that length takes.
func (s *Store) typed(statement string) string {
	return strings.ReplaceAll(statement, "length(?)", "length(CAST(? AS TEXT))")
}

// List implements tracker.Store. Every passage sees one moment of the database;
// the lines come as the database sends them.
func (s *Store) List(ctx context.Context, owner tracker.Owner, p tracker.Provider, k tracker.Kind, fn func(iter.Seq2[tracker.Listed, error]) error) error {
	read := func(tx *gorm.DB) error {
		return fn(func(yield func(tracker.Listed, error) bool) {
			s.lines(tx, owner, p, k, yield)
		})
	}
	return s.db.Gorm(ctx).Transaction(read, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
}

// errStopped ends a statement whose reader wants no more.
var errStopped = errors.New("the reader stopped")

func (s *Store) lines(tx *gorm.DB, owner tracker.Owner, p tracker.Provider, k tracker.Kind, yield func(tracker.Listed, error) bool) {
	statement := "SELECT " + trackerColumns + ", COALESCE(r.id, 0), COALESCE(r.native_id, ''), COALESCE(r.entry, ''), COALESCE(w.title, ''), COALESCE(w.regular, 0)" +
		s.typed(listed) + " ORDER BY t.id, r.id"
	err := query(tx, func(found *sql.Rows) error {
		line, err := scanListed(found, p, k)
		if err == nil && !yield(line, nil) {
			return errStopped
		}
		return err
	}, statement, listedParams(owner, p, k)...)
	if err != nil && !errors.Is(err, errStopped) {
		yield(tracker.Listed{}, err)
	}
}

func scanListed(found *sql.Rows, p tracker.Provider, k tracker.Kind) (line tracker.Listed, err error) {
	var entry string
	var record int64
	line.Key = tracker.RecordKey{Provider: p, Kind: k}
	line.Tracker, err = scanTracker(found, &record, &line.Key.NativeID, &entry, &line.Work.Title, &line.Work.Regular)
	if err != nil {
		return line, err
	}
	line.Work.Resource = line.Tracker.Resource
	if line.Bare = record == 0; line.Bare {
		line.Key.NativeID = strings.TrimPrefix(line.Tracker.Resource, tracker.ResourcePrefix(p, k))
		return line, nil
	}
	if err := json.Unmarshal([]byte(entry), &line.Entry); err != nil {
		return line, fmt.Errorf("decode the entry %v: %w", line.Key, err)
	}
	return line, nil
}
