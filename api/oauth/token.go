package oauth

import (
	"mime"
	"net"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"asapi/api/internal/web"
	"asapi/tasks"
)

// The grants.
const (
	clientCredentials = "client_credentials"
	jwtBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer" //nolint:gosec // a name, no token
)

// token exchanges what the request brings for an access token.
func (d *door) token(c echo.Context) error {
	f, err := d.form(c)
	if err != nil {
		return err
	}
	var made tasks.AccessToken
	ctx := c.Request().Context()
	switch f["grant_type"] {
	case "":
		return invalidRequest("grant_type is missing.")
	case clientCredentials:
		var id, secret string
		if id, secret, err = clientOf(c.Request(), f); err != nil {
			return err
		}
		web.Note(c, "client_id", tasks.Clip(id, 200))
		made, err = d.Desk.GrantClient(ctx, tasks.ClientGrant{ID: id, Secret: secret, Scope: f["scope"], Address: addressOf(c.Request())})
	case jwtBearer:
		if f["assertion"] == "" {
			return invalidRequest("assertion is missing.")
		}
		made, err = d.Desk.GrantAssertion(ctx, tasks.AssertionGrant{Assertion: f["assertion"], Scope: f["scope"], TokenURL: d.tokenURL(c)})
	default:
		return &fault{kind: unsupportedGrantType, message: "grant_type is client_credentials or " + jwtBearer + ".", status: http.StatusBadRequest}
	}
	if err != nil {
		return err
	}
	uncached(c.Response().Header())
	return c.JSON(http.StatusOK, answerOf(made))
}

// form reads the parameters, none of which may stand there twice (RFC 6749 section
// 3.2). Those of the query do not count: addresses are logged.
func (d *door) form(c echo.Context) (map[string]string, error) {
	kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	if err != nil || kind != echo.MIMEApplicationForm {
		return nil, invalidRequest("The body has to be application/x-www-form-urlencoded.")
	}
	read, err := d.Form(c)
	if err != nil {
		return nil, err
	}
	f := map[string]string{}
	for _, name := range []string{"grant_type", "client_id", "client_secret", "scope", "assertion"} {
		if len(read.All(name)) > 1 {
			return nil, invalidRequest(name + " is there more than once.")
		}
		f[name] = read.Get(name)
	}
	return f, nil
}

// clientOf finds the client's id and secret, in the header or in the body but not in
// both (RFC 6749 section 2.3.1). A body may repeat the header's id.
func clientOf(r *http.Request, f map[string]string) (id, secret string, err error) {
	if r.Header.Get("Authorization") == "" {
		if f["client_id"] == "" {
			return "", "", &fault{kind: invalidClient, message: "The client's id and secret are missing: send them by HTTP Basic or as client_id and client_secret.", status: http.StatusUnauthorized}
		}
		return f["client_id"], f["client_secret"], nil
	}
	id, secret, ok := r.BasicAuth()
	if ok {
		var idErr, secretErr error
		id, idErr = url.QueryUnescape(id)
		secret, secretErr = url.QueryUnescape(secret)
		ok = idErr == nil && secretErr == nil
	}
	switch {
	case !ok:
		return "", "", &fault{kind: invalidClient, message: "The header Authorization has to hold the client's id and secret, percent-encoded, by HTTP Basic.", status: http.StatusUnauthorized}
	case f["client_secret"] != "" || f["client_id"] != "" && f["client_id"] != id:
		return "", "", invalidRequest("The client's id and secret are in the header and in the body; send them once.")
	}
	return id, secret, nil
}

// addressOf gives where a request comes from, without the port.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
