package tracker

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"asapi/tasks"
)

// connectTime is how long a user may take to sign in on a provider's pages.
const connectTime = 15 * time.Minute

// Connections have users sign in on the pages of their providers. Nothing is kept
// meanwhile: what is needed comes back sealed in the state.
type Connections struct {
	library *Library
	lives   map[Provider]Connector
}

// NewConnections makes them of those of the providers that can do it.
func NewConnections(l *Library, lives []Live) *Connections {
	c := &Connections{library: l, lives: map[Provider]Connector{}}
	for _, live := range lives {
		if able, ok := live.(Connector); ok {
			c.lives[live.Format().Provider()] = able
		}
	}
	return c
}

// pending is what the state holds: who began, and how it goes on.
type pending struct {
	Client   tasks.ClientID `json:"client"`
	Account  string         `json:"account"`
	Provider Provider       `json:"provider"`
	Verifier string         `json:"verifier"`
	Redirect string         `json:"redirect"`
	Ends     time.Time      `json:"ends"`
}

// Begin gives the address to which a user of an account is sent. The caller must be
// allowed to store credentials of that provider; the user comes back to redirect.
func (c *Connections) Begin(caller tasks.Caller, account string, p Provider, redirect string) (string, error) {
	const action = "store-credentials"
	allowed := caller.Token.Narrowed(Slug, action)["provider"]
	live, able := c.lives[p]
	switch {
	case account == "":
		return "", &tasks.Error{Code: tasks.CodeMissing, Field: "account", Message: "This parameter is required."}
	case !able:
		return "", &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "provider", Message: "Users cannot sign in on pages of this provider; store credentials with the action store-credentials."}
	case !caller.Token.May(Slug, action) || len(allowed) > 0 && !slices.Contains(allowed, string(p)):
		return "", &tasks.Error{Code: tasks.CodeNotPermitted, Message: "The token may not store credentials of this provider."}
	}
	b := pending{caller.Client.ID, account, p, rand.Text() + rand.Text(), redirect, c.library.now().Add(connectTime)}
	plain, err := json.Marshal(b)
	if err != nil {
		return "", fmt.Errorf("encode the state of a sign-in: %w", err)
	}
	sealed, err := c.library.sealer.Seal(plain)
	if err != nil {
		return "", &tasks.Error{Code: tasks.CodeInternal, Message: "The sign-in could not be begun.", Err: err}
	}
	return live.Authorize(base64.RawURLEncoding.EncodeToString(sealed), b.Verifier, redirect)
}

// Finish keeps what the provider gives for the code with which a user came back, and
// says which provider it is. A code is good for one time: the provider sees to that.
func (c *Connections) Finish(ctx context.Context, state, code string) (Provider, error) {
	var b pending
	sealed, err := base64.RawURLEncoding.DecodeString(state)
	if err == nil {
		if sealed, err = c.library.sealer.Open(sealed); err == nil {
			err = json.Unmarshal(sealed, &b)
		}
	}
	live, able := c.lives[b.Provider]
	switch {
	case err != nil || !able:
		return "", &tasks.Error{Code: tasks.CodeInvalid, Field: "state", Message: "This is no sign-in that was begun here; begin anew.", Err: errors.Join(err)}
	case !c.library.now().Before(b.Ends):
		return "", &tasks.Error{Code: tasks.CodeInvalid, Field: "state", Message: "The sign-in took too long; begin anew."}
	case code == "":
		return "", &tasks.Error{Code: tasks.CodeUnauthorized, Message: "The provider did not allow it, or you declined; begin anew."}
	}
	given, err := live.Exchange(ctx, code, b.Verifier, b.Redirect)
	if later, waits := tasks.AsLater(err); waits {
		return "", &tasks.Error{Code: tasks.CodeUnavailable, Message: later.Message, RetryAfter: time.Minute}
	}
	if err != nil {
		return "", err
	}
	return b.Provider, c.library.StoreCredentials(ctx, b.Client, UserOf(b.Client, b.Account).Parent, b.Provider, given)
}
