package main

import (
	"context"
	"time"

	"asapi/store"
	"asapi/tasks"
)

type tokenListCmd struct {
	admin
	Client string `help:"List this client's tokens only."`
}

// tokenLine is a token as scripts see it.
type tokenLine struct {
	ID        string    `json:"id"`
	Client    string    `json:"client"`
	Protocol  string    `json:"protocol"`
	Stream    string    `json:"stream,omitempty"`
	Ack       string    `json:"ack,omitempty"`
	Admin     bool      `json:"admin"`
	Allow     []string  `json:"allow,omitempty"`
	Submits   float64   `json:"submits_per_second,omitempty"`
	OpenTasks int64     `json:"open_tasks,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
	Webhook   string    `json:"webhook,omitempty"`
}

func (tl *tokenListCmd) Run(ctx context.Context, t *terminal) error {
	return tl.with(ctx, func(s *store.Store) error {
		var client tasks.ClientID
		if tl.Client != "" {
			c, err := s.ClientByName(ctx, tl.Client)
			if err != nil {
				return err
			}
			client = c.ID
		}
		list, err := s.Tokens(ctx, client)
		if err != nil {
			return err
		}
		for i := range list {
			if err := tellToken(t, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func tellToken(t *terminal, c *tasks.Caller) error {
	token := &c.Token
	if !t.interactive() {
		return t.json(lineOf(c))
	}
	return t.printf("%s  %-9s  %-7s  %s  %s\n", token.ID, token.Protocol, stateOf(token), c.Client.Name, token.Stream)
}

func lineOf(c *tasks.Caller) tokenLine {
	token := &c.Token
	line := tokenLine{
		ID: token.ID, Client: c.Client.Name, Protocol: string(token.Protocol), Stream: token.Stream, Admin: token.Admin,
		Submits: token.Limits.SubmitsPerSecond, OpenTasks: token.Limits.OpenTasks,
		CreatedAt: token.CreatedAt, ExpiresAt: token.ExpiresAt, RevokedAt: token.RevokedAt, Webhook: token.Webhook,
	}
	if token.Protocol == tasks.ASChannel {
		line.Ack = string(token.Ack)
	}
	for _, p := range token.Allow {
		line.Allow = append(line.Allow, p.String())
	}
	return line
}
