package trackers

import (
	"context"
	"database/sql"

	"gorm.io/gorm"

	"asapi/tasks/tracker"
)

// part remembers the entries of a tracker that is about to be deleted and that a
// provider has, too.
func (s *Store) part(tx *gorm.DB, id int64) error {
	return tx.Exec("INSERT INTO parted_records (client_id, parent, provider, kind, native_id)"+
		" SELECT client_id, parent, provider, kind, native_id FROM provider_records WHERE tracker_id = ? AND base <> ''"+
		" ON CONFLICT DO NOTHING", id).Error
}

// rejoin forgets that entries were parted which are kept again; param are rows of
// recordColumns.
func (s *Store) rejoin(tx *gorm.DB, owner tracker.Owner, param string) error {
	return tx.Exec(s.of(recordColumns...)+" DELETE FROM parted_records WHERE (client_id, parent, provider, kind, native_id) IN"+
		" (SELECT client_id, parent, provider, kind, native_id FROM b)", param, owner.Client, owner.Parent).Error
}

// Parted implements tracker.Store.
func (s *Store) Parted(ctx context.Context, owner tracker.Owner, p tracker.Provider, k tracker.Kind) ([]tracker.RecordKey, error) {
	var keys []tracker.RecordKey
	err := query(s.db.Gorm(ctx), func(found *sql.Rows) error {
		key := tracker.RecordKey{Provider: p, Kind: k}
		err := found.Scan(&key.NativeID)
		keys = append(keys, key)
		return err
	}, "SELECT native_id FROM parted_records WHERE client_id = ? AND parent = ? AND provider = ? AND kind = ? ORDER BY native_id",
		owner.Client, owner.Parent, string(p), string(k))
	return keys, err
}
