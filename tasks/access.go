package tasks

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// accessPrefix is how an access token begins. The rest is sealed, so that every
// process that has SECRET_KEY reads it, nobody else can, and none is stored.
const accessPrefix = "asat_"

// maxAccessToken is longer than any access token that is made here, in bytes.
const maxAccessToken = 16 << 10

// access is what an access token says.
type access struct {
	Use     string `json:"use"` // accessUse: other things are sealed under the same key
	Token   string `json:"token"`
	Expires int64  `json:"exp"` // Unix seconds
	Scope   string `json:"scope"`
}

const accessUse = "access"

// AccessToken is what a credential is exchanged for.
type AccessToken struct {
	Text      string
	ExpiresIn time.Duration
	Scope     string // what was granted, separated by spaces
}

// issue makes an access token that ends with the credential's token at the latest.
func (d *Desk) issue(t Token, scope []Permission) (AccessToken, error) {
	now := time.Now()
	expires := now.Add(d.cfg.AccessTokenTime)
	if !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(expires) {
		expires = t.ExpiresAt
	}
	made := AccessToken{ExpiresIn: expires.Sub(now).Truncate(time.Second), Scope: scopeText(scope)}
	plain, err := json.Marshal(access{Use: accessUse, Token: t.ID, Expires: now.Add(made.ExpiresIn).Unix(), Scope: made.Scope})
	if err != nil {
		return made, err
	}
	sealed, err := d.cfg.Sealer.Seal(plain)
	made.Text = accessPrefix + base64.RawURLEncoding.EncodeToString(sealed)
	return made, err
}

// openAccess reads an access token; it does not say whether that is still valid.
func (d *Desk) openAccess(text string) (a access, ok bool) {
	sealed, is := strings.CutPrefix(text, accessPrefix)
	if !is || len(text) > maxAccessToken {
		return a, false
	}
	b, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return a, false
	}
	if b, err = d.cfg.Sealer.Open(b); err != nil || json.Unmarshal(b, &a) != nil {
		return a, false
	}
	return a, a.Use == accessUse
}

// callerBehind finds the caller behind a token or an access token.
func (d *Desk) callerBehind(ctx context.Context, secret string, hash [32]byte) (Caller, error) {
	a, ok := d.openAccess(secret)
	if !ok {
		return d.cfg.Store.Authenticate(ctx, hash)
	}
	scope, err := ParseScope(a.Scope)
	if err != nil {
		return Caller{}, err
	}
	c, err := d.cfg.Store.CallerOf(ctx, a.Token)
	if err != nil {
		return c, err
	}
	if expires := time.Unix(a.Expires, 0).UTC(); c.Token.ExpiresAt.IsZero() || expires.Before(c.Token.ExpiresAt) {
		c.Token.ExpiresAt = expires
	}
	if c.Token, ok = c.Token.scoped(scope); !ok {
		return Caller{}, &Error{Code: CodeUnauthorized, Message: "The credential may not do any more what the access token was made for."}
	}
	return c, nil
}
