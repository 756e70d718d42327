// Package assertion reads what service accounts say of themselves: JSON Web Tokens
// (RFC 7519) signed with RS256, and the public keys that they are checked with. It
// implements tasks.Assertions.
package assertion

import (
	"crypto/x509"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"asapi/tasks"
)

// maxSize is the longest assertion that is read, in bytes.
const maxSize = 16 << 10

// Reader reads assertions. Its zero value is ready.
type Reader struct{}

var _ tasks.Assertions = Reader{}

// claims are what is read of an assertion.
type claims struct {
	jwt.Claims
	Scope string `json:"scope"`
}

// Issuer implements tasks.Assertions.
func (Reader) Issuer(text string) (issuer, keyID string, err error) {
	token, err := parse(text)
	if err != nil {
		return "", "", err
	}
	var c claims
	if err := token.UnsafeClaimsWithoutVerification(&c); err != nil {
		return "", "", bad("The assertion's claims cannot be read.", err)
	}
	return c.Issuer, token.Headers[0].KeyID, nil
}

// Verify implements tasks.Assertions.
func (Reader) Verify(text string, publicKey []byte) (tasks.Assertion, error) {
	token, err := parse(text)
	if err != nil {
		return tasks.Assertion{}, err
	}
	key, err := x509.ParsePKIXPublicKey(publicKey)
	if err != nil {
		return tasks.Assertion{}, err
	}
	var c claims
	if err := token.Claims(key, &c); err != nil {
		return tasks.Assertion{}, bad("The assertion's signature does not fit the registered key.", err)
	}
	if c.Expiry == nil || c.IssuedAt == nil {
		return tasks.Assertion{}, bad("The assertion lacks exp or iat.", nil)
	}
	err = c.ValidateWithLeeway(jwt.Expected{Time: time.Now()}, tasks.AssertionLeeway)
	switch {
	case errors.Is(err, jwt.ErrExpired):
		return tasks.Assertion{}, bad("The assertion has expired.", err)
	case err != nil:
		return tasks.Assertion{}, bad("The assertion is not valid yet; is the clock right?", err)
	}
	return tasks.Assertion{
		Issuer: c.Issuer, Subject: c.Subject, Audience: c.Audience, Scope: c.Scope, ID: c.ID,
		IssuedAt: c.IssuedAt.Time(), ExpiresAt: c.Expiry.Time(),
	}, nil
}

func parse(text string) (*jwt.JSONWebToken, error) {
	if len(text) > maxSize {
		return nil, bad("The assertion is longer than 16384 bytes.", nil)
	}
	token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, bad("The assertion is no JSON Web Token that is signed with RS256.", err)
	}
	return token, nil
}

func bad(message string, err error) error {
	return &tasks.Error{Code: tasks.CodeInvalid, Field: "assertion", Message: message, Err: err}
}
