package anilist

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// expiry reads when a token ends: tokens are JSON Web Tokens (RFC 7519). Zero: it does
// not say. Whether the token is good only the site knows.
func expiry(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Expires float64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(raw, &claims) != nil || claims.Expires <= 0 || claims.Expires > 1e11 {
		return time.Time{}
	}
	return time.Unix(int64(claims.Expires), 0)
}
