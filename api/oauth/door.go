// Package oauth is the door at which credentials are exchanged for access tokens:
// the token endpoint of OAuth 2.0 (RFC 6749 sections 4.4 and 5, RFC 7523 section
// 2.1), and what is told of it (RFC 8414). It decodes, makes one call to the Desk
// and encodes; no rule lives here. docs/sign-in.md tells how it is used.
package oauth

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// The paths of this door.
const (
	tokenPath    = "/o/oauth2/token" //nolint:gosec // a path, no token
	metadataPath = "/.well-known/oauth-authorization-server"
)

// Bounds of a request: an assertion is the longest that it holds.
const (
	formBytes = 64 << 10
	fields    = 50
)

type door struct {
	*web.Shared
	public *web.Base // nil: the host that a request came to
}

// Mount adds the door's routes. The token endpoint works with and without its
// trailing slash.
func Mount(e *echo.Echo, shared *web.Shared, public *web.Base) {
	small := *shared
	small.Limits.FormBytes, small.Limits.Fields = formBytes, fields
	d := &door{Shared: &small, public: public}
	web.BothSlashes(func(path string) { e.POST(path, d.token, d.faults) }, tokenPath)
	e.GET(metadataPath, d.metadata)
}

// metadata tells clients where and how to get access tokens (RFC 8414 section 2).
func (d *door) metadata(c echo.Context) error {
	return c.JSON(http.StatusOK, struct {
		Issuer    string   `json:"issuer"`
		Token     string   `json:"token_endpoint"`
		Grants    []string `json:"grant_types_supported"`
		Methods   []string `json:"token_endpoint_auth_methods_supported"`
		Responses []string `json:"response_types_supported"` // there is no endpoint that would give any
		Scopes    []string `json:"scopes_supported"`
	}{
		d.public.Endpoint(c.Request(), "").String(), d.tokenURL(c),
		[]string{clientCredentials, jwtBearer},
		[]string{"client_secret_basic", "client_secret_post"},
		[]string{},
		d.Desk.Scopes(),
	})
}

func (d *door) tokenURL(c echo.Context) string {
	return d.public.Endpoint(c.Request(), tokenPath).String()
}

// answer is a successful answer (RFC 6749 section 5.1).
type answer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
}

func answerOf(t tasks.AccessToken) answer {
	return answer{t.Text, "Bearer", int64(t.ExpiresIn.Seconds()), t.Scope}
}

// uncached keeps the answer out of every cache (RFC 6749 section 5.1).
func uncached(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
}
