package trackers

import (
	"database/sql"
	"slices"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// resolve learns what is known about the ids that a change wants, the claims
// that come with it among them, and keeps those that are new unless the change is
// a dry run.
func (s *Store) resolve(tx *gorm.DB, client tasks.ClientID, want tracker.Want) (*tracker.References, error) {
	found, err := s.said(tx, []tasks.ClientID{everyone, client}, want.Ids())
	if err != nil {
		return nil, err
	}
	var fresh []crossRow
	for _, claim := range want.Claims {
		said, ok := claim.Saying()
		if !ok {
			continue
		}
		row := said.Hash() ^ salt(client, fromList)
		if _, there := found.rows[row]; there || slices.ContainsFunc(said.Keys, func(k tracker.RecordKey) bool { return found.count[k] >= maxSaid && k.Related() }) {
			continue
		}
		found.rows[row] = len(found.sayings)
		found.sayings = append(found.sayings, said)
		for _, k := range said.Keys {
			found.count[k]++
			fresh = append(fresh, crossRow{keyRow{string(k.Provider), string(k.Kind), k.NativeID}, row})
		}
	}
	if !want.Dry {
		if err := s.insertCross(tx, client, fromList, 0, fresh); err != nil {
			return nil, err
		}
	}
	return tracker.NewReferences(found.sayings), nil
}

// crossRow is one id of a row of references.
type crossRow struct {
	keyRow
	Row int64 `json:"row_id"`
}

var crossColumns = append(slices.Clip(keyColumns), store.Col{Name: "row_id", Type: "int"})

// insertCross keeps rows of references, and has looked at what they concern: the
// first id of a row leads to the others. Rows are kept in an order of their own,
// so that two that keep the same do not wait for each other in turn.
func (s *Store) insertCross(tx *gorm.DB, client tasks.ClientID, source string, load int64, list []crossRow) error {
	if len(list) == 0 {
		return nil
	}
	param, err := rows(list)
	if err != nil {
		return err
	}
	fresh := map[int64]bool{}
	err = query(tx, func(found *sql.Rows) error {
		var row int64
		err := found.Scan(&row)
		fresh[row] = true
		return err
	}, "WITH "+s.db.Batch("b", crossColumns...)+
		" INSERT INTO crossrefs (provider, native_id, kind, client_id, row_id, source, load_id)"+
		" SELECT provider, native_id, kind, "+s.num()+", row_id, "+s.text()+", "+s.num()+" FROM b WHERE true ORDER BY provider, native_id, kind, row_id"+
		" ON CONFLICT (provider, native_id, kind, client_id, row_id) DO UPDATE SET load_id = excluded.load_id WHERE crossrefs.load_id <> 0 AND crossrefs.load_id <> excluded.load_id"+
		" RETURNING row_id", param, client, source, load)
	if err != nil {
		return err
	}
	var due []keyRow
	for _, one := range list {
		if fresh[one.Row] {
			fresh[one.Row] = false
			due = append(due, one.keyRow)
		}
	}
	return s.insertDue(tx, client, load, due)
}

func (s *Store) insertDue(tx *gorm.DB, client tasks.ClientID, load int64, due []keyRow) error {
	if len(due) == 0 {
		return nil
	}
	param, err := rows(due)
	if err != nil {
		return err
	}
	return tx.Exec("WITH "+s.db.Batch("b", keyColumns...)+
		" INSERT INTO crossref_due (client_id, load_id, provider, kind, native_id)"+
		" SELECT "+s.num()+", "+s.num()+", provider, kind, native_id FROM b", param, client, load).Error
}
