package tasks

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// Webhook is an address that is told when a task ends that was submitted with its
// token.
type Webhook struct {
	Token      string // the token's id
	URL        string
	Sealed     []byte // the signing secret, encrypted
	CreatedAt  time.Time
	DisabledAt time.Time // zero: it is in use; else its endpoint answered 410
}

// WebhookDelivery is one event on its way to a webhook. It is claimed for a
// lease; Attempt is the fence of the one who claimed it.
type WebhookDelivery struct {
	ID      ID // also the webhook-id, the same at every attempt
	Token   string
	Task    ID
	Body    []byte
	Attempt int           // from 1
	Age     time.Duration // since the task ended, by the store's clock
}

// DeliveryState says what became of a WebhookDelivery.
type DeliveryState uint8

// The states of a delivery. Their numbers are stored; never renumber them.
const (
	DeliveryPending   DeliveryState = 0
	DeliveryDelivered DeliveryState = 1
	DeliveryGivenUp   DeliveryState = 2
)

// String gives the words that lists use.
func (s DeliveryState) String() string {
	switch s {
	case DeliveryPending:
		return "pending"
	case DeliveryDelivered:
		return "delivered"
	case DeliveryGivenUp:
		return "given up"
	}
	return "unknown"
}

// DeliveryOutcome is how one attempt ended.
type DeliveryOutcome struct {
	State DeliveryState
	Wait  time.Duration // with DeliveryPending: until the next attempt
	Error string        // why it was not delivered; no secret and no address with a query
	Gone  bool          // the endpoint wants no more: the webhook is disabled
}

// DeliveryReport is a delivery as lists show it.
type DeliveryReport struct {
	ID        ID
	Token     string
	Task      ID
	State     DeliveryState
	Attempts  int
	CreatedAt time.Time
	DueAt     time.Time // of the next attempt; zero: none
	EndedAt   time.Time // zero: pending
	LastError string
}

// WebhookStore keeps webhooks and what they are still to be told. A delivery is
// made in the transaction that ends its task. All times are by the store's clock.
type WebhookStore interface {
	// SetWebhook gives a token a webhook or replaces the one it has, and
	// enables it; CodeNotFound when there is no such token.
	SetWebhook(ctx context.Context, w Webhook) error
	// RemoveWebhook forgets a token's webhook; CodeNotFound when it has none.
	// What it was still to be told is given up.
	RemoveWebhook(ctx context.Context, token string) error
	// Webhook gives a token's webhook, also a disabled one; CodeNotFound.
	Webhook(ctx context.Context, token string) (Webhook, error)
	// DueWebhooks lists the tokens that have deliveries due. Its cost grows
	// with the webhooks that have pending deliveries, not with how many.
	DueWebhooks(ctx context.Context) ([]string, error)
	// TakeDeliveries claims up to n due deliveries of a token for a lease,
	// longest due first. Where the webhook is gone or disabled it gives none,
	// and gives some of the pending ones up.
	TakeDeliveries(ctx context.Context, token string, n int, lease time.Duration) (Webhook, []WebhookDelivery, error)
	// EndDelivery keeps an attempt's outcome. ErrLeaseLost when another
	// attempt has begun. When d is given up, deliveries of its webhook that
	// are as old are given up with it.
	EndDelivery(ctx context.Context, w Webhook, d WebhookDelivery, o DeliveryOutcome) error
	// SweepDeliveries deletes up to limit deliveries that ended longer ago
	// than age, and gives how many.
	SweepDeliveries(ctx context.Context, age time.Duration, limit int) (int64, error)
	// Deliveries lists up to limit deliveries, newest first: a token's, or all
	// for the empty token.
	Deliveries(ctx context.Context, token string, limit int) ([]DeliveryReport, error)
}

// maxWebhookURL is the longest address of a webhook, in bytes.
const maxWebhookURL = 2000

// CheckWebhookURL refuses what cannot be the address of a webhook. Whether the
// address may be connected to shows only when it is.
func CheckWebhookURL(s string) error {
	bad := func(message string) error {
		return &Error{Code: CodeInvalid, Field: "webhook", Message: message}
	}
	u, err := url.Parse(s)
	switch {
	case len(s) > maxWebhookURL:
		return bad("The address of a webhook has at most 2000 bytes.")
	case err != nil || u.Hostname() == "" || strings.ContainsFunc(s, func(r rune) bool { return r == unicode.ReplacementChar || unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return bad("The address of a webhook reads https://example.com/path.")
	case u.Scheme != "https" && u.Scheme != "http":
		return bad("The address of a webhook begins with https:// or http://.")
	case u.User != nil || u.Fragment != "":
		return bad("The address of a webhook has no user, no password and no fragment (#).")
	}
	return nil
}

// WebhookEvent is the body of every request to a webhook.
func WebhookEvent(kind string, at time.Time, data any) ([]byte, error) {
	return json.Marshal(struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      any       `json:"data"`
	}{kind, at.UTC(), data})
}

// EndedEvent is the event of an ended task. It holds neither the result nor the
// parameters, and of an error only its code.
func EndedEvent(t *Task) ([]byte, error) {
	type items struct {
		Total     int64 `json:"total"`
		Succeeded int64 `json:"succeeded"`
		Failed    int64 `json:"failed"`
	}
	data := struct {
		Task     ID       `json:"task_id"`
		Service  string   `json:"service"`
		Action   string   `json:"action"`
		Account  string   `json:"account"`
		Status   string   `json:"status"`
		State    string   `json:"state"`
		Success  bool     `json:"success"`
		Code     Code     `json:"error_code,omitempty"`
		Protocol Protocol `json:"retrieval_protocol"`
		Items    *items   `json:"items,omitempty"`
	}{
		Task: t.ID, Service: t.Service, Action: t.Action, Account: t.Account,
		Status: t.State.Sentence(), State: t.State.String(), Success: t.State.Success(), Code: t.ErrorCode, Protocol: t.Protocol,
	}
	if t.Items != (Tally{}) {
		data.Items = &items{t.Items.Total, t.Items.Succeeded(), t.Items.Failed}
	}
	return WebhookEvent("task.ended", t.EndedAt, data)
}
