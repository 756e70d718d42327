package anilist

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The application that the stand-in knows.
const (
	ClientID     = "1234"
	ClientSecret = "stand-in-secret"
)

// code is what a user came back with.
type code struct {
	user     *User
	redirect string
}

// signInPath is where the sign-in is.
const signInPath = "/api/v2/oauth/"

// sign serves the sign-in.
func (p *Provider) sign(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, signInPath) {
	case "GET authorize":
		p.authorize(w, r)
	case "POST token":
		p.grant(w, r)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// authorize is the page on which a user agrees: the stand-in's first user does at once,
// unless Declines says that nobody does.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != ClientID || q.Get("response_type") != "code" {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client", "message": "Client authentication failed"})
		return
	}
	say := back.Query()
	say.Set("state", q.Get("state"))
	if p.Declines {
		say.Set("error", "access_denied")
		say.Set("error_description", "The resource owner or authorization server denied the request.")
	} else {
		word := fmt.Sprintf("code-%d", len(p.codes)+1)
		p.codes[word] = code{p.agrees(), q.Get("redirect_uri")}
		say.Set("code", word)
	}
	back.RawQuery = say.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound) //nolint:gosec // a stand-in knows no registered addresses
}

// agrees gives the user who signs in.
func (p *Provider) agrees() *User {
	var all []*User
	for _, u := range p.users {
		all = append(all, u)
	}
	return slices.MinFunc(all, func(a, b *User) int { return strings.Compare(a.Name, b.Name) })
}

// grant gives a token for a code, which is worth nothing after it.
func (p *Provider) grant(w http.ResponseWriter, r *http.Request) {
	var given map[string]string
	if json.NewDecoder(r.Body).Decode(&given) != nil || given["client_id"] != ClientID || given["client_secret"] != ClientSecret {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client", "message": "Client authentication failed"})
		return
	}
	c := p.codes[given["code"]]
	p.codes[given["code"]] = code{}
	if c.user == nil || c.redirect != given["redirect_uri"] || given["grant_type"] != "authorization_code" {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "message": "The provided authorization grant is invalid.", "hint": "Authorization code has been revoked"})
		return
	}
	token := fmt.Sprintf("header.granted-to-%s-%d.signature", c.user.Name, len(p.codes))
	p.users[token] = c.user
	answer(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 31536000, "access_token": token, "refresh_token": "of no use"})
}
