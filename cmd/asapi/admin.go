package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"asapi/internal/embedded"
	"asapi/store"
	"asapi/tasks"
)

// admin is what every administrative command needs. It works beside a running
// server, on the same database.
type admin struct {
	Data        string `help:"Data folder of asapi dev." env:"ASAPI_DATA" placeholder:"DIR"`
	DatabaseURL string `help:"Database, where there is no data folder." env:"DATABASE_URL" placeholder:"URL"`
}

// with opens the database for one piece of work.
func (a *admin) with(ctx context.Context, work func(*store.Store) error) (err error) {
	address := a.DatabaseURL
	if a.Data != "" {
		folder, err := embedded.LookAt(a.Data)
		if err != nil {
			return &usageError{err}
		}
		address = folder.DatabaseURL()
	}
	if address == "" {
		return configError("DATABASE_URL", "is not set: set it, or give the folder of asapi dev with --data")
	}
	s, err := openStore(ctx, store.Config{URL: address})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(plain(err), s.Close()) }()
	if err := checkSchema(ctx, s); err != nil {
		return err
	}
	return work(s)
}

// plain drops the cause from an error that has a sentence for the user.
func plain(err error) error {
	var e *tasks.Error
	if errors.As(err, &e) && e.Code != tasks.CodeInternal && e.Err == nil {
		return errors.New(strings.TrimSuffix(e.Message, "."))
	}
	return err
}

// moment reads a time as RFC 3339, or as a distance from now: ahead or back.
func moment(flag, s string, ahead bool) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		if ahead {
			return time.Now().Add(d).UTC(), nil
		}
		return time.Now().Add(-d).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, &usageError{fmt.Errorf("--%s takes a duration such as 720h or a time such as 2026-11-22T10:00:00Z, not %q", flag, s)}
	}
	if ahead && !t.After(time.Now()) {
		return t, &usageError{fmt.Errorf("--%s is in the past", flag)}
	}
	return t.UTC(), nil
}
