package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"io"

	"asapi/internal/seal"
	"asapi/store"
	"asapi/tasks"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make a token, and print it and nothing else."`
	List   tokenListCmd   `cmd:"" help:"List the tokens, without their secrets."`
	Revoke tokenRevokeCmd `cmd:"" help:"Revoke tokens; it bites within 5 seconds."`
}

type tokenCreateCmd struct {
	admin
	sealing
	Client   string `required:"" help:"Client that the token is for."`
	Protocol string `required:"" help:"How results are retrieved: aschannel or asstore."`
	rights
	Webhook string `help:"Address that is told when a task of this token ends." placeholder:"URL"`
}

func (tc *tokenCreateCmd) Run(ctx context.Context, t *terminal) error {
	token, err := tc.read()
	if err != nil {
		return &usageError{plain(err)}
	}
	var sealer *seal.Sealer
	if tc.Webhook != "" {
		if sealer, err = tc.sealer(&tc.admin); err != nil {
			return err
		}
	}
	return tc.with(ctx, func(s *store.Store) error {
		client, err := s.ClientByName(ctx, tc.Client)
		if err != nil {
			return err
		}
		token.Client = client.ID
		made, secret, err := createToken(ctx, s, token)
		if err == nil && tc.Webhook != "" {
			err = setWebhook(ctx, s, sealer, made.ID, tc.Webhook, true)
		}
		if err != nil {
			return err
		}
		_, err = io.WriteString(t.out, secret+"\n")
		return err
	})
}

// read reads the flags.
func (tc *tokenCreateCmd) read() (tasks.Token, error) {
	token, err := tc.token(tc.Protocol)
	if err == nil && tc.Webhook != "" {
		err = tasks.CheckWebhookURL(tc.Webhook)
	}
	return token, err
}

// newSecret makes a token of at least 256 random bits. It never begins with a
// hyphen, which a command line would take for a flag.
func newSecret() string {
	for {
		var random [33]byte
		_, _ = rand.Read(random[:]) // never fails
		if secret := base64.RawURLEncoding.EncodeToString(random[:]); secret[0] != '-' {
			return secret
		}
	}
}

// createToken keeps the token under the hash of a new secret, which is told this
// once.
func createToken(ctx context.Context, s *store.Store, token tasks.Token) (tasks.Token, string, error) {
	secret := newSecret()
	token, err := s.CreateToken(ctx, token, sha256.Sum256([]byte(secret)))
	return token, secret, err
}

type tokenRevokeCmd struct {
	admin
	IDs []string `arg:"" name:"token" help:"Ids as token list gives them, or the tokens themselves."`
}

func (tr *tokenRevokeCmd) Run(ctx context.Context, t *terminal) error {
	return tr.with(ctx, func(s *store.Store) error {
		for _, id := range tr.IDs {
			id, err := tokenID(ctx, s, id)
			if err != nil {
				return err
			}
			if err := s.RevokeToken(ctx, id); err != nil {
				return err
			}
			if t.interactive() {
				err = t.printf("The token %s is revoked.\n", id)
			} else {
				err = t.json(map[string]any{"id": id, "revoked": true})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
