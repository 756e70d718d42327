package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"asapi/store"
	"asapi/tasks"
)

type oauthCmd struct {
	Create oauthCreateCmd `cmd:"" help:"Make an OAuth client id and a secret, and print them this once."`
	Key    oauthKeyCmd    `cmd:"" help:"Manage the keys of service accounts."`
	List   oauthListCmd   `cmd:"" help:"List the credentials, without their secrets."`
	Revoke oauthRevokeCmd `cmd:"" help:"Revoke credentials; their access tokens end within 5 seconds."`
}

// oauthFlags say what an OAuth credential is called and may do.
type oauthFlags struct {
	ID       string   `name:"id" help:"Client id, or name of the service account; default: a new one." env:"ASAPI_OAUTH_ID"`
	Protocol string   `help:"How results of its tasks are retrieved: aschannel or asstore." default:"asstore"`
	Scope    []string `help:"Scope that it may use at most, such as tracker or tracker/import-trackers; repeat it for more. Default: everything."`
	rights
}

// read reads the flags.
func (f *oauthFlags) read() (tasks.Token, error) {
	token, err := f.token(f.Protocol)
	if err != nil {
		return token, err
	}
	if f.ID != "" {
		if err := tasks.CheckOAuthID("--id", f.ID); err != nil {
			return token, err
		}
	}
	scope, err := tasks.ParseScope(strings.Join(f.Scope, " "))
	if err != nil {
		return token, err
	}
	if len(scope) > 0 && len(token.Allow) > 0 {
		return token, errors.New("--scope and --allow say the same; give one of them")
	}
	token.Allow = slices.Concat(token.Allow, scope)
	return token, nil
}

// used reports whether any of the flags was set.
func (f *oauthFlags) used() bool {
	return f.ID != "" || f.Protocol != string(tasks.ASStore) || len(f.Scope) > 0 || f.given()
}

type oauthCreateCmd struct {
	admin
	Client string `required:"" help:"Client that it is for."`
	oauthFlags
}

func (oc *oauthCreateCmd) Run(ctx context.Context, t *terminal) error {
	token, err := oc.read()
	if err != nil {
		return &usageError{plain(err)}
	}
	return oc.with(ctx, func(s *store.Store) error {
		client, err := s.ClientByName(ctx, oc.Client)
		if err != nil {
			return err
		}
		return createOAuth(ctx, t, s, client, token, oc.ID)
	})
}

// createOAuth makes a credential and tells its secret.
func createOAuth(ctx context.Context, t *terminal, s *store.Store, client tasks.Client, token tasks.Token, id string) error {
	made, secret, err := newOAuth(ctx, s, client, token, id)
	if err != nil {
		return err
	}
	if !t.interactive() {
		line := oauthLineOf(&made)
		line.Secret = secret
		return t.json(line)
	}
	return t.printf("client id:     %s\nclient secret: %s\nThe secret is not shown again. With both, an access token is got at /o/oauth2/token.\n", made.ID, secret)
}

// newOAuth keeps a credential under the hash of a new secret.
func newOAuth(ctx context.Context, s *store.Store, client tasks.Client, token tasks.Token, id string) (tasks.OAuthCredential, string, error) {
	token.Client = client.ID
	secret := newSecret()
	made, err := s.CreateOAuthCredential(ctx, tasks.OAuthCredential{
		Caller: tasks.Caller{Token: token, Client: client}, ID: id, Secret: sha256.Sum256([]byte(secret)),
	})
	return made, secret, err
}

// oauthLine is a credential as scripts see it.
type oauthLine struct {
	Credential string    `json:"credential"`
	Client     string    `json:"client"`
	ID         string    `json:"client_id"`
	Secret     string    `json:"client_secret,omitempty"`
	KeyID      string    `json:"key_id,omitempty"`
	Protocol   string    `json:"protocol"`
	Stream     string    `json:"stream,omitempty"`
	Admin      bool      `json:"admin"`
	Allow      []string  `json:"allow,omitempty"`
	State      string    `json:"state"`
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at,omitzero"`
	RevokedAt  time.Time `json:"revoked_at,omitzero"`
}

func oauthLineOf(c *tasks.OAuthCredential) oauthLine {
	l := lineOf(&c.Caller)
	return oauthLine{
		Credential: l.ID, Client: l.Client, ID: c.ID, KeyID: c.KeyID, Protocol: l.Protocol, Stream: l.Stream, Admin: l.Admin,
		Allow: l.Allow, State: stateOf(&c.Caller.Token), CreatedAt: l.CreatedAt, ExpiresAt: l.ExpiresAt, RevokedAt: l.RevokedAt,
	}
}

type oauthListCmd struct {
	admin
	Client string `help:"List this client's credentials only."`
}

func (ol *oauthListCmd) Run(ctx context.Context, t *terminal) error {
	return ol.with(ctx, func(s *store.Store) error {
		var client tasks.Client
		var err error
		if ol.Client != "" {
			if client, err = s.ClientByName(ctx, ol.Client); err != nil {
				return err
			}
		}
		list, err := s.OAuthCredentialsOf(ctx, client.ID)
		if err != nil {
			return err
		}
		for i := range list {
			if err := tellOAuth(t, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func tellOAuth(t *terminal, c *tasks.OAuthCredential) error {
	line := oauthLineOf(c)
	if !t.interactive() {
		return t.json(line)
	}
	kind := "secret"
	if c.PublicKey != nil {
		kind = "key " + c.KeyID
	}
	return t.printf("%s  %-7s  %-9s  %s  %s  %s\n", line.Credential, line.State, line.Protocol, line.Client, line.ID, kind)
}

type oauthRevokeCmd struct {
	admin
	IDs []string `arg:"" name:"credential" help:"Credentials as oauth list gives them, or client ids and service accounts with all their credentials."`
}

func (or *oauthRevokeCmd) Run(ctx context.Context, t *terminal) error {
	return or.with(ctx, func(s *store.Store) error {
		for _, id := range or.IDs {
			if err := revokeOAuth(ctx, t, s, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// revokeOAuth revokes one credential, or all of a client id.
func revokeOAuth(ctx context.Context, t *terminal, s *store.Store, id string) error {
	all, err := s.OAuthCredentialsOf(ctx, 0)
	if err != nil {
		return err
	}
	found := false
	for i := range all {
		c := &all[i]
		if c.ID != id && c.Caller.Token.ID != id {
			continue
		}
		found = true
		if err := s.RevokeToken(ctx, c.Caller.Token.ID); err != nil {
			return err
		}
		if t.interactive() {
			err = t.printf("The credential %s of %s is revoked.\n", c.Caller.Token.ID, c.ID)
		} else {
			err = t.json(map[string]any{"credential": c.Caller.Token.ID, "client_id": c.ID, "revoked": true})
		}
		if err != nil {
			return err
		}
	}
	if !found {
		return errors.New("there is no such credential, client id or service account")
	}
	return nil
}
