package tracker

import (
	"cmp"
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

// Return is what a user comes back with from a provider's pages.
type Return struct {
	State, Code string
	Fault       string // the provider's word for what went wrong; empty: nothing did
}

// Finish keeps what the provider gives for the code with which a user came back, and
// says which provider it is, also beside an error where that is known. A code is good
// for one time: the provider sees to that.
func (c *Connections) Finish(ctx context.Context, back Return) (Provider, error) {
	var b pending
	sealed, err := base64.RawURLEncoding.DecodeString(back.State)
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
		return b.Provider, &tasks.Error{Code: tasks.CodeInvalid, Field: "state", Message: "The sign-in took longer than 15 minutes; begin anew."}
	case back.Fault != "" || back.Code == "":
		return b.Provider, Unconnected(b.Provider, cmp.Or(back.Fault, "access_denied"))
	}
	given, err := live.Exchange(ctx, back.Code, b.Verifier, b.Redirect)
	if _, waits := tasks.AsLater(err); waits {
		return b.Provider, Unconnected(b.Provider, "temporarily_unavailable")
	}
	if err != nil {
		return b.Provider, err
	}
	return b.Provider, c.library.StoreCredentials(ctx, b.Client, UserOf(b.Client, b.Account).Parent, b.Provider, given)
}
