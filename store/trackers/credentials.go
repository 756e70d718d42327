package trackers

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

const credentialsKey = " WHERE client_id = ? AND parent = ? AND provider = ?"

func errNoCredentials(p tracker.Provider) error {
	return &tasks.Error{Code: tasks.CodeNotFound, Field: "provider", Message: "No credentials for " + string(p) + " are stored."}
}

// SaveCredentials implements tracker.CredentialStore.
func (s *Store) SaveCredentials(ctx context.Context, owner tracker.Owner, p tracker.Provider, sealed []byte) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := s.ensureUser(tx, owner); err != nil {
			return err
		}
		return tx.Exec("INSERT INTO provider_credentials (client_id, parent, provider, sealed, stored_at) VALUES (?, ?, ?, ?, "+s.db.Now()+")"+
			" ON CONFLICT (client_id, parent, provider) DO UPDATE SET sealed = excluded.sealed, stored_at = excluded.stored_at",
			owner.Client, owner.Parent, string(p), base64.StdEncoding.EncodeToString(sealed)).Error
	})
}

// Credentials implements tracker.CredentialStore.
func (s *Store) Credentials(ctx context.Context, owner tracker.Owner, p tracker.Provider) (sealed []byte, err error) {
	err = s.db.Read(ctx, func(tx *gorm.DB) error {
		var text string
		err := tx.Raw("SELECT sealed FROM provider_credentials"+credentialsKey, owner.Client, owner.Parent, string(p)).Row().Scan(&text)
		if errors.Is(err, sql.ErrNoRows) {
			return errNoCredentials(p)
		}
		if err != nil {
			return err
		}
		if sealed, err = base64.StdEncoding.DecodeString(text); err != nil {
			return fmt.Errorf("decode credentials: %w", err)
		}
		return nil
	})
	return sealed, err
}

// ListCredentials implements tracker.CredentialStore.
func (s *Store) ListCredentials(ctx context.Context, owner tracker.Owner) ([]tracker.StoredCredentials, error) {
	var list []tracker.StoredCredentials
	err := s.db.Read(ctx, func(tx *gorm.DB) error {
		return query(tx, func(found *sql.Rows) error {
			var c tracker.StoredCredentials
			var since int64
			err := found.Scan(&c.Provider, &since)
			c.Since = store.TimeOf(since)
			list = append(list, c)
			return err
		}, "SELECT provider, stored_at FROM provider_credentials WHERE client_id = ? AND parent = ? ORDER BY provider", owner.Client, owner.Parent)
	})
	return list, err
}

// DeleteCredentials implements tracker.CredentialStore.
func (s *Store) DeleteCredentials(ctx context.Context, owner tracker.Owner, p tracker.Provider) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		done := tx.Exec("DELETE FROM provider_credentials"+credentialsKey, owner.Client, owner.Parent, string(p))
		if done.Error == nil && done.RowsAffected == 0 {
			return errNoCredentials(p)
		}
		return done.Error
	})
}
