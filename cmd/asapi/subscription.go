package main

import (
	"context"
	"errors"
	"time"

	"asapi/store"
	"asapi/tasks"
)

type subscriptionCmd struct {
	List   subscriptionListCmd   `cmd:"" help:"List subscriptions, oldest first."`
	Pause  subscriptionPauseCmd  `cmd:"" help:"Pause a subscription; its stream is told."`
	Resume subscriptionResumeCmd `cmd:"" help:"Resume a paused subscription."`
	RunNow subscriptionRunNowCmd `cmd:"" help:"Let the next occurrence of a subscription come at once; a paused one is resumed."`
	Remove subscriptionRemoveCmd `cmd:"" help:"End a subscription; what runs goes on."`
}

type subscriptionListCmd struct {
	admin
	Client  string `help:"List this client's subscriptions only."`
	Account string `help:"List the subscriptions of accounts of this name only."`
	State   string `help:"List active or paused ones only." enum:",active,paused" default:""`
}

// subscriptionLine is a subscription as scripts see it.
type subscriptionLine struct {
	ID        string              `json:"subscription_id"`
	Client    string              `json:"client"`
	Service   string              `json:"service"`
	Action    string              `json:"action"`
	Account   string              `json:"account"`
	Values    map[string][]string `json:"parameters"`
	Every     string              `json:"every"`
	State     string              `json:"state"`
	Token     string              `json:"token"`
	CreatedAt time.Time           `json:"created_at"`
	NextAt    time.Time           `json:"next_at,omitzero"`
	Tasks     int64               `json:"tasks"`
	Skipped   int64               `json:"skipped"`
	Failures  int                 `json:"failures"`
	LastTask  string              `json:"last_task_id,omitempty"`
	PausedAt  time.Time           `json:"paused_at,omitzero"`
	Because   tasks.Code          `json:"paused_because,omitempty"`
	Reason    string              `json:"paused_reason,omitempty"`
}

func (c *subscriptionListCmd) Run(ctx context.Context, t *terminal) error {
	return c.with(ctx, func(s *store.Store) error {
		clients, err := s.Clients(ctx)
		if err != nil {
			return err
		}
		var client tasks.ClientID
		names := make(map[tasks.ClientID]string, len(clients))
		for _, one := range clients {
			if names[one.ID] = one.Name; one.Name == c.Client {
				client = one.ID
			}
		}
		if c.Client != "" && client == 0 {
			return errors.New("there is no client named " + tasks.Clip(c.Client, 64))
		}
		f := tasks.SubscriptionFilter{Account: c.Account, State: tasks.SubscriptionState(c.State)}
		for {
			page, err := s.Subscriptions(ctx, client, f)
			if err != nil {
				return err
			}
			for i := range page.Subscriptions {
				if err := tellSubscription(t, names, &page.Subscriptions[i]); err != nil {
					return err
				}
			}
			if f.After = page.Next; page.Next.IsZero() {
				return nil
			}
		}
	})
}

func tellSubscription(t *terminal, names map[tasks.ClientID]string, s *tasks.Subscription) error {
	line := subscriptionLine{
		ID: s.ID.String(), Client: names[s.Client], Service: s.Service, Action: s.Action, Account: s.Account, Values: s.Values,
		Every: s.Every.String(), State: string(s.State()), Token: s.Token, CreatedAt: s.CreatedAt, NextAt: s.NextAt,
		Tasks: s.Number, Skipped: s.Skipped, Failures: s.Failures, PausedAt: s.PausedAt, Because: s.Pause.Code, Reason: s.Pause.Reason,
	}
	if !s.LastTask.IsZero() {
		line.LastTask = s.LastTask.String()
	}
	if !t.interactive() {
		return t.json(line)
	}
	then := "next " + s.NextAt.Format(time.DateTime)
	if s.Paused() {
		then = s.Pause.Reason
	}
	return t.printf("%s  %-6s  %s  %s/%s %s  every %s  %d tasks  %s\n", line.ID, line.State, line.Client, s.Service, s.Action, s.Account, line.Every, s.Number, then)
}

// oneSubscription is what commands about a single one take.
type oneSubscription struct {
	admin
	ID string `arg:"" name:"subscription-id" help:"Id as subscription list gives it."`
}

// change does something to the subscription and says so.
func (c *oneSubscription) change(ctx context.Context, t *terminal, done string, work func(*store.Store, tasks.ID) error) error {
	id, err := tasks.ParseID(c.ID)
	if err != nil {
		return &usageError{errors.New("this is no id of a subscription: " + tasks.Clip(c.ID, 64))}
	}
	return c.with(ctx, func(s *store.Store) error {
		if err := work(s, id); err != nil {
			return err
		}
		if t.interactive() {
			return t.printf("The subscription %s was %s.\n", id, done)
		}
		return t.json(map[string]any{"subscription_id": id, "outcome": done})
	})
}

type subscriptionPauseCmd struct{ oneSubscription }

func (c *subscriptionPauseCmd) Run(ctx context.Context, t *terminal) error {
	return c.change(ctx, t, "paused", func(s *store.Store, id tasks.ID) error {
		_, err := s.PauseSubscription(ctx, tasks.EveryClient, id, tasks.Pause{
			Code: tasks.PauseByOperator, Reason: "The operator of the server paused it. Subscribe again with the same values to go on, or ask why.",
		})
		return err
	})
}

type subscriptionResumeCmd struct{ oneSubscription }

func (c *subscriptionResumeCmd) Run(ctx context.Context, t *terminal) error {
	return c.change(ctx, t, "resumed", func(s *store.Store, id tasks.ID) error {
		return s.ResumeSubscription(ctx, tasks.EveryClient, id, false)
	})
}

type subscriptionRunNowCmd struct{ oneSubscription }

func (c *subscriptionRunNowCmd) Run(ctx context.Context, t *terminal) error {
	return c.change(ctx, t, "made due", func(s *store.Store, id tasks.ID) error {
		return s.ResumeSubscription(ctx, tasks.EveryClient, id, true)
	})
}

type subscriptionRemoveCmd struct{ oneSubscription }

func (c *subscriptionRemoveCmd) Run(ctx context.Context, t *terminal) error {
	return c.change(ctx, t, "removed", func(s *store.Store, id tasks.ID) error {
		ended, err := s.Unsubscribe(ctx, tasks.EveryClient, tasks.SubscriptionFilter{IDs: []tasks.ID{id}})
		if err == nil && len(ended) == 0 {
			err = tasks.ErrNoSubscription
		}
		return err
	})
}
