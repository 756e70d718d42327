package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"asapi/internal/embedded"
	"asapi/internal/outbound"
	"asapi/internal/seal"
	"asapi/store"
	"asapi/tasks"
	"asapi/worker/webhooks"
)

type webhookCmd struct {
	Set    webhookSetCmd    `cmd:"" help:"Give a token a webhook, change its address, or remove it."`
	Secret webhookSecretCmd `cmd:"" help:"Print the secret that events are signed with, and nothing else."`
	Test   webhookTestCmd   `cmd:"" help:"Send a test event now, and tell what the other side answered."`
	List   webhookListCmd   `cmd:"" help:"List recent deliveries, newest first."`
}

// outgoing says where webhooks may be.
type outgoing struct {
	AllowPrivate bool `name:"webhook-allow-private" help:"Send webhooks to private and loopback addresses too." env:"WEBHOOK_ALLOW_PRIVATE"`
}

func (o *outgoing) client() *http.Client {
	return outbound.New(outbound.Config{AllowPrivate: o.AllowPrivate})
}

// sealing is what commands need that read or write stored secrets.
type sealing struct {
	SecretKey string `help:"Key that secrets are encrypted with, where there is no data folder." env:"SECRET_KEY" placeholder:"KEY"`
}

func (k *sealing) sealer(a *admin) (*seal.Sealer, error) {
	secret := k.SecretKey
	if a.Data != "" {
		folder, err := embedded.LookAt(a.Data)
		if err != nil {
			return nil, &usageError{err}
		}
		if secret, err = folder.SecretKey(seal.Generate); err != nil {
			return nil, err
		}
	}
	s, err := seal.Parse(secret)
	if err != nil {
		return nil, &usageError{plain(err)}
	}
	return s, nil
}

// hooked names the token whose webhook a command is about.
type hooked struct {
	admin
	Token string `required:"" help:"Id as token list gives it, or the token itself." env:"ASAPI_WEBHOOK_TOKEN"`
}

// tokenID gives the id of a token that is named by its id or by itself.
func tokenID(ctx context.Context, s *store.Store, name string) (string, error) {
	known, err := s.Authenticate(ctx, sha256.Sum256([]byte(name)))
	if tasks.CodeOf(err) == tasks.CodeUnauthorized {
		return name, nil
	}
	return known.Token.ID, err
}

// withHook finds the webhook for one piece of work.
func (h *hooked) withHook(ctx context.Context, work func(*store.Store, tasks.Webhook) error) error {
	return h.with(ctx, func(s *store.Store) error {
		id, err := tokenID(ctx, s, h.Token)
		if err != nil {
			return err
		}
		w, err := s.Webhook(ctx, id)
		if err != nil {
			return err
		}
		return work(s, w)
	})
}

// setWebhook gives the token a webhook under the secret it has, or a new one.
func setWebhook(ctx context.Context, s *store.Store, sealer tasks.Sealer, token, url string, newSecret bool) error {
	secret := []byte(webhooks.NewSecret())
	old, err := s.Webhook(ctx, token)
	if err != nil && tasks.CodeOf(err) != tasks.CodeNotFound {
		return err
	}
	if err == nil && !newSecret {
		if secret, err = sealer.Open(old.Sealed); err != nil {
			return fmt.Errorf("the secret cannot be read, --new-secret makes another one: %w", err)
		}
	}
	// Sealed anew it is under the newest key.
	sealed, err := sealer.Seal(secret)
	if err != nil {
		return err
	}
	return s.SetWebhook(ctx, tasks.Webhook{Token: token, URL: url, Sealed: sealed})
}

type webhookSetCmd struct {
	hooked
	sealing
	URL       string `name:"url" help:"Address that events are posted to." env:"ASAPI_WEBHOOK_URL" placeholder:"URL"`
	NewSecret bool   `help:"Make a new signing secret; otherwise the one that is there stays."`
	Remove    bool   `help:"Remove the webhook; what it was still to be told is given up."`
}

func (c *webhookSetCmd) Run(ctx context.Context, t *terminal) error {
	if c.Remove == (c.URL != "") || c.Remove && c.NewSecret {
		return &usageError{errors.New("webhook set takes --url, or --remove")}
	}
	if c.Remove {
		return c.withHook(ctx, func(s *store.Store, w tasks.Webhook) error {
			if err := s.RemoveWebhook(ctx, w.Token); err != nil {
				return err
			}
			if t.interactive() {
				return t.printf("The token %s has no webhook any more.\n", w.Token)
			}
			return t.json(map[string]any{"token": w.Token, "removed": true})
		})
	}
	if err := tasks.CheckWebhookURL(c.URL); err != nil {
		return &usageError{plain(err)}
	}
	sealer, err := c.sealer(&c.admin)
	if err != nil {
		return err
	}
	return c.with(ctx, func(s *store.Store) error {
		id, err := tokenID(ctx, s, c.Token)
		if err != nil {
			return err
		}
		if err := setWebhook(ctx, s, sealer, id, c.URL, c.NewSecret); err != nil {
			return err
		}
		if t.interactive() {
			return t.printf("Tasks of the token %s that are submitted from now on tell %s when they end.\n", id, c.URL)
		}
		return t.json(map[string]any{"token": id, "url": c.URL})
	})
}

type webhookSecretCmd struct {
	hooked
	sealing
}

func (c *webhookSecretCmd) Run(ctx context.Context, t *terminal) error {
	sealer, err := c.sealer(&c.admin)
	if err != nil {
		return err
	}
	return c.withHook(ctx, func(_ *store.Store, w tasks.Webhook) error {
		secret, err := sealer.Open(w.Sealed)
		if err != nil {
			return err
		}
		_, err = io.WriteString(t.out, string(secret)+"\n")
		return err
	})
}

type webhookTestCmd struct {
	hooked
	sealing
	outgoing
}

// maxShownAnswer is how much of an endpoint's answer is shown, in bytes.
const maxShownAnswer = 500

func (c *webhookTestCmd) Run(ctx context.Context, t *terminal) error {
	sealer, err := c.sealer(&c.admin)
	if err != nil {
		return err
	}
	return c.withHook(ctx, func(_ *store.Store, w tasks.Webhook) error {
		id := uuid.NewString()
		body, err := tasks.WebhookEvent("webhook.test", time.Now(), map[string]any{})
		if err != nil {
			return err
		}
		answer, err := webhooks.Post(ctx, c.client(), sealer, w, id, body)
		if err != nil {
			if errors.Is(err, outbound.ErrForbidden) {
				return fmt.Errorf("the test event was not sent: %w; WEBHOOK_ALLOW_PRIVATE=true allows it", err)
			}
			return fmt.Errorf("there was no answer: %w", err)
		}
		if err := tellAnswer(t, w, id, answer); err != nil {
			return err
		}
		if !answer.Delivered() {
			return fmt.Errorf("the endpoint answered %d %s", answer.Status, http.StatusText(answer.Status))
		}
		return nil
	})
}

func tellAnswer(t *terminal, w tasks.Webhook, id string, a webhooks.Answer) error {
	text := tasks.Clip(strings.ToValidUTF8(string(a.Body), "?"), maxShownAnswer)
	if !t.interactive() {
		return t.json(struct {
			ID         string    `json:"webhook_id"`
			Token      string    `json:"token"`
			Status     int       `json:"status"`
			Delivered  bool      `json:"delivered"`
			TookMS     int64     `json:"took_ms"`
			Answer     string    `json:"answer"`
			DisabledAt time.Time `json:"disabled_at,omitzero"`
		}{id, w.Token, a.Status, a.Delivered(), a.Took.Milliseconds(), text, w.DisabledAt})
	}
	if !w.DisabledAt.IsZero() {
		if err := t.printf("This webhook answered 410 before and is disabled; webhook set enables it again.\n"); err != nil {
			return err
		}
	}
	return t.printf("The endpoint answered %d %s after %v.\n%s\n", a.Status, http.StatusText(a.Status), a.Took.Round(time.Millisecond), text)
}
