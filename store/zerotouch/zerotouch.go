// Package zerotouch keeps partners, customers and devices in the tables of package
// store. Statements over many rows are constant texts with one parameter
// (store.DB.Batch).
package zerotouch

import (
	"context"
	"database/sql"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

// Store implements zerotouch.Store.
type Store struct {
	db *store.DB
}

var _ zerotouch.Store = (*Store)(nil)

// New keeps devices in the database of a store, which must be migrated.
func New(s *store.Store) *Store { return &Store{db: s.DB()} }

// EnsureAccount implements zerotouch.Store.
func (s *Store) EnsureAccount(ctx context.Context, a tasks.Account) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error { return s.db.EnsureAccount(tx, a) })
}

// query runs a statement and calls scan for each row.
func query(tx *gorm.DB, scan func(*sql.Rows) error, statement string, params ...any) error {
	return store.Query(tx, scan, statement, params...)
}

// rows makes the parameter of a Batch.
func rows[T any](list []T) (string, error) { return store.BatchOf(list) }

type idRow struct {
	ID int64 `json:"id"`
}

var idColumn = store.Col{Name: "id", Type: "int"}

// each runs a statement over numbers, which are the batch "b (id)", and calls scan
// for each row.
func each[T ~int64](s *Store, tx *gorm.DB, ids []T, scan func(*sql.Rows) error, statement string, params ...any) error {
	if len(ids) == 0 {
		return nil
	}
	list := make([]idRow, len(ids))
	for i, id := range ids {
		list[i].ID = int64(id)
	}
	param, err := rows(list)
	if err != nil {
		return err
	}
	return query(tx, scan, "WITH "+s.db.Batch("b", idColumn)+" "+statement, append([]any{param}, params...)...)
}
