package store

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"gorm.io/gorm"
)

// BatchOf makes the parameter of a Batch from structs whose json members are its
// columns.
func BatchOf[T any](list []T) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	b, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("encode rows: %w", err)
	}
	return string(b), nil
}

// Query runs a statement of a service, whose parameters may be slices as GORM has them,
// and calls scan for each row.
func Query(tx *gorm.DB, scan func(*sql.Rows) error, statement string, params ...any) error {
	found, err := tx.Raw(statement, params...).Rows()
	if err != nil {
		return err
	}
	defer func() { _ = found.Close() }() // Err below tells what matters
	for found.Next() {
		if err := scan(found); err != nil {
			return err
		}
	}
	return found.Err()
}
