package mangadex

import (
	"fmt"
	"net/http"
)

// grant gives tokens for a name and a password, or for a refresh token, which is worth
// nothing afterwards. The client must be the user's own.
func (p *Provider) grant(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		refuseGrant(w, http.StatusBadRequest, "invalid_request", "Missing form parameter")
		return
	}
	form := r.PostForm
	var u *User
	switch form.Get("grant_type") {
	case "password":
		if u = p.users[form.Get("username")]; u == nil || u.Password != form.Get("password") {
			refuseGrant(w, http.StatusUnauthorized, "invalid_grant", "Invalid user credentials")
			return
		}
	case "refresh_token":
		u = p.users[p.refresh[form.Get("refresh_token")]]
		delete(p.refresh, form.Get("refresh_token"))
		if u == nil {
			refuseGrant(w, http.StatusBadRequest, "invalid_grant", "Token is not active")
			return
		}
	default:
		refuseGrant(w, http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant_type")
		return
	}
	if form.Get("client_id") != u.Client || form.Get("client_secret") != u.Secret {
		refuseGrant(w, http.StatusUnauthorized, "invalid_client", "Invalid client or Invalid client credentials")
		return
	}
	p.granted[form.Get("grant_type")]++
	n := p.granted["password"] + p.granted["refresh_token"]
	access, again := fmt.Sprintf("access-%s-%d", u.Name, n), fmt.Sprintf("again-%s-%d", u.Name, n)
	p.tokens[access] = &token{u, p.clock().Add(tokenTime), p.Lasts}
	p.refresh[again] = u.Name
	answer(w, http.StatusOK, map[string]any{
		"access_token": access, "expires_in": int(tokenTime.Seconds()), "refresh_token": again, "refresh_expires_in": int(refreshTime.Seconds()),
		"token_type": "Bearer", "not-before-policy": 0, "session_state": "made-up", "scope": "openid groups profile email roles",
	})
}

func refuseGrant(w http.ResponseWriter, status int, word, text string) {
	answer(w, status, map[string]string{"error": word, "error_description": text})
}
