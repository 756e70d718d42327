package myanimelist

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
)

// authorize is the page on which a user agrees: the stand-in's first user does at once.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != ClientID || q.Get("response_type") != "code" || len(q.Get("code_challenge")) < 43 {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, "<title>Invalid request</title><p>%s", html.EscapeString(r.URL.RawQuery))
		return
	}
	answer := back.Query()
	answer.Set("state", q.Get("state"))
	if p.Declines {
		answer.Set("error", "access_denied")
	} else {
		p.made++
		word := fmt.Sprintf("code-%d", p.made)
		p.codes[word] = code{p.agrees(), q.Get("code_challenge"), q.Get("redirect_uri")}
		answer.Set("code", word)
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound) //nolint:gosec // a stand-in knows no registered addresses
}

// agrees gives the user who signs in.
func (p *Provider) agrees() string {
	name := ""
	for n := range p.users {
		if name == "" || n < name {
			name = n
		}
	}
	return name
}

// grant gives tokens for a code or a refresh token; both are worth nothing after it.
func (p *Provider) grant(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := r.ParseForm(); err != nil || r.PostForm.Get("client_id") != ClientID || r.PostForm.Get("client_secret") != p.Secret {
		fail(w, http.StatusUnauthorized, "invalid_client", "Client authentication failed")
		return
	}
	form, user := r.PostForm, ""
	switch form.Get("grant_type") {
	case "refresh_token":
		user = p.refresh[form.Get("refresh_token")]
		delete(p.refresh, form.Get("refresh_token"))
		if user == "" {
			answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_request", "message": "The refresh token is invalid.", "hint": "Token has expired"})
			return
		}
		p.renewed++
	case "authorization_code":
		c, known := p.codes[form.Get("code")]
		delete(p.codes, form.Get("code"))
		// The challenge is the verifier itself: there is no S256.
		if !known || c.challenge != form.Get("code_verifier") || c.redirect != form.Get("redirect_uri") {
			answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "message": "The code is invalid.", "hint": "Failed to verify `code_verifier`."})
			return
		}
		user = c.user
	default:
		fail(w, http.StatusBadRequest, "unsupported_grant_type", "")
		return
	}
	access, refresh := p.issue(user)
	answer(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 2678400, "access_token": access, "refresh_token": refresh})
}
