package googleapi

import (
	"net/http"

	"asapi/api/internal/web"
)

// SecretOf finds the token of a request: in the header Authorization, else as an
// API key (X-Goog-Api-Key, or key in the query), else as access_token in the query.
// None of them is ever logged.
func SecretOf(r *http.Request) string {
	if secret := web.SecretOf(r); secret != "" {
		return secret
	}
	if key := r.Header.Get("X-Goog-Api-Key"); key != "" {
		return key
	}
	query := r.URL.Query()
	for _, name := range []string{"key", "access_token"} {
		if secret := query.Get(name); secret != "" {
			return secret
		}
	}
	return ""
}
