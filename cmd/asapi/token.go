package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"unicode"

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
	Client   string   `required:"" help:"Client that the token is for."`
	Protocol string   `required:"" help:"How results are retrieved: aschannel or asstore."`
	Admin    bool     `help:"See and cancel the activities of all clients."`
	Allow    []string `sep:"none" help:"Permission service/action[:parameter=value]; repeat it for more. Default: everything."`
	Limit    []string `help:"Limit submits-per-second=N or open-tasks=N; repeat it for more."`
	Expires  string   `help:"End of the token: a duration such as 720h, or a time such as 2026-11-22T10:00:00Z. Default: never."`
	Ack      string   `help:"What makes a message of the stream consumed: auto or explicit." default:"auto"`
	Stream   string   `help:"Stream of the client to share; default: a new one."`
	Webhook  string   `help:"Address that is told when a task of this token ends." placeholder:"URL"`
}

func (tc *tokenCreateCmd) Run(ctx context.Context, t *terminal) error {
	token, err := tc.token()
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

// token reads the flags.
func (tc *tokenCreateCmd) token() (tasks.Token, error) {
	token := tasks.Token{Admin: tc.Admin, Stream: tc.Stream}
	var err error
	if token.Protocol, err = tasks.ParseProtocol(tc.Protocol); err != nil {
		return token, err
	}
	if token.Ack, err = tasks.ParseAck(tc.Ack); err != nil {
		return token, err
	}
	if token.Protocol == tasks.ASStore && (token.Stream != "" || token.Ack != tasks.AckAuto) {
		return token, errors.New("--stream and --ack belong to tokens of the protocol aschannel")
	}
	if len(token.Stream) > 100 || strings.ContainsFunc(token.Stream, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || unicode.IsSpace(r) }) {
		return token, errors.New("--stream takes up to 100 ASCII characters without white space")
	}
	for _, allow := range tc.Allow {
		p, err := tasks.ParsePermission(allow)
		if err != nil {
			return token, err
		}
		token.Allow = append(token.Allow, p)
	}
	for _, limit := range tc.Limit {
		if err := token.Limits.Set(limit); err != nil {
			return token, err
		}
	}
	if tc.Webhook != "" {
		if err := tasks.CheckWebhookURL(tc.Webhook); err != nil {
			return token, err
		}
	}
	token.ExpiresAt, err = moment("expires", tc.Expires, true)
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
