package vndb

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/live"
)

// API is where the HTTPS API (Kana) is.
const API = "https://api.vndb.org/kana"

// Rates are what the API allows: 200 requests in five minutes, with a little less so
// that requests on their way do not add up.
var Rates = []tasks.Rate{{Every: 1600 * time.Millisecond}}

// Live implements tracker.Live over the API.
type Live struct {
	api    string
	caller *live.Caller
}

var _ tracker.Live = (*Live)(nil)

// NewLive makes the adapter; the first of the bases is the API's address.
func NewLive(cfg live.Config) (*Live, error) {
	cfg.Provider = tracker.VNDB
	caller, err := live.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Live{strings.TrimSuffix(cfg.Bases[0], "/"), caller}, nil
}

// Format implements tracker.Live.
func (*Live) Format() tracker.Format { return Format{} }

// Identity implements tracker.Live: a token is good until its user takes it back.
func (*Live) Identity(c tracker.Credentials) string { return c["token"] }

// Open implements tracker.Live. What the token may do is asked once in a task: one
// that may not read private entries would give a list that lacks them.
func (l *Live) Open(ctx context.Context, access *tracker.Access) (tracker.LiveList, error) {
	s := &session{live: l, access: access, token: access.Credentials["token"]}
	if s.token == "" {
		return nil, tracker.SignIn(tracker.VNDB, "takes a token only, and none is there.")
	}
	if err := s.signIn(ctx); err != nil {
		return nil, err
	}
	if !slices.Contains(s.May, "listread") {
		return nil, tracker.SignIn(tracker.VNDB, "does not let the token see private entries, so the list would lack them: give the token the permission to read your list (listread).")
	}
	return s, nil
}

// session is one run's work.
type session struct {
	live   *Live
	access *tracker.Access
	token  string

	whose
}

// whose is what is asked once in a task.
type whose struct {
	User   string   `json:"user"`        // such as u17
	May    []string `json:"permissions"` // listread, listwrite
	Labels []named  `json:"labels"`      // nil: not asked yet
}

// named is a label as its user has it.
type named struct {
	ID      int64  `json:"id"`
	Label   string `json:"label"`
	Private bool   `json:"private"`
}

// signIn finds whom the token signs in, what it may, and which labels the user has.
// Each answer is remembered for itself: a limit may stand before every second request.
func (s *session) signIn(ctx context.Context) error {
	known, err := s.access.Remembered(ctx, "user")
	if err != nil {
		return err
	}
	if known == "" || json.Unmarshal([]byte(known), &s.whose) != nil || s.User == "" {
		if err := s.askWho(ctx); err != nil {
			return err
		}
	}
	if s.Labels != nil {
		return nil
	}
	var all struct {
		Labels []named `json:"labels"`
	}
	if err := s.ask(ctx, http.MethodGet, "/ulist_labels?user="+s.User, nil, &all); err != nil {
		return err
	}
	s.Labels = append([]named{}, all.Labels...)
	return s.remember(ctx)
}

// askWho finds whom the token signs in, and what it may.
func (s *session) askWho(ctx context.Context) error {
	var who struct {
		ID          string   `json:"id"`
		Permissions []string `json:"permissions"`
	}
	if err := s.ask(ctx, http.MethodGet, "/authinfo", nil, &who); err != nil {
		return err
	}
	if who.ID == "" {
		return tracker.SignIn(tracker.VNDB, "does not say whom the token signs in.")
	}
	s.whose = whose{User: who.ID, May: who.Permissions}
	return s.remember(ctx)
}

// remember keeps what is known of the user for the attempts after this one.
func (s *session) remember(ctx context.Context) error {
	text, err := json.Marshal(s.whose)
	if err != nil {
		return fmt.Errorf("encode whom a token signs in: %w", err)
	}
	return s.access.Remember(ctx, "user", string(text))
}

// errAbsent says that a visual novel is not there.
var errAbsent = tracker.Refused("VNDB does not have this visual novel.")

// ask sends a request, with in as its body where there is one, and decodes the answer
// into out where something is wanted of it. All but GET and POST change something.
func (s *session) ask(ctx context.Context, method, path string, in, out any) error {
	r := live.Request{
		Method: method, URL: s.live.api + path, Writes: method != http.MethodGet && method != http.MethodPost,
		Header: http.Header{"Authorization": {"Token " + s.token}},
	}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode a request: %w", err)
		}
		r.ContentType, r.Body = "application/json", body
	}
	answer, err := s.live.caller.Do(ctx, s.access.Lane, r)
	if err != nil {
		return err
	}
	if err := fault(answer); err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(answer.Body, out); err != nil {
		return fmt.Errorf("the answer of VNDB is not what it should be: %w", err)
	}
	return nil
}

// fault gives the error that an answer tells; its body is plain text then.
func fault(a *live.Answer) error {
	said := tasks.Clip(strings.TrimSpace(string(a.Body)), 300)
	switch {
	case a.Status < 300:
		return nil
	case a.Status == http.StatusUnauthorized:
		return tracker.SignIn(tracker.VNDB, "does not take the token: it was revoked, is none, or may not do this (permissions listread and listwrite).")
	case a.Status == http.StatusNotFound:
		return errAbsent
	case a.Status == http.StatusBadRequest:
		return tracker.Refused("VNDB refused the entry: " + said)
	}
	return fmt.Errorf("VNDB answers with status %d", a.Status)
}
