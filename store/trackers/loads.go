package trackers

import (
	"context"
	"database/sql"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/xref"
)

var _ xref.Store = (*Store)(nil)

// BeginLoad implements xref.Store.
func (s *Store) BeginLoad(ctx context.Context, client tasks.ClientID, source string) (xref.Load, error) {
	l := xref.Load{Client: client, Source: source}
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		var old []int64
		if err := tx.Raw("DELETE FROM crossref_loads WHERE client_id = ? AND source = ? RETURNING id", client, source).Scan(&old).Error; err != nil {
			return err
		}
		if len(old) > 0 {
			// What an interrupted load left is looked for in the whole table.
			for _, table := range []string{"crossrefs", "crossref_due"} {
				if err := tx.Exec("DELETE FROM "+table+" WHERE load_id IN ?", old).Error; err != nil {
					return err
				}
			}
		}
		return tx.Raw("INSERT INTO crossref_loads (client_id, source) VALUES (?, ?) RETURNING id", client, source).Scan(&l.ID).Error
	})
	return l, err
}

// Said implements xref.Store.
func (s *Store) Said(ctx context.Context, l xref.Load, keys []tracker.RecordKey) (map[tracker.RecordKey][]int64, error) {
	param, err := rows(keyRows(keys))
	if err != nil {
		return nil, err
	}
	said := map[tracker.RecordKey][]int64{}
	mix := salt(l.Client, l.Source)
	err = query(s.db.Gorm(ctx), func(found *sql.Rows) error {
		var k tracker.RecordKey
		var row int64
		err := found.Scan(&k.Provider, &k.Kind, &k.NativeID, &row)
		said[k] = append(said[k], row^mix)
		return err
	}, s.of(keyColumns...)+" SELECT c.provider, c.kind, c.native_id, c.row_id FROM b JOIN crossrefs c"+
		" ON c.provider = b.provider AND c.native_id = b.native_id AND c.kind = b.kind AND c.client_id = b.client_id"+
		" WHERE c.source = b.parent AND NOT EXISTS (SELECT 1 FROM crossref_loads l WHERE l.id = c.load_id)",
		param, l.Client, l.Source)
	return said, err
}

// Add implements xref.Store.
func (s *Store) Add(ctx context.Context, l xref.Load, kept []xref.Kept) error {
	var list []crossRow
	mix := salt(l.Client, l.Source)
	for _, row := range kept {
		for _, k := range row.Keys {
			list = append(list, crossRow{keyRow{string(k.Provider), string(k.Kind), k.NativeID}, row.ID ^ mix})
		}
	}
	if len(list) == 0 {
		return nil
	}
	return s.db.Tx(ctx, func(tx *gorm.DB) error { return s.insertCross(tx, l.Client, l.Source, l.ID, list) })
}

// goneRow is a row of references in a batch.
type goneRow struct {
	Row int64 `json:"row_id"`
}

// EndLoad implements xref.Store.
func (s *Store) EndLoad(ctx context.Context, l xref.Load, gone []int64) error {
	list := make([]goneRow, len(gone))
	mix := salt(l.Client, l.Source)
	for i, row := range gone {
		list[i].Row = row ^ mix
	}
	param, err := rows(list)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		ended := tx.Exec("DELETE FROM crossref_loads WHERE id = ?", l.ID)
		if ended.Error != nil {
			return ended.Error
		}
		if ended.RowsAffected == 0 {
			return &tasks.Error{Code: tasks.CodeBusy, Message: "Another load of a file of this kind began after this one, so this one was given up; load the file again."}
		}
		if len(list) == 0 {
			return nil
		}
		var due []keyRow
		err := query(tx, func(found *sql.Rows) error {
			var k keyRow
			err := found.Scan(&k.Provider, &k.Kind, &k.NativeID)
			due = append(due, k)
			return err
		}, "WITH "+s.db.Batch("b", store.Col{Name: "row_id", Type: "int"})+
			" DELETE FROM crossrefs WHERE row_id IN (SELECT row_id FROM b) RETURNING provider, kind, native_id", param)
		if err != nil {
			return err
		}
		return s.insertDue(tx, l.Client, 0, due)
	})
}
