package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"asapi/internal/client"
)

type subscribeCmd struct {
	remote
	Service string   `arg:"" help:"Service, such as tracker."`
	Action  string   `arg:"" help:"Action, such as import-from-provider."`
	Account string   `arg:"" help:"Account that the tasks work for."`
	Fields  []string `arg:"" optional:"" name:"name=value" help:"Parameters; name==@value gives a value that begins with @."`
	Every   string   `required:"" help:"From one task to the next: 15m to 30d, such as 6h."`
}

// Run subscribes; what was subscribed to before is brought up to date.
func (s *subscribeCmd) Run(ctx context.Context, t *terminal) error {
	read := submitCmd{Fields: s.Fields}
	given, err := read.submission()
	if err != nil {
		return err
	}
	if len(given.Files) > 0 {
		return &usageError{errors.New("a subscription takes no files")}
	}
	c, err := s.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	made, err := c.Subscribe(ctx, s.Service, s.Action, s.Account, s.Every, given.Values)
	if err != nil {
		return err
	}
	if t.interactive() {
		return t.printf("%s  %s; the next task comes at %s\n", made.ID, made.Outcome, made.NextAt.Local().Format(time.DateTime))
	}
	return t.json(made)
}

type subscribedCmd struct {
	remote
	Account string `help:"List this account's subscriptions only."`
}

// Run lists what the token's client subscribed to.
func (s *subscribedCmd) Run(ctx context.Context, t *terminal) error {
	c, err := s.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	list, err := c.Subscriptions(ctx, s.Account)
	if err != nil {
		return err
	}
	for i := range list {
		if err := tellSubscribed(t, &list[i]); err != nil {
			return err
		}
	}
	return nil
}

func tellSubscribed(t *terminal, s *client.Subscription) error {
	if !t.interactive() {
		return t.json(s)
	}
	then := "next " + s.NextAt.Local().Format(time.DateTime)
	if s.State == "paused" {
		then = s.Reason
	}
	return t.printf("%s  %-6s  %s %s  every %v  %d tasks  %s\n", s.ID, s.State, s.Action, s.Account, time.Duration(s.Every)*time.Second, s.Tasks, then)
}

type unsubscribeCmd struct {
	remote
	IDs []string `arg:"" name:"subscription-id" help:"Subscriptions to end, as asapi subscribed lists them."`
}

// Run ends subscriptions; it fails when one of them was not there.
func (u *unsubscribeCmd) Run(ctx context.Context, t *terminal) error {
	c, err := u.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	ended, err := c.Unsubscribe(ctx, u.IDs)
	if err != nil {
		return err
	}
	for _, id := range ended {
		if t.interactive() {
			err = t.printf("%s  ended\n", id)
		} else {
			err = t.json(map[string]any{"subscription_id": id, "ended": true})
		}
		if err != nil {
			return err
		}
	}
	if missing := len(u.IDs) - len(ended); missing > 0 {
		return fmt.Errorf("%d of %d subscriptions were not found", missing, len(u.IDs))
	}
	return nil
}
