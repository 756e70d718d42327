// Package mangadex is a stand-in for the API of mangadex.org and for its sign-in.
package mangadex

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"asapi/internal/testprovider"
)

// SignIn is the path of the sign-in, below which tokens are given.
const SignIn = "/realms/mangadex/protocol/openid-connect"

// Chapter is a chapter in one translation.
type Chapter struct {
	ID, Number, Language string // an empty number: it has none
	Gone                 bool   // it is not given any more
}

// Title is a title of the site.
type Title struct {
	Name     string
	Links    map[string]string // nil: null
	Adult    bool              // only given to who asks for such
	Chapters []Chapter
}

// Entry is what a user says of a title.
type Entry struct {
	Status string // empty: not on the list
	Rating int    // 0: none
	Read   []string
}

// User is a user with the list and a personal client.
type User struct {
	Name, Password, Client, Secret string
	Entries                        map[string]*Entry
}

// Provider is the stand-in.
type Provider struct {
	testprovider.Gate
	// Lasts is how many requests a token is good for, besides the quarter of an
	// hour; 0: any number.
	Lasts int
	// Captcha has all requests refused until a person solves one.
	Captcha bool

	mu      sync.Mutex
	titles  map[string]*Title
	users   map[string]*User // by name
	tokens  map[string]*token
	refresh map[string]string // name of the user
	writes  map[string]int
	granted map[string]int
	largest int
	banned  time.Time
}

type token struct {
	user *User
	ends time.Time
	left int
}

// The limits of the site.
const (
	perSecond   = 5
	limitWait   = 10 * time.Second
	tokenTime   = 15 * time.Minute
	refreshTime = 30 * 24 * time.Hour
	maxBody     = 10 << 10
	maxIDs      = 100
)

// New makes a stand-in without users. It allows five requests a second.
func New() *Provider {
	p := &Provider{
		titles: map[string]*Title{}, users: map[string]*User{}, tokens: map[string]*token{}, refresh: map[string]string{},
		writes: map[string]int{}, granted: map[string]int{},
	}
	p.Limit, p.Window, p.LimitWait, p.Refuse = perSecond, time.Second, limitWait, refuse
	return p
}

// refuse is the signal to come later: the second since 1970 from which on.
func refuse(w http.ResponseWriter, wait time.Duration, now time.Time) {
	at := math.Ceil(float64(now.Add(wait).UnixMilli()) / 1000)
	w.Header().Set("X-RateLimit-Limit", strconv.Itoa(perSecond))
	w.Header().Set("X-RateLimit-Remaining", "0")
	w.Header().Set("X-RateLimit-Retry-After", strconv.FormatInt(int64(at), 10))
	fail(w, http.StatusTooManyRequests, "rate_limit_exceeded", "Too many requests")
}

// Add makes a user with a personal client.
func (p *Provider) Add(name, password string) *User {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users[name] = &User{Name: name, Password: password, Client: "personal-client-" + name, Secret: "client of " + name, Entries: map[string]*Entry{}}
	return p.users[name]
}

// Put puts a title and an entry of it on a user's list; without an entry only the title.
func (p *Provider) Put(u *User, id string, t Title, e *Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.titles[id] = &t
	if e != nil {
		u.Entries[id] = e
	}
}

// Revoke ends a user's tokens, and changes the password.
func (p *Provider) Revoke(u *User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u.Password += "another"
	maps.DeleteFunc(p.tokens, func(_ string, t *token) bool { return t.user == u })
	maps.DeleteFunc(p.refresh, func(_, name string) bool { return name == u.Name })
}

// Forget makes all refresh tokens worth nothing, as when their time is over.
func (p *Provider) Forget() { p.mu.Lock(); defer p.mu.Unlock(); clear(p.refresh) }

// Ban refuses everything until a time, with a page for people.
func (p *Provider) Ban(until time.Time) { p.mu.Lock(); defer p.mu.Unlock(); p.banned = until }

// Writes tells how often each title was written to.
func (p *Provider) Writes() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.writes)
}

// Granted tells how many tokens were given, by how they were asked for.
func (p *Provider) Granted() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.granted)
}

// Largest is how many chapters the largest change had.
func (p *Provider) Largest() int { p.mu.Lock(); defer p.mu.Unlock(); return p.largest }

// List gives what stands on a user's list; chapters are sorted.
func (p *Provider) List(u *User) map[string]Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]Entry{}
	for id, e := range u.Entries {
		if e.Status != "" {
			out[id] = Entry{e.Status, e.Rating, slices.Sorted(slices.Values(e.Read))}
		}
	}
	return out
}

func (p *Provider) clock() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

// Handler gives the HTTP side: the API, and the sign-in.
func (p *Provider) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+SignIn+"/token", p.grant)
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request, *User){
		"GET /manga/status": p.statuses, "GET /rating": p.ratings, "GET /manga/read": p.markers, "GET /manga": p.works,
		"GET /chapter": p.chapters, "GET /manga/{id}/aggregate": p.aggregate, "GET /manga/{id}/status": p.status,
		"POST /manga/{id}/status": p.setStatus, "POST /rating/{id}": p.rate, "DELETE /rating/{id}": p.unrate, "POST /manga/{id}/read": p.mark,
	} {
		mux.HandleFunc(pattern, p.signed(serve))
	}
	return p.Gate.Handler(p.guarded(mux))
}

// guarded refuses who is banned, and who hides what program it is.
func (p *Provider) guarded(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		banned := p.clock().Before(p.banned)
		p.mu.Unlock()
		agent := r.Header.Get("User-Agent")
		switch {
		case banned:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte("<!DOCTYPE html><title>Forbidden</title><p>This page is for people."))
		case agent == "" || strings.Contains(agent, "Mozilla") || strings.HasPrefix(agent, "Go-http-client") || r.Header.Get("Via") != "":
			fail(w, http.StatusBadRequest, "bad_request_http_exception", "Say which program this is.")
		case p.Captcha:
			fail(w, http.StatusForbidden, "captcha_required_exception", "Solve a captcha.")
		default:
			inner.ServeHTTP(w, r)
		}
	})
}

// signed finds the user of a token.
func (p *Provider) signed(serve func(http.ResponseWriter, *http.Request, *User)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		t := p.tokens[testprovider.Bearer(r)]
		if t == nil || p.Lasts > 0 && t.left <= 0 || !p.clock().Before(t.ends) {
			fail(w, http.StatusUnauthorized, "unauthorized_http_exception", "You are not authorized.")
			return
		}
		t.left--
		serve(w, r, t.user)
	}
}

func answer(w http.ResponseWriter, status int, doc any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(doc)
}

func fail(w http.ResponseWriter, status int, title, detail string) {
	answer(w, status, map[string]any{"result": "error", "errors": []any{
		map[string]any{"id": "6b4d7c8e", "status": status, "title": title, "detail": detail, "context": nil},
	}})
}

// orArray gives a map as the site does: an empty one is an empty array.
func orArray[V any](m map[string]V) any {
	if len(m) == 0 {
		return []any{}
	}
	return m
}
