package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"asapi/store"
	"asapi/tasks"
)

type retryCmd struct {
	admin
	IDs    []string `arg:"" optional:"" name:"task-id" help:"Failed tasks to retry."`
	Since  string   `help:"Retry what failed since then: a duration such as 2h, or a time such as 2026-11-22T10:00:00Z."`
	Client string   `help:"Retry this client's tasks only."`
}

// Run makes failed tasks wait again; what did not fail stays as it is.
func (r *retryCmd) Run(ctx context.Context, t *terminal) error {
	if (len(r.IDs) == 0) == (r.Since == "") {
		return &usageError{errors.New("retry takes the ids of tasks, or --since")}
	}
	since, err := moment("since", r.Since, false)
	if err != nil {
		return err
	}
	ids := make([]tasks.ID, len(r.IDs))
	for i, text := range r.IDs {
		if ids[i], err = tasks.ParseID(text); err != nil {
			return &usageError{err}
		}
	}
	return r.with(ctx, func(s *store.Store) error {
		retried, err := r.retry(ctx, s, ids, since)
		if err != nil {
			return err
		}
		if t.interactive() {
			err = t.printf("%d tasks wait again.\n", retried)
		} else {
			err = t.json(map[string]int64{"retried": retried})
		}
		if err != nil {
			return err
		}
		if missing := int64(len(ids)) - retried; missing > 0 {
			return fmt.Errorf("%d of %d tasks are not there or did not fail", missing, len(ids))
		}
		return nil
	})
}

// retry goes through the clients: the store shows each its own tasks only.
func (r *retryCmd) retry(ctx context.Context, s *store.Store, ids []tasks.ID, since time.Time) (int64, error) {
	clients, err := s.Clients(ctx)
	if r.Client != "" {
		var one tasks.Client
		one, err = s.ClientByName(ctx, r.Client)
		clients = []tasks.Client{one}
	}
	if err != nil {
		return 0, err
	}
	var retried int64
	for _, c := range clients {
		n, err := s.RetryTasks(ctx, c.ID, ids, since)
		if err != nil {
			return retried, err
		}
		retried += n
	}
	return retried, nil
}
