package anilist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/live"
)

// Application is what this installation is registered as at the site, for its sign-in.
type Application struct{ ID, Secret string }

var _ tracker.Connector = (*Live)(nil)

// Authorize implements tracker.Connector. The site knows no verifiers (RFC 7636) and no
// scopes: a token may do all that its user may.
func (l *Live) Authorize(state, _, redirect string) (string, error) {
	if l.app.ID == "" || l.app.Secret == "" {
		return "", tasks.Permanent(tasks.CodeInvalid, "This server is not registered at AniList: ASAPI_ANILIST_CLIENT_ID and ASAPI_ANILIST_CLIENT_SECRET are not set. Store an access token instead.")
	}
	return l.signIn + "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {l.app.ID}, "redirect_uri": {redirect}, "state": {state},
	}.Encode(), nil
}

// Exchange implements tracker.Connector. The token is good for a year and cannot be
// renewed.
func (l *Live) Exchange(ctx context.Context, code, _, redirect string) (tracker.Credentials, error) {
	body, err := json.Marshal(map[string]string{
		"grant_type": "authorization_code", "client_id": l.app.ID, "client_secret": l.app.Secret, "redirect_uri": redirect, "code": code,
	})
	if err != nil {
		return nil, fmt.Errorf("encode a request: %w", err)
	}
	a, err := l.signer.Do(ctx, tasks.Lane{Provider: string(tracker.AniList), Credential: "sign-in"}, live.Request{
		Method: http.MethodPost, URL: l.signIn + "/token", ContentType: "application/json", Body: body,
	})
	if err != nil {
		return nil, err
	}
	var said struct {
		Token string `json:"access_token"`
		Error string `json:"error"`
	}
	switch err := json.Unmarshal(a.Body, &said); {
	case a.Status >= 300:
		return nil, tracker.Unconnected(tracker.AniList, said.Error)
	case err != nil || said.Token == "":
		return nil, errors.New("the sign-in of AniList gives no token")
	}
	return tracker.Credentials{"token": said.Token}, nil
}
