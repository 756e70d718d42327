package mangaupdates

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/live"
)

// API is where the API is.
const API = "https://api.mangaupdates.com/v1"

// Rates are for requests that change nothing. The site names no number and asks for a
// reasonable spacing.
var Rates = []tasks.Rate{{Every: 1050 * time.Millisecond}}

// writeRates are for changes: the site refuses one that comes less than five seconds
// after another.
var writeRates = []tasks.Rate{{Every: 5200 * time.Millisecond}}

// Live implements tracker.Live over the API.
type Live struct {
	api            string
	reader, writer *live.Caller
	now            func() time.Time
}

var _ tracker.Live = (*Live)(nil)

// NewLive makes the adapter; the first of the bases is the API's address.
func NewLive(cfg live.Config) (*Live, error) {
	cfg.Provider, cfg.Judge = tracker.MangaUpdates, judge
	reader, err := live.New(cfg)
	if err != nil {
		return nil, err
	}
	cfg.Rates, cfg.Patience = writeRates, 2*writeDelay
	writer, err := live.New(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Live{strings.TrimSuffix(cfg.Bases[0], "/"), reader, writer, cfg.Now}, nil
}

// writeDelay is how long the site wants to be left alone after a change, with a little
// more for the way.
const writeDelay = 5500 * time.Millisecond

// judge knows the signal of this API for changes that come too soon: 412.
func judge(a *live.Answer) live.Verdict {
	if a.Status == http.StatusPreconditionFailed {
		return live.Verdict{Wait: writeDelay, Reason: "It wants five seconds between two changes."}
	}
	return live.Signals(a)
}

// Format implements tracker.Live.
func (*Live) Format() tracker.Format { return Format{} }

// Identity implements tracker.Live: sessions change, the user does not.
func (*Live) Identity(c tracker.Credentials) string {
	if name := c["username"]; name != "" {
		return strings.ToLower(name)
	}
	return c["token"]
}

// Open implements tracker.Live. The token of a session is kept with the credentials, so
// that not every task signs in anew.
func (l *Live) Open(ctx context.Context, access *tracker.Access) (tracker.LiveList, error) {
	s := &session{live: l, access: access, credentials: access.Credentials}
	if s.credentials["token"] == "" {
		if err := s.signIn(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// session is one run's work.
type session struct {
	live        *Live
	access      *tracker.Access
	credentials tracker.Credentials
	lists       []shelf
}

// said is what every answer may say besides its content. Some faults come with 200.
type said struct {
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Context struct {
		Token  string `json:"session_token"`
		Errors []struct {
			Error string `json:"error"`
		} `json:"errors"`
	} `json:"context"`
}

// fault gives the site's words for what went wrong.
func (s *said) fault() string {
	text := []string{s.Reason}
	for _, e := range s.Context.Errors {
		text = append(text, e.Error)
	}
	return tasks.Clip(strings.TrimSpace(strings.Join(text, " ")), 300)
}

func (s *said) failed() bool {
	return strings.EqualFold(s.Status, "exception") || strings.HasPrefix(strings.ToLower(s.Status), "partial")
}

// signIn begins a session.
func (s *session) signIn(ctx context.Context) error {
	name, password := s.credentials["username"], s.credentials["password"]
	if name == "" || password == "" {
		return tracker.SignIn(tracker.MangaUpdates, "takes a name and a password (username and password), and they are not there.")
	}
	body, err := json.Marshal(map[string]string{"username": name, "password": password})
	if err != nil {
		return errors.New("the name and the password cannot be encoded")
	}
	answer, err := s.live.reader.Do(ctx, s.access.Lane, live.Request{
		Method: http.MethodPut, URL: s.live.api + "/account/login", ContentType: "application/json", Body: body,
	})
	if err != nil {
		return err
	}
	var told said
	if json.Unmarshal(answer.Body, &told) != nil || answer.Status >= 300 || told.failed() || told.Context.Token == "" {
		return tracker.SignIn(tracker.MangaUpdates, "does not take the name or the password.")
	}
	c := maps.Clone(s.credentials)
	c["token"] = told.Context.Token
	if err := s.access.Save(ctx, c); err != nil {
		return err
	}
	s.credentials = c
	return nil
}

// errAbsent says that something is not there.
var errAbsent = tracker.Refused("MangaUpdates does not have this series.")

// ask sends a request, with in as its body where there is one, and decodes the answer
// into out where something is wanted of it. A session that has ended is begun anew.
func (s *session) ask(ctx context.Context, writes bool, method, path string, in, out any) error {
	r := live.Request{Method: method, URL: s.live.api + path, Writes: writes}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode a request: %w", err)
		}
		r.ContentType, r.Body = "application/json", body
	}
	caller, lane := s.live.reader, s.access.Lane
	if writes { // changes have a pace of their own
		caller, lane.Credential = s.live.writer, lane.Credential+" writes"
	}
	for again := false; ; again = true {
		r.Header = http.Header{"Authorization": {"Bearer " + s.credentials["token"]}}
		answer, err := caller.Do(ctx, lane, r)
		if err != nil {
			return err
		}
		if answer.Status == http.StatusUnauthorized {
			if again {
				return tracker.SignIn(tracker.MangaUpdates, "does not let this user do that.")
			}
			if s.credentials, err = live.Forget(ctx, s.access, s.credentials); err != nil {
				return err
			}
			if err := s.signIn(ctx); err != nil {
				return err
			}
			continue
		}
		return decode(answer, out)
	}
}

func decode(a *live.Answer, out any) error {
	var told said
	_ = json.Unmarshal(a.Body, &told) // an array says nothing besides its content
	switch {
	case a.Status == http.StatusNotFound:
		return errAbsent
	case a.Status == http.StatusBadRequest, told.failed():
		return tracker.Refused("MangaUpdates refused the entry: " + told.fault())
	case a.Status >= 300:
		return fmt.Errorf("MangaUpdates answers with status %d", a.Status)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(a.Body, out); err != nil {
		return fmt.Errorf("the answer of MangaUpdates is not what it should be: %w", err)
	}
	return nil
}
