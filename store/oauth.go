package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"gorm.io/gorm"

	"asapi/tasks"
)

// CreateOAuthCredential implements tasks.OAuthStore.
func (s *Store) CreateOAuthCredential(ctx context.Context, c tasks.OAuthCredential) (tasks.OAuthCredential, error) {
	secret := ""
	if c.PublicKey == nil {
		secret = hexText(c.Secret[:])
	}
	var nobodys [32]byte // a hash of nothing that anybody has
	_, _ = rand.Read(nobodys[:])
	token, err := s.createToken(ctx, c.Caller.Token, nobodys, func(tx *gorm.DB, t tasks.Token) error {
		if c.ID == "" {
			c.ID = t.ID
		}
		if err := ownOAuthID(tx, c.ID, t.Client); err != nil {
			return err
		}
		n, err := execute(tx, "INSERT INTO oauth_credentials (token_id, id, secret, key_id, public_key) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			t.ID, c.ID, secret, c.KeyID, hexText(c.PublicKey))
		if err == nil && n == 0 {
			return &tasks.Error{Code: tasks.CodeUnique, Field: "key_id", Message: fmt.Sprintf("The service account has had a key %s already; give this one another id.", tasks.Clip(c.KeyID, 64))}
		}
		return err
	})
	c.Caller.Token = token
	return c, err
}

// ownOAuthID makes the ID the client's, or refuses another client's.
func ownOAuthID(tx *gorm.DB, id string, client tasks.ClientID) error {
	if _, err := execute(tx, "INSERT INTO oauth_ids (id, client_id) VALUES (?, ?) ON CONFLICT (id) DO NOTHING", id, client); err != nil {
		return err
	}
	var owner tasks.ClientID
	if err := tx.Raw("SELECT client_id FROM oauth_ids WHERE id = ?", id).Row().Scan(&owner); err != nil {
		return err
	}
	if owner != client {
		return &tasks.Error{Code: tasks.CodeNotPermitted, Field: "id", Message: "This id belongs to another client."}
	}
	return nil
}

const oauthColumns = "SELECT o.id, o.secret, o.key_id, o.public_key, " + callerFields +
	" JOIN oauth_credentials o ON o.token_id = t.id"

func (s *Store) oauthCredentials(ctx context.Context, where string, params ...any) ([]tasks.OAuthCredential, error) {
	var list []tasks.OAuthCredential
	err := query(s.db.Gorm(ctx), func(rows *sql.Rows) error {
		var c tasks.OAuthCredential
		var secret, key string
		var err error
		if c.Caller, err = scanCaller(prefixed{rows, []any{&c.ID, &secret, &c.KeyID, &key}}); err != nil {
			return err
		}
		if key != "" {
			if c.PublicKey, err = hex.DecodeString(key); err != nil {
				return fmt.Errorf("public key of credential %s: %w", c.Caller.Token.ID, err)
			}
		} else if n, err := hex.Decode(c.Secret[:], []byte(secret)); err != nil || n != len(c.Secret) {
			return fmt.Errorf("the secret's hash of credential %s is damaged", c.Caller.Token.ID)
		}
		list = append(list, c)
		return nil
	}, oauthColumns+where+" ORDER BY t.created_at, t.id", params...)
	return list, translate(err)
}

// prefixed scans rows that have more columns in front.
type prefixed struct {
	rows  *sql.Rows
	front []any
}

// Scan gives the columns behind those in front.
func (p prefixed) Scan(targets ...any) error { return p.rows.Scan(append(p.front, targets...)...) }

// OAuthCredentials implements tasks.OAuthStore.
func (s *Store) OAuthCredentials(ctx context.Context, id string) ([]tasks.OAuthCredential, error) {
	return s.oauthCredentials(ctx, " WHERE o.id = ?", clean(id, 200))
}

// OAuthCredentialsOf lists the credentials of a client, of all clients for 0.
func (s *Store) OAuthCredentialsOf(ctx context.Context, client tasks.ClientID) ([]tasks.OAuthCredential, error) {
	return s.oauthCredentials(ctx, " WHERE t.client_id = ? OR ? = 0", int64(client), int64(client))
}

// CallerOf implements tasks.OAuthStore.
func (s *Store) CallerOf(ctx context.Context, token string) (tasks.Caller, error) {
	c, err := scanCaller(s.db.Gorm(ctx).Raw(callerColumns+" WHERE t.id = ?", token).Row())
	if err = translate(err); tasks.CodeOf(err) == tasks.CodeNotFound {
		return c, &tasks.Error{Code: tasks.CodeUnauthorized, Message: "The token is unknown."}
	}
	return c, err
}

// forgottenAtOnce is how many assertions that ran out are forgotten when one is
// taken: more than one, so that they do not pile up.
const forgottenAtOnce = 10

// TakeAssertion implements tasks.OAuthStore.
func (s *Store) TakeAssertion(ctx context.Context, hash [32]byte, until time.Time) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		if _, err := execute(tx, "DELETE FROM oauth_assertions WHERE hash IN (SELECT hash FROM oauth_assertions WHERE until < ? ORDER BY until LIMIT ?)",
			Micros(time.Now()), forgottenAtOnce); err != nil {
			return err
		}
		n, err := execute(tx, "INSERT INTO oauth_assertions (hash, until) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING", hexText(hash[:]), Micros(until))
		if err == nil && n == 0 {
			return &tasks.Error{Code: tasks.CodeUnique, Field: "assertion", Message: "The assertion was taken before."}
		}
		return err
	})
}
