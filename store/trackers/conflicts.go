package trackers

import (
	"context"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/xref"
)

// conflictPage is how many ids are looked at at a time.
const conflictPage = 1000

// Conflicts implements xref.Store. It goes through all ids, page by page.
func (s *Store) Conflicts(ctx context.Context, client tasks.ClientID, each func(xref.Conflict) error) error {
	clients := []tasks.ClientID{everyone}
	if client != everyone {
		clients = append(clients, client)
	}
	after := tracker.RecordKey{}
	for {
		var page []keyRow
		found := s.db.Gorm(ctx).Raw("SELECT DISTINCT provider, native_id, kind FROM crossrefs WHERE (provider, native_id, kind) > (?, ?, ?) AND client_id IN ?"+
			" ORDER BY provider, native_id, kind LIMIT ?", after.Provider, after.NativeID, after.Kind, clients, conflictPage).Scan(&page)
		if found.Error != nil {
			return found.Error
		}
		if len(page) == 0 {
			return nil
		}
		keys := make([]tracker.RecordKey, len(page))
		for i, row := range page {
			keys[i] = row.key()
		}
		after = keys[len(keys)-1]
		said, err := s.said(s.db.Gorm(ctx), clients, keys)
		if err != nil {
			return err
		}
		refs := tracker.NewReferences(said.sayings)
		for _, k := range keys {
			if of := refs.Of(k); k.Related() && len(of.Apart) > 0 {
				if err := each(xref.Conflict{Key: k, Resolved: of}); err != nil {
					return err
				}
			}
		}
	}
}

func (r keyRow) key() tracker.RecordKey {
	return tracker.RecordKey{Provider: tracker.Provider(r.Provider), Kind: tracker.Kind(r.Kind), NativeID: r.NativeID}
}
