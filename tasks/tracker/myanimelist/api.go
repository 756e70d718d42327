package myanimelist

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/live"
)

// Where the API and the sign-in are.
const (
	API    = "https://api.myanimelist.net/v2"
	SignIn = "https://myanimelist.net/v1/oauth2"
)

// Rates are what is asked of the API: the site names no number, and about one request
// a second is what it bears.
var Rates = []tasks.Rate{{Every: 1050 * time.Millisecond}}

// Application is what this installation is registered as at the site; credentials may
// bring their own.
type Application struct{ ID, Secret string }

// Live implements tracker.Live over the API.
type Live struct {
	api, signIn string
	app         Application
	caller      *live.Caller
}

var _ tracker.Live = (*Live)(nil)

// NewLive makes the adapter; the bases are the addresses of the API and of the sign-in.
func NewLive(cfg live.Config, app Application) (*Live, error) {
	cfg.Provider, cfg.Judge = tracker.MyAnimeList, judge
	caller, err := live.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Live{strings.TrimSuffix(cfg.Bases[0], "/"), strings.TrimSuffix(cfg.Bases[1], "/"), app, caller}, nil
}

// Format implements tracker.Live.
func (*Live) Format() tracker.Format { return Format{} }

// Identity implements tracker.Live: tokens change every month, so requests go by the
// account that stored them, but for public lists.
func (*Live) Identity(c tracker.Credentials) string {
	if c["token"] == "" && c["refresh_token"] == "" {
		return strings.ToLower(c["username"])
	}
	return ""
}

// Open implements tracker.Live. Without a token a user's public lists are read.
func (l *Live) Open(_ context.Context, access *tracker.Access) (tracker.LiveList, error) {
	c := access.Credentials
	s := &session{live: l, access: access, user: "@me"}
	if c["token"] != "" || c["refresh_token"] != "" {
		return s, nil
	}
	if s.user = c["username"]; s.user == "" || s.app().ID == "" {
		return nil, tracker.SignIn(tracker.MyAnimeList, "takes an access token, or a username for public lists and the id of a registered application (client_id), and neither is there.")
	}
	return s, nil
}

// session is one run's work.
type session struct {
	live   *Live
	access *tracker.Access
	user   string // whose lists: @me with a token
}

// app gives the application that the credentials belong to.
func (s *session) app() Application {
	if id := s.access.Credentials["client_id"]; id != "" {
		return Application{id, s.access.Credentials["client_secret"]}
	}
	return s.live.app
}

// banWait is how long the site is left alone when it refuses without a word: its
// protection against floods has no other sign, and names no time.
const banWait = 5 * time.Minute

// judge knows the site's signal to come later: 403 with a page for people, with nothing
// at all, or with JSON that speaks of a flood (DoS). Any other JSON is about what was
// asked.
func judge(a *live.Answer) live.Verdict {
	if v := live.Signals(a); v != (live.Verdict{}) {
		return v
	}
	if a.Status == http.StatusForbidden && (!json.Valid(a.Body) || bytes.Contains(bytes.ToLower(a.Body), []byte("dos detected"))) {
		return live.Verdict{Wait: banWait, Reason: "It refuses requests for now, which it does when there were too many."}
	}
	return live.Verdict{}
}

// errAbsent says that a work, an entry or a user is not there.
var errAbsent = tracker.Refused("MyAnimeList does not have this work.")

// ask sends a request, renews a token that is over, and decodes the answer into out.
func (s *session) ask(ctx context.Context, method, address string, form url.Values, out any) error {
	r := live.Request{Method: method, URL: address, Writes: method != http.MethodGet}
	if form != nil {
		r.ContentType, r.Body = "application/x-www-form-urlencoded", []byte(form.Encode())
	}
	if s.user == "@me" && s.access.Credentials["token"] == "" {
		if err := s.renew(ctx); err != nil {
			return err
		}
	}
	for try := 1; ; try++ {
		r.Header = s.header()
		a, err := s.live.caller.Do(ctx, s.access.Lane, r)
		if err != nil {
			return err
		}
		if a.Status == http.StatusUnauthorized && try == 1 && s.access.Credentials["refresh_token"] != "" {
			if err := s.renew(ctx); err != nil {
				return err
			}
			continue
		}
		if err := s.fault(a); err != nil {
			return err
		}
		if out == nil {
			return nil
		}
		decoder := json.NewDecoder(bytes.NewReader(a.Body))
		if err := decoder.Decode(out); err != nil {
			err = fmt.Errorf("the answer of MyAnimeList is not what it should be: %w", err)
			if r.Writes {
				err = tracker.Unsure(err)
			}
			return err
		}
		return nil
	}
}

func (s *session) header() http.Header {
	if s.user != "@me" {
		return http.Header{"X-Mal-Client-Id": {s.app().ID}}
	}
	return http.Header{"Authorization": {"Bearer " + s.access.Credentials["token"]}}
}

// fault gives the error that an answer tells.
func (s *session) fault(a *live.Answer) error {
	if a.Status < 300 {
		return nil
	}
	var said struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(a.Body, &said) // a sentence is made without it
	switch a.Status {
	case http.StatusUnauthorized:
		return tracker.SignIn(tracker.MyAnimeList, "does not take the token: it expired or was revoked.")
	case http.StatusForbidden:
		return tracker.SignIn(tracker.MyAnimeList, "does not allow this with these credentials: the list is private, or the application may not do it.")
	case http.StatusNotFound:
		return errAbsent
	case http.StatusBadRequest:
		return tracker.Refused("MyAnimeList refused the entry: " + tasks.Clip(strings.TrimSpace(said.Message+" "+said.Error), 300))
	}
	return fmt.Errorf("MyAnimeList answers with status %d", a.Status)
}

func isAbsent(err error) bool { return errors.Is(err, errAbsent) }
