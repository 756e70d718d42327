package mangadex

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/live"
)

// errRejected says that the sign-in did not take what it was given.
var errRejected = errors.New("the sign-in of MangaDex did not take it")

// renew gets a new token: with the refresh token while that is good, and else with name
// and password, as personal clients sign in (RFC 6749 section 4.3). Access tokens are
// good for a quarter of an hour.
func (s *session) renew(ctx context.Context) error {
	return live.Renew(ctx, s.access, func(kept tracker.Credentials) (live.Granted, error) { return s.grant(ctx, kept) })
}

func (s *session) grant(ctx context.Context, c tracker.Credentials) (live.Granted, error) {
	if c["client_id"] == "" || c["client_secret"] == "" {
		return live.Granted{}, tracker.SignIn(tracker.MangaDex, "takes a personal client with its secret (client_id, client_secret), and they are not there.")
	}
	if c["refresh_token"] != "" {
		got, err := s.token(ctx, c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {c["refresh_token"]}})
		if !errors.Is(err, errRejected) {
			return got, err
		}
	}
	if c["username"] == "" || c["password"] == "" {
		return live.Granted{}, tracker.SignIn(tracker.MangaDex, "does not take the token any more, and signs in with a name and a password (username, password), which are not there.")
	}
	got, err := s.token(ctx, c, url.Values{"grant_type": {"password"}, "username": {c["username"]}, "password": {c["password"]}})
	if errors.Is(err, errRejected) {
		err = tracker.SignIn(tracker.MangaDex, "does not take the name, the password or the personal client; only the user who made a client can sign in with it.")
	}
	return got, err
}

// token asks the sign-in for tokens.
func (s *session) token(ctx context.Context, c tracker.Credentials, form url.Values) (got live.Granted, err error) {
	form.Set("client_id", c["client_id"])
	form.Set("client_secret", c["client_secret"])
	a, err := s.live.caller.Do(ctx, s.access.Lane, live.Request{
		Method: http.MethodPost, URL: s.live.signIn + "/token", ContentType: "application/x-www-form-urlencoded", Body: []byte(form.Encode()),
	})
	switch {
	case err != nil:
		return got, err
	case a.Status == http.StatusBadRequest, a.Status == http.StatusUnauthorized:
		return got, errRejected
	case a.Status >= 300:
		return got, fmt.Errorf("the sign-in of MangaDex answers with status %d", a.Status)
	case json.Unmarshal(a.Body, &got) != nil || got.Access == "":
		return got, errors.New("the sign-in of MangaDex gives no token")
	}
	return got, nil
}
