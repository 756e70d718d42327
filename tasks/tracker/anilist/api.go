package anilist

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
	"asapi/tasks/tracker/live"
)

// Where the GraphQL API and the sign-in are.
const (
	API    = "https://graphql.anilist.co"
	SignIn = "https://anilist.co/api/v2/oauth"
)

// Rates are what the API allows: 30 requests a minute since it runs degraded (its
// documents say 90), one after the other.
var Rates = []tasks.Rate{{Every: 2100 * time.Millisecond}}

// Live implements tracker.Live over the GraphQL API.
type Live struct {
	api, signIn    string
	app            Application
	caller, signer *live.Caller
}

var _ tracker.Live = (*Live)(nil)

// NewLive makes the adapter; the bases are the addresses of the API and of the sign-in.
func NewLive(cfg live.Config, app Application) (*Live, error) {
	cfg.Provider, cfg.Judge = tracker.AniList, judge
	caller, err := live.New(cfg)
	if err != nil {
		return nil, err
	}
	cfg.Judge = nil // the sign-in is another program
	signer, err := live.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Live{strings.TrimSuffix(cfg.Bases[0], "/"), strings.TrimSuffix(cfg.Bases[1], "/"), app, caller, signer}, nil
}

// Format implements tracker.Live.
func (*Live) Format() tracker.Format { return Format{} }

// Identity implements tracker.Live: a token is valid for a year and is never renewed.
func (*Live) Identity(c tracker.Credentials) string { return c["token"] }

// Open implements tracker.Live.
func (l *Live) Open(_ context.Context, access *tracker.Access) (tracker.LiveList, error) {
	token := access.Credentials["token"]
	if token == "" {
		return nil, tracker.SignIn(tracker.AniList, "takes an access token only, and none is there.")
	}
	if ends := expiry(token); !ends.IsZero() && !ends.After(time.Now()) {
		return nil, tracker.SignIn(tracker.AniList, fmt.Sprintf("does not take the token any more: it expired on %s.", ends.UTC().Format(time.DateOnly)))
	}
	return &session{live: l, access: access, token: token}, nil
}

// session is one run's work.
type session struct {
	live   *Live
	access *tracker.Access
	token  string
	user   int64 // the user's id; 0: not asked yet
}

// problem is one of the errors of an answer. They also come with status 200.
type problem struct {
	Message    string              `json:"message"`
	Status     int                 `json:"status"`
	Validation map[string][]string `json:"validation"`
}

// problemsIn gives the errors of an answer, and the text for the user of the first.
func problemsIn(body []byte) []problem {
	if !bytes.Contains(body, []byte(`"errors"`)) {
		return nil
	}
	var answer struct {
		Errors []problem `json:"errors"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil
	}
	return answer.Errors
}

// outageWait is how long an API that was switched off is left alone.
const outageWait = 5 * time.Minute

// judge knows the signals of this API: 429 inside of an answer with another status,
// and 403 for an API that was switched off for everybody.
func judge(a *live.Answer) live.Verdict {
	if v := live.Signals(a); v != (live.Verdict{}) {
		return v
	}
	for _, p := range problemsIn(a.Body) {
		switch {
		case p.Status == http.StatusTooManyRequests:
			wait, said := live.RetryAfter(a)
			if !said {
				wait = time.Minute
			}
			return live.Verdict{Wait: wait, Reason: "It asked for fewer requests."}
		case p.Status >= 500:
			return live.Verdict{Broken: "It answers with an error of its own."}
		case a.Status == http.StatusForbidden || strings.Contains(p.Message, "temporarily disabled"):
			return live.Verdict{Wait: outageWait, Wide: true, Reason: "Its API is switched off for now."}
		}
	}
	if a.Status == http.StatusForbidden {
		return live.Verdict{Wait: outageWait, Wide: true, Reason: "It refuses all requests for now."}
	}
	return live.Verdict{}
}

// errAbsent says that a user, a work or an entry is not there.
var errAbsent = tracker.Refused("AniList does not have this work.")

// ask sends a query, and decodes data into out.
func (s *session) ask(ctx context.Context, query, variables string, writes bool, out any) ([]byte, error) {
	var body listfile.Writer
	body.Put("query", listfile.Quote(query))
	body.Put("variables", variables)
	answer, err := s.live.caller.Do(ctx, s.access.Lane, live.Request{
		Method: http.MethodPost, URL: s.live.api, ContentType: "application/json", Body: []byte(body.String()), Writes: writes,
		Header: http.Header{"Authorization": {"Bearer " + s.token}},
	})
	if err != nil {
		return nil, err
	}
	if err := s.fault(answer); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(answer.Body, &struct {
		Data any `json:"data"`
	}{out}); err != nil {
		return nil, fmt.Errorf("the answer of AniList is not what it should be: %w", err)
	}
	return answer.Body, nil
}

// fault gives the error that an answer tells.
func (s *session) fault(a *live.Answer) error {
	problems := problemsIn(a.Body)
	if len(problems) == 0 && a.Status < 300 {
		return nil
	}
	p := problem{Status: a.Status}
	if len(problems) > 0 {
		p = problems[0]
		p.Status = cmp.Or(p.Status, a.Status)
	}
	switch {
	case p.Status == http.StatusUnauthorized || strings.EqualFold(strings.TrimSuffix(p.Message, "."), "invalid token"):
		return tracker.SignIn(tracker.AniList, "does not take the token: it was revoked, or is none.")
	case p.Status == http.StatusNotFound:
		return errAbsent
	case len(p.Validation) > 0:
		var said []string
		for field, texts := range p.Validation {
			said = append(said, field+": "+strings.Join(texts, " "))
		}
		slices.Sort(said)
		return tracker.Refused("AniList refused the entry: " + tasks.Clip(strings.Join(said, "; "), 300))
	case p.Status == http.StatusBadRequest:
		return tracker.Refused("AniList refused the entry: " + tasks.Clip(p.Message, 300))
	}
	return fmt.Errorf("AniList answers with status %d and an error that is not known", p.Status)
}

// whoami finds the user that the token signs in: a query for a list must name it.
func (s *session) whoami(ctx context.Context) (int64, error) {
	if s.user > 0 {
		return s.user, nil
	}
	known, err := s.access.Remembered(ctx, "user")
	if err != nil {
		return 0, err
	}
	if s.user, _ = strconv.ParseInt(known, 10, 64); s.user > 0 {
		return s.user, nil
	}
	var found struct {
		Viewer struct {
			ID int64 `json:"id"`
		} `json:"Viewer"`
	}
	if _, err := s.ask(ctx, "query { Viewer { id name } }", "", false, &found); err != nil {
		return 0, err
	}
	if found.Viewer.ID <= 0 {
		return 0, tracker.SignIn(tracker.AniList, "does not say whom the token signs in.")
	}
	s.user = found.Viewer.ID
	return s.user, s.access.Remember(ctx, "user", strconv.FormatInt(s.user, 10))
}
