package main

import (
	"context"
	"errors"
	"time"

	"asapi/store"
	"asapi/tasks"
)

type webhookListCmd struct {
	admin
	Token string `help:"List this token's deliveries only: its id, or the token itself." env:"ASAPI_WEBHOOK_TOKEN"`
	Limit int    `help:"Greatest number of deliveries to list." default:"100"`
}

// deliveryLine is a delivery as scripts see it.
type deliveryLine struct {
	ID        string    `json:"webhook_id"`
	Token     string    `json:"token"`
	Task      string    `json:"task_id"`
	State     string    `json:"state"`
	Attempts  int       `json:"attempts"`
	CreatedAt time.Time `json:"created_at"`
	DueAt     time.Time `json:"due_at,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	LastError string    `json:"last_error,omitempty"`
}

func (c *webhookListCmd) Run(ctx context.Context, t *terminal) error {
	if c.Limit <= 0 {
		return &usageError{errors.New("--limit must be above 0")}
	}
	return c.with(ctx, func(s *store.Store) error {
		token := c.Token
		var err error
		if token != "" {
			if token, err = tokenID(ctx, s, token); err != nil {
				return err
			}
		}
		list, err := s.Deliveries(ctx, token, c.Limit)
		if err != nil {
			return err
		}
		for i := range list {
			if err := tellDelivery(t, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func tellDelivery(t *terminal, r *tasks.DeliveryReport) error {
	if t.interactive() {
		return t.printf("%s  task %s  %-9s  %2d attempts  %s\n", r.CreatedAt.Format(time.DateTime), r.Task, r.State, r.Attempts, r.LastError)
	}
	return t.json(deliveryLine{
		ID: r.ID.String(), Token: r.Token, Task: r.Task.String(), State: r.State.String(), Attempts: r.Attempts,
		CreatedAt: r.CreatedAt, DueAt: r.DueAt, EndedAt: r.EndedAt, LastError: r.LastError,
	})
}
