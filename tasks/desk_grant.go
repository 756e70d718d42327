package tasks

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"sync"
	"time"
)

// ClientGrant asks for an access token with a secret.
type ClientGrant struct {
	ID, Secret string
	Scope      string // separated by spaces; empty: all
	Address    string // where it comes from
}

// signInsPerSecond is how many secrets may be tried for one ID from one address.
const signInsPerSecond = 5

var errBadClient = &Error{Code: CodeUnauthorized, Message: "The client id is unknown, or its secret is wrong, revoked or expired."}

// GrantClient exchanges a client's id and secret for an access token.
// CodeUnauthorized where they are wrong, with the same words whatever is wrong;
// CodeInvalid with the field scope; CodeRateLimited where too many secrets are
// tried from one address. Who signed in before with this secret is not held up by
// what others try.
func (d *Desk) GrantClient(ctx context.Context, g ClientGrant) (AccessToken, error) {
	scope, err := ParseScope(g.Scope)
	if err != nil {
		return AccessToken{}, err
	}
	hash := sha256.Sum256([]byte(g.Secret))
	if !d.signedIn.has(g.ID, hash) {
		if wait := d.cfg.Throttle.Take("sign-in\x00"+g.ID+"\x00"+g.Address, signInsPerSecond); wait > 0 {
			return AccessToken{}, &Error{Code: CodeRateLimited, RetryAfter: wait, Message: "Too many secrets were tried for this client from this address; try again later."}
		}
	}
	if CheckOAuthID("client_id", g.ID) != nil {
		return AccessToken{}, errBadClient
	}
	list, err := d.cfg.Store.OAuthCredentials(ctx, g.ID)
	if err != nil {
		return AccessToken{}, err
	}
	found := -1
	for i := range list { // all of them, so that the time says nothing of their secrets
		c := &list[i]
		if subtle.ConstantTimeCompare(c.Secret[:], hash[:]) == 1 && c.PublicKey == nil && c.Caller.Token.Valid(time.Now()) {
			found = i
		}
	}
	if found < 0 {
		return AccessToken{}, errBadClient
	}
	d.signedIn.add(g.ID, hash)
	return d.grant(list[found].Caller.Token, scope)
}

// AssertionGrant asks for an access token with an assertion.
type AssertionGrant struct {
	Assertion string
	Scope     string // separated by spaces; it goes before that of the assertion
	TokenURL  string // of this server: an audience that it may be for
}

// maxAssertionTime is the longest time that an assertion may be valid.
const maxAssertionTime = time.Hour

// GrantAssertion exchanges a signed assertion of a service account for an access
// token (RFC 7523 section 2.1): CodeInvalid with the field assertion or scope.
func (d *Desk) GrantAssertion(ctx context.Context, g AssertionGrant) (AccessToken, error) {
	issuer, keyID, err := d.cfg.Assertions.Issuer(g.Assertion)
	if err != nil {
		return AccessToken{}, err
	}
	token, a, err := d.verify(ctx, g.Assertion, issuer, keyID)
	if err != nil {
		return AccessToken{}, err
	}
	if err := d.checkAssertion(a, g.TokenURL); err != nil {
		return AccessToken{}, err
	}
	if g.Scope == "" {
		g.Scope = a.Scope
	}
	scope, err := ParseScope(g.Scope)
	if err != nil {
		return AccessToken{}, err
	}
	if a.ID != "" {
		hash := sha256.Sum256([]byte(a.Issuer + "\x00" + a.ID))
		if err := d.cfg.Store.TakeAssertion(ctx, hash, a.ExpiresAt.Add(AssertionLeeway)); err != nil {
			if CodeOf(err) == CodeUnique {
				err = badAssertion("The assertion was used before: its jti is not new.")
			}
			return AccessToken{}, err
		}
	}
	return d.grant(token, scope)
}

// verify finds the key that signed an assertion.
func (d *Desk) verify(ctx context.Context, text, issuer, keyID string) (Token, Assertion, error) {
	if CheckOAuthID("iss", issuer) != nil {
		return Token{}, Assertion{}, badAssertion("The assertion has no iss that can be a service account.")
	}
	list, err := d.cfg.Store.OAuthCredentials(ctx, issuer)
	if err != nil {
		return Token{}, Assertion{}, err
	}
	err = badAssertion("The service account is unknown, or has no such key that is valid.")
	for i := range list {
		c := &list[i]
		if c.PublicKey == nil || keyID != "" && c.KeyID != keyID || !c.Caller.Token.Valid(time.Now()) {
			continue
		}
		var a Assertion
		if a, err = d.cfg.Assertions.Verify(text, c.PublicKey); err == nil {
			return c.Caller.Token, a, nil
		}
	}
	return Token{}, Assertion{}, err
}

func (d *Desk) checkAssertion(a Assertion, tokenURL string) error {
	known := func(audience string) bool {
		return audience != "" && (audience == tokenURL || slices.Contains(d.cfg.Audiences, audience))
	}
	switch {
	case a.Subject != "" && a.Subject != a.Issuer:
		return badAssertion("The assertion's sub must be its iss: a service account speaks for nobody else here.")
	case !slices.ContainsFunc(a.Audience, known):
		return badAssertion("The assertion's aud is not the token endpoint of this server.")
	case a.ExpiresAt.Sub(a.IssuedAt) > maxAssertionTime+AssertionLeeway:
		return badAssertion("The assertion is valid for longer than an hour.")
	}
	return nil
}

func badAssertion(message string) error {
	return &Error{Code: CodeInvalid, Field: "assertion", Message: message}
}

func (d *Desk) grant(t Token, scope []Permission) (AccessToken, error) {
	if err := d.checkScope(t, scope); err != nil {
		return AccessToken{}, err
	}
	return d.issue(t, scope)
}

// signIns remembers the secrets by which clients signed in, so that those who try
// others cannot hold them up.
type signIns struct {
	mu    sync.Mutex
	known map[string][32]byte
}

// maxSignIns bounds what is remembered; past it, it starts anew.
const maxSignIns = 10000

func (s *signIns) has(id string, hash [32]byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.known[id]
	return ok && subtle.ConstantTimeCompare(known[:], hash[:]) == 1
}

func (s *signIns) add(id string, hash [32]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= maxSignIns {
		s.known = map[string][32]byte{}
	}
	s.known[id] = hash
}
