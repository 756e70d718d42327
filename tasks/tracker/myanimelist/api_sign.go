package myanimelist

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/live"
)

var _ tracker.Connector = (*Live)(nil)

// errRejected says that the sign-in did not take what it was given.
var errRejected = errors.New("the sign-in of MyAnimeList did not take it")

// renew gets a new token. The refresh token is worth nothing afterwards.
func (s *session) renew(ctx context.Context) error {
	return live.Renew(ctx, s.access, func(kept tracker.Credentials) (live.Granted, error) {
		got, err := s.live.grant(ctx, s.access.Lane, s.app(), url.Values{"grant_type": {"refresh_token"}, "refresh_token": {kept["refresh_token"]}})
		if errors.Is(err, errRejected) {
			err = tracker.SignIn(tracker.MyAnimeList, "does not renew the token any more: the sign-in expired or was revoked.")
		}
		return got, err
	})
}

// grant asks the sign-in for tokens.
func (l *Live) grant(ctx context.Context, lane tasks.Lane, app Application, form url.Values) (live.Granted, error) {
	var got live.Granted
	if app.ID == "" {
		return got, tasks.Permanent(tasks.CodeUnauthorized, "It is not known as which application to sign in to MyAnimeList: set ASAPI_MYANIMELIST_CLIENT_ID, or give client_id with the credentials.")
	}
	form.Set("client_id", app.ID)
	if app.Secret != "" {
		form.Set("client_secret", app.Secret)
	}
	a, err := l.caller.Do(ctx, lane, live.Request{
		Method: http.MethodPost, URL: l.signIn + "/token", ContentType: "application/x-www-form-urlencoded", Body: []byte(form.Encode()),
	})
	switch {
	case err != nil:
		return got, err
	case a.Status >= 300:
		_ = json.Unmarshal(a.Body, &got) // a sentence is made without it
		return got, errRejected
	case json.Unmarshal(a.Body, &got) != nil || got.Access == "":
		return got, errors.New("the sign-in of MyAnimeList gives no token")
	}
	return got, nil
}

// Authorize implements tracker.Connector. The challenge is the verifier itself
// (RFC 7636 calls it plain): the site knows no other.
func (l *Live) Authorize(state, verifier, redirect string) (string, error) {
	if l.app.ID == "" {
		return "", tasks.Permanent(tasks.CodeInvalid, "This server is not registered at MyAnimeList: ASAPI_MYANIMELIST_CLIENT_ID is not set.")
	}
	return l.signIn + "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {l.app.ID}, "state": {state}, "redirect_uri": {redirect},
		"code_challenge": {verifier}, "code_challenge_method": {"plain"},
	}.Encode(), nil
}

// Exchange implements tracker.Connector.
func (l *Live) Exchange(ctx context.Context, code, verifier, redirect string) (tracker.Credentials, error) {
	got, err := l.grant(ctx, tasks.Lane{Provider: string(tracker.MyAnimeList), Credential: "sign-in"}, l.app,
		url.Values{"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier}, "redirect_uri": {redirect}})
	if errors.Is(err, errRejected) {
		return nil, tracker.Unconnected(tracker.MyAnimeList, got.Error)
	}
	if err != nil {
		return nil, err
	}
	return tracker.Credentials{"token": got.Access, "refresh_token": got.Refresh}, nil
}
