package main

import (
	"context"
	"errors"

	"asapi/store"
)

type migrateCmd struct {
	postgres
}

// Run may run while older processes work, and several may run at once.
func (m *migrateCmd) Run(ctx context.Context, t *terminal) error {
	parsed, err := m.checkDatabase()
	if err != nil {
		return err
	}
	s, err := openStore(ctx, store.Config{URL: parsed.URL})
	if err != nil {
		return err
	}
	if err := errors.Join(s.Migrate(ctx), s.Close()); err != nil {
		return err
	}
	return t.printf("The database has the newest schema.\n")
}
