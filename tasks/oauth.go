package tasks

import (
	"context"
	"time"
)

// OAuthCredential is a way to get access tokens: a client id with a secret (RFC
// 6749 section 4.4), or a service account with a public key (RFC 7523 section
// 2.1). What its access tokens may do and how their results are retrieved stands
// in its token, whose own secret nobody has. Whatever ends that token ends the
// credential and all its access tokens.
type OAuthCredential struct {
	Caller Caller // the token, whose id is that of the credential, and its client
	// ID is the client_id, or the issuer of assertions. One client may have
	// several credentials of one ID, so that secrets and keys can be replaced.
	ID        string
	Secret    [32]byte // SHA-256 of the secret; zero: there is a key
	KeyID     string   // of the public key
	PublicKey []byte   // RSA, as PKIX in DER (RFC 5280 section 4.1.2.7); nil: there is a secret
}

// maxOAuthID is the longest ID of a credential and the longest id of a key, in
// bytes.
const maxOAuthID = 200

// CheckOAuthID refuses what cannot be an ID of a credential or the id of a key: 1
// to 200 visible ASCII characters, as RFC 6749 appendix A.1 has them but for the
// space.
func CheckOAuthID(field, id string) error {
	ok := id != "" && len(id) <= maxOAuthID
	for _, b := range []byte(id) {
		ok = ok && b > ' ' && b <= '~'
	}
	if !ok {
		return &Error{Code: CodeInvalid, Field: field, Message: field + " takes 1 to 200 visible ASCII characters without white space."}
	}
	return nil
}

// OAuthStore keeps credentials.
type OAuthStore interface {
	// CreateOAuthCredential makes a credential with its token, and gives both
	// their id and, for aschannel, a stream. CodeNotPermitted when the ID is
	// another client's, CodeUnique when its key is there already.
	CreateOAuthCredential(ctx context.Context, c OAuthCredential) (OAuthCredential, error)
	// OAuthCredentials gives the credentials of an ID, also those that ended;
	// none where it is unknown.
	OAuthCredentials(ctx context.Context, id string) ([]OAuthCredential, error)
	// CallerOf finds a token and its client by the token's id, also when it
	// ended; CodeUnauthorized when there is none.
	CallerOf(ctx context.Context, token string) (Caller, error)
	// TakeAssertion remembers an assertion until a time by the server's clock;
	// CodeUnique when it was taken before.
	TakeAssertion(ctx context.Context, hash [32]byte, until time.Time) error
}

// Assertion is what a service account says of itself (RFC 7523 section 3).
type Assertion struct {
	Issuer    string
	Subject   string
	Audience  []string
	Scope     string // separated by spaces
	ID        string // jti; empty: none
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// AssertionLeeway is how far the clock of a service account may be off.
const AssertionLeeway = time.Minute

// Assertions reads assertions: JSON Web Tokens signed with RS256. Its errors are
// CodeInvalid with the field assertion.
type Assertions interface {
	// Issuer tells who says it and with which key, before anything is checked;
	// the key's id may be empty.
	Issuer(text string) (issuer, keyID string, err error)
	// Verify checks the signature with a public key and that the assertion is
	// valid now, give or take AssertionLeeway. When it was issued and when it
	// expires has to be there.
	Verify(text string, publicKey []byte) (Assertion, error)
}
