// Package mangaupdates is a stand-in for the API of mangaupdates.com.
package mangaupdates

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"asapi/internal/testprovider"
)

// Entry is an entry of a list.
type Entry struct {
	List            int64
	Volume, Chapter int64
	Rating          float64 // 0: none

	added int64
}

// User is a user with the lists: the site's own, 0 to 4, and others that the user made,
// each with the type of one of those.
type User struct {
	Name, Password string
	Custom         map[int64]string
	Entries        map[int64]*Entry
}

var types = []string{"read", "wish", "complete", "unfinished", "hold"}

func (u *User) typeOf(list int64) string {
	if list >= 0 && list < int64(len(types)) {
		return types[list]
	}
	return u.Custom[list]
}

// Provider is the stand-in.
type Provider struct {
	testprovider.Gate
	// Lasts is how many requests a session is good for; 0: any number.
	Lasts int
	// Refused are series whose entries are not taken, with the reason; the answer has
	// status 200 all the same.
	Refused map[int64]string
	// Suspended users sign in, and may change nothing.
	Suspended bool
	// Page bounds how many entries a page has, whatever is asked; 0: 100.
	Page int

	mu       sync.Mutex
	titles   map[int64]string
	users    map[string]*User // by name
	sessions map[string]*session
	writes   map[int64]int
	last     map[string]time.Time // of each user, the last change
	hasty    int
	logins   int
}

type session struct {
	user *User
	left int
}

// delay is how long after a change another one is refused.
const delay = 5 * time.Second

// New makes a stand-in without users. It takes a request a second of each session, and a
// change in five.
func New() *Provider {
	p := &Provider{titles: map[int64]string{}, users: map[string]*User{}, sessions: map[string]*session{}, writes: map[int64]int{}, last: map[string]time.Time{}}
	p.Limit, p.Window, p.LimitWait, p.Refuse = 60, time.Minute, delay, refuse
	p.Caller = func(r *http.Request) string {
		if changes(r) {
			return "writes " + testprovider.Bearer(r)
		}
		return testprovider.Bearer(r)
	}
	return p
}

// changes reports whether a request changes a list or a rating.
func changes(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/lists/series") && r.Method == http.MethodPost || strings.HasSuffix(r.URL.Path, "/rating") && r.Method == http.MethodPut
}

// refuse is the signal to come later: it does not say when but in words.
func refuse(w http.ResponseWriter, _ time.Duration, _ time.Time) {
	fail(w, http.StatusPreconditionFailed, "Five second update delay")
}

// Add makes a user.
func (p *Provider) Add(name, password string) *User {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users[name] = &User{Name: name, Password: password, Custom: map[int64]string{}, Entries: map[int64]*Entry{}}
	return p.users[name]
}

// Put puts a series and an entry of it on a user's list.
func (p *Provider) Put(u *User, id int64, title string, e Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.titles[id], e.added = title, 1_700_000_000
	u.Entries[id] = &e
}

// Revoke ends a user's sessions, and changes the password.
func (p *Provider) Revoke(u *User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u.Password += "another"
	maps.DeleteFunc(p.sessions, func(_ string, s *session) bool { return s.user == u })
}

// Writes tells how often each entry was written.
func (p *Provider) Writes() map[int64]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.writes)
}

// Hasty counts the changes that came too soon after another.
func (p *Provider) Hasty() int { p.mu.Lock(); defer p.mu.Unlock(); return p.hasty }

// Logins counts the sessions that were begun.
func (p *Provider) Logins() int { p.mu.Lock(); defer p.mu.Unlock(); return p.logins }

// List gives what a user's entries say, without the times that the site sets.
func (p *Provider) List(u *User) map[int64]Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[int64]Entry{}
	for id, e := range u.Entries {
		shown := *e
		shown.added = 0
		out[id] = shown
	}
	return out
}

// Handler gives the HTTP side.
func (p *Provider) Handler() http.Handler { return p.Gate.Handler(http.HandlerFunc(p.serve)) }

func answer(w http.ResponseWriter, status int, doc any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(doc)
}

func fail(w http.ResponseWriter, status int, reason string) {
	answer(w, status, map[string]any{"status": "exception", "reason": reason, "context": map[string]any{"errors": []any{}}})
}

func (p *Provider) clock() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Method == http.MethodPut && r.URL.Path == "/account/login" {
		p.login(w, r)
		return
	}
	s := p.sessions[testprovider.Bearer(r)]
	if s == nil || p.Lasts > 0 && s.left <= 0 {
		fail(w, http.StatusUnauthorized, "You must be logged in to use this function.")
		return
	}
	s.left--
	if changes(r) && p.Suspended {
		fail(w, http.StatusUnauthorized, "You do not have permission to do that.")
		return
	}
	if changes(r) {
		if now := p.clock(); now.Sub(p.last[s.user.Name]) < delay {
			p.hasty++
			refuse(w, delay, now)
			return
		}
		p.last[s.user.Name] = p.clock()
	}
	p.route(w, r, s.user)
}

// login begins a session.
func (p *Provider) login(w http.ResponseWriter, r *http.Request) {
	var given struct{ Username, Password string }
	if json.NewDecoder(r.Body).Decode(&given) != nil || p.users[given.Username] == nil || p.users[given.Username].Password != given.Password {
		fail(w, http.StatusUnauthorized, "Incorrect username or password.")
		return
	}
	p.logins++
	token := fmt.Sprintf("session-%s-%d", given.Username, p.logins)
	p.sessions[token] = &session{p.users[given.Username], p.Lasts}
	answer(w, http.StatusOK, map[string]any{"status": "success", "reason": "Login successful.", "context": map[string]any{"session_token": token, "uid": 36}})
}
