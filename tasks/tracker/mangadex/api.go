package mangadex

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/live"
)

// Where the API and the sign-in are.
const (
	API    = "https://api.mangadex.org"
	SignIn = "https://auth.mangadex.org/realms/mangadex/protocol/openid-connect"
)

// Rates are what the site allows: about five requests a second of one address, whoever
// signs in, with a little more time for requests on their way.
var Rates = []tasks.Rate{{Every: 220 * time.Millisecond, Wide: true}}

// Live implements tracker.Live over the API.
type Live struct {
	api, signIn string
	caller      *live.Caller
}

var _ tracker.Live = (*Live)(nil)

// NewLive makes the adapter; the bases are the addresses of the API and of the sign-in.
func NewLive(cfg live.Config) (*Live, error) {
	cfg.Provider, cfg.Judge = tracker.MangaDex, judge
	caller, err := live.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Live{strings.TrimSuffix(cfg.Bases[0], "/"), strings.TrimSuffix(cfg.Bases[1], "/"), caller}, nil
}

// banWait is how long the site is left alone when it refuses without a word, which it
// does to those who went on after it asked for fewer requests. It names no time.
const banWait = 15 * time.Minute

// judge knows the site's signals: its limits are for an address and not for a user, and a
// 403 with a page for people is a ban. One with JSON is about what was asked.
func judge(a *live.Answer) live.Verdict {
	v := live.Signals(a)
	if a.Status == http.StatusForbidden && !json.Valid(a.Body) {
		v = live.Verdict{Wait: banWait, Reason: "It refuses requests for now, which it does when there were too many."}
	}
	v.Wide = v.Wait > 0
	return v
}

// Format implements tracker.Live.
func (*Live) Format() tracker.Format { return Format{} }

// Identity implements tracker.Live: tokens change every quarter of an hour, the user does
// not.
func (*Live) Identity(c tracker.Credentials) string { return strings.ToLower(c["username"]) }

// Open implements tracker.Live.
func (l *Live) Open(ctx context.Context, access *tracker.Access) (tracker.LiveList, error) {
	s := &session{live: l, access: access}
	if access.Credentials["token"] == "" {
		if err := s.renew(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// session is one run's work.
type session struct {
	live   *Live
	access *tracker.Access

	statuses []standing // of the whole list, by id; nil: not asked yet
}

// errAbsent says that a title is not there.
var errAbsent = tracker.Refused("MangaDex does not have this title.")

// ask sends a request below the API's address, with in as its body where there is one,
// and decodes the answer into out where something is wanted of it. A token that is over
// is renewed.
func (s *session) ask(ctx context.Context, method, path string, in, out any) error {
	r := live.Request{Method: method, URL: s.live.api + path, Writes: method != http.MethodGet}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode a request: %w", err)
		}
		r.ContentType, r.Body = "application/json", body
	}
	for renewed := false; ; renewed = true {
		r.Header = http.Header{"Authorization": {"Bearer " + s.access.Credentials["token"]}}
		answer, err := s.live.caller.Do(ctx, s.access.Lane, r)
		if err != nil {
			return err
		}
		if answer.Status == http.StatusUnauthorized && !renewed {
			if err := s.renew(ctx); err != nil {
				return err
			}
			continue
		}
		return decode(answer, out)
	}
}

// said is what an answer tells of what went wrong.
type said struct {
	Errors []struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
	} `json:"errors"`
}

func (s *said) titled(title string) bool {
	for _, e := range s.Errors {
		if e.Title == title {
			return true
		}
	}
	return false
}

func (s *said) text() string {
	var all []string
	for _, e := range s.Errors {
		all = append(all, strings.TrimSpace(e.Detail))
	}
	return tasks.Clip(strings.TrimSpace(strings.Join(all, " ")), 300)
}

func decode(a *live.Answer, out any) error {
	var told said
	if a.Status >= 300 {
		_ = json.Unmarshal(a.Body, &told) // a sentence is made without it
	}
	switch {
	case a.Status == http.StatusUnauthorized:
		return tracker.SignIn(tracker.MangaDex, "does not let this user do that.")
	case a.Status == http.StatusForbidden && told.titled("captcha_required_exception"):
		return tasks.Permanent(tasks.CodeUnavailable, "MangaDex wants a captcha to be solved by a person before it takes more requests. Use the site in a browser from the same address, and submit the task again.")
	case a.Status == http.StatusForbidden:
		return tracker.SignIn(tracker.MangaDex, "does not allow this with these credentials.")
	case a.Status == http.StatusNotFound:
		return errAbsent
	case a.Status == http.StatusBadRequest:
		return tracker.Refused("MangaDex refused the entry: " + told.text())
	case a.Status >= 300:
		return fmt.Errorf("MangaDex answers with status %d", a.Status)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(a.Body, out); err != nil {
		return fmt.Errorf("the answer of MangaDex is not what it should be: %w", err)
	}
	return nil
}

func isAbsent(err error) bool { return errors.Is(err, errAbsent) }
