package client

import (
	"context"
	"net/url"
	"time"
)

// Subscription is an action that runs for an account again and again.
type Subscription struct {
	ID         string              `json:"subscription_id"`
	Service    string              `json:"service"`
	Action     string              `json:"action"`
	Account    string              `json:"account"`
	Parameters map[string][]string `json:"parameters"`
	Every      int64               `json:"every"` // seconds
	State      string              `json:"state"` // active or paused
	CreatedAt  time.Time           `json:"created_at"`
	NextAt     time.Time           `json:"next_at,omitzero"`
	Tasks      int64               `json:"tasks"`
	Skipped    int64               `json:"skipped"`
	Failures   int                 `json:"failures"`
	LastTask   string              `json:"last_task_id,omitempty"`
	LastAt     time.Time           `json:"last_at,omitzero"`
	PausedAt   time.Time           `json:"paused_at,omitzero"`
	Because    string              `json:"paused_because,omitempty"`
	Reason     string              `json:"paused_reason,omitempty"`
	Outcome    string              `json:"outcome,omitempty"` // of subscribing
}

// Subscribe subscribes to an action. every is as the server reads it, such as 6h.
func (c *Client) Subscribe(ctx context.Context, service, action, account, every string, values url.Values) (Subscription, error) {
	fields := url.Values{"service": {service}, "action": {action}, "account": {account}, "every": {every}}
	for name, list := range values {
		fields[name] = append(fields[name], list...)
	}
	var made Subscription
	err := c.form(ctx, "/subscribe-account/", fields, &made)
	return made, err
}

// Subscriptions lists the subscriptions of an account, or all for the empty name.
func (c *Client) Subscriptions(ctx context.Context, account string) ([]Subscription, error) {
	var all []Subscription
	for after := ""; ; {
		var page struct {
			Subscriptions []Subscription `json:"subscriptions"`
			Next          string         `json:"next_page_token"`
		}
		err := c.form(ctx, "/list-subscriptions/", url.Values{"account": {account}, "page_size": {"1000"}, "page_token": {after}}, &page)
		if err != nil {
			return all, err
		}
		all = append(all, page.Subscriptions...)
		if after = page.Next; after == "" {
			return all, nil
		}
	}
}

// Unsubscribe ends subscriptions and gives the ids of those that were found.
func (c *Client) Unsubscribe(ctx context.Context, ids []string) ([]string, error) {
	var done struct {
		Ended []string `json:"ended"`
	}
	err := c.form(ctx, "/unsubscribe-account/", url.Values{"subscription_id": ids}, &done)
	return done.Ended, err
}
