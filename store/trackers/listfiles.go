package trackers

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// KeepListFile implements tracker.ListFileStore. The blob of the file before it
// is an orphan from then on, which the sweep deletes.
func (s *Store) KeepListFile(ctx context.Context, owner tracker.Owner, p tracker.Provider, in tasks.Input) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("INSERT INTO list_files (client_id, parent, provider, filename, content_type, size, inline, blob, kept_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, "+s.db.Now()+")"+
			" ON CONFLICT (client_id, parent, provider) DO UPDATE SET filename = excluded.filename, content_type = excluded.content_type, size = excluded.size,"+
			" inline = excluded.inline, blob = excluded.blob, kept_at = excluded.kept_at",
			owner.Client, owner.Parent, string(p), in.Filename, in.ContentType, in.Size, base64.StdEncoding.EncodeToString(in.Inline), in.Blob).Error
	})
}

// ListFile implements tracker.ListFileStore.
func (s *Store) ListFile(ctx context.Context, owner tracker.Owner, p tracker.Provider) (in tasks.Input, err error) {
	err = s.db.Read(ctx, func(tx *gorm.DB) error {
		var inline string
		err := tx.Raw("SELECT filename, content_type, size, inline, blob FROM list_files WHERE client_id = ? AND parent = ? AND provider = ?",
			owner.Client, owner.Parent, string(p)).Row().Scan(&in.Filename, &in.ContentType, &in.Size, &inline, &in.Blob)
		if errors.Is(err, sql.ErrNoRows) {
			return tracker.ErrNoListFile(owner, p)
		}
		if err != nil {
			return err
		}
		if in.Inline, err = base64.StdEncoding.DecodeString(inline); err != nil {
			return fmt.Errorf("decode a list file: %w", err)
		}
		return nil
	})
	return in, err
}
