package trackers

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"gorm.io/gorm"

	"asapi/tasks/tracker"
)

// pageSize is how many lines of a list are read at a time.
const pageSize = 500

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

// List implements tracker.Store. All pages see one moment of the database.
func (s *Store) List(ctx context.Context, owner tracker.Owner, p tracker.Provider, k tracker.Kind, fn func(iter.Seq2[tracker.Listed, error]) error) error {
	read := func(tx *gorm.DB) error {
		return fn(func(yield func(tracker.Listed, error) bool) {
			s.pages(tx, owner, p, k, yield)
		})
	}
	return s.db.Gorm(ctx).Transaction(read, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
}

func (s *Store) pages(tx *gorm.DB, owner tracker.Owner, p tracker.Provider, k tracker.Kind, yield func(tracker.Listed, error) bool) {
	statement := "SELECT " + trackerColumns + ", COALESCE(r.id, 0), COALESCE(r.native_id, ''), COALESCE(r.entry, ''), COALESCE(w.title, ''), COALESCE(w.regular, 0)" +
		s.typed(listed) + " AND t.id >= ? AND (t.id > ? OR r.id > ?) ORDER BY t.id, r.id LIMIT ?"
	var lastTracker, lastRecord int64
	for {
		page := make([]tracker.Listed, 0, pageSize)
		err := query(tx, func(found *sql.Rows) error {
			line, record, err := scanListed(found, p, k)
			lastTracker, lastRecord = line.Tracker.ID, record
			page = append(page, line)
			return err
		}, statement, append(listedParams(owner, p, k), lastTracker, lastTracker, lastRecord, pageSize)...)
		if err != nil {
			yield(tracker.Listed{}, err)
			return
		}
		for _, line := range page {
			if !yield(line, nil) {
				return
			}
		}
		if len(page) < pageSize {
			return
		}
	}
}

func scanListed(found *sql.Rows, p tracker.Provider, k tracker.Kind) (line tracker.Listed, record int64, err error) {
	var entry string
	line.Key = tracker.RecordKey{Provider: p, Kind: k}
	line.Tracker, err = scanTracker(found, &record, &line.Key.NativeID, &entry, &line.Work.Title, &line.Work.Regular)
	if err != nil {
		return line, record, err
	}
	line.Work.Resource = line.Tracker.Resource
	if line.Bare = record == 0; line.Bare {
		line.Key.NativeID = strings.TrimPrefix(line.Tracker.Resource, tracker.ResourcePrefix(p, k))
		return line, record, nil
	}
	if err := json.Unmarshal([]byte(entry), &line.Entry); err != nil {
		return line, record, fmt.Errorf("decode the entry %v: %w", line.Key, err)
	}
	return line, record, nil
}
