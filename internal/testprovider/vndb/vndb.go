// Package vndb is a stand-in for the HTTPS API (Kana) of vndb.org.
package vndb

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"asapi/internal/testprovider"
)

// Entry is an entry of a list. Labels are those that somebody gave; the site gives
// Voted (7) to all that have a vote.
type Entry struct {
	Vote              int64 // 10 to 100; 0: none
	Started, Finished string
	Notes             string
	Labels            []int64

	added, voted, modified int64
}

// Label is a label of a user.
type Label struct {
	ID      int64  `json:"id"`
	Label   string `json:"label"`
	Private bool   `json:"private"`
}

// User is a user with the list.
type User struct {
	ID          string
	Permissions []string
	Labels      []Label
	Entries     map[int64]*Entry
}

// Provider is the stand-in.
type Provider struct {
	testprovider.Gate

	mu     sync.Mutex
	titles map[int64]string
	users  map[string]*User // by token
	writes map[int64]int
}

// New makes a stand-in without users. It allows 200 requests in five minutes.
func New() *Provider {
	p := &Provider{titles: map[int64]string{}, users: map[string]*User{}, writes: map[int64]int{}}
	p.Limit, p.Window, p.LimitWait, p.Refuse = 200, 5*time.Minute, time.Minute, refuse
	p.Caller = token
	return p
}

// token gives the token of a request; empty: it has none.
func token(r *http.Request) string {
	kind, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "token") {
		return ""
	}
	return value
}

// refuse is the signal to come later: it does not say when.
func refuse(w http.ResponseWriter, _ time.Duration, _ time.Time) {
	fail(w, http.StatusTooManyRequests, "Throttled on query execution time.")
}

// Add makes a user that signs in with a token, with the site's own labels and more.
func (p *Provider) Add(token, id string, more ...Label) *User {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := &User{ID: id, Permissions: []string{"listread", "listwrite"}, Entries: map[int64]*Entry{}}
	for i, name := range []string{"Playing", "Finished", "Stalled", "Dropped", "Wishlist", "Blacklist", "Voted"} {
		u.Labels = append(u.Labels, Label{ID: int64(i + 1), Label: name})
	}
	u.Labels = append(u.Labels, more...)
	p.users[token] = u
	return u
}

// Put puts a visual novel and an entry of it on a user's list.
func (p *Provider) Put(u *User, id int64, title string, e Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.titles[id] = title
	e.added, e.modified = 1_700_000_000, 1_710_000_000
	if e.Vote > 0 {
		e.voted = 1_705_000_000
	}
	u.Entries[id] = &e
}

// Revoke makes a token worth nothing.
func (p *Provider) Revoke(token string) { p.mu.Lock(); defer p.mu.Unlock(); delete(p.users, token) }

// Writes tells how often each entry was written.
func (p *Provider) Writes() map[int64]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.writes)
}

// List gives what a user's entries say, without the times that the site sets.
func (p *Provider) List(u *User) map[int64]Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[int64]Entry{}
	for id, e := range u.Entries {
		shown := *e
		shown.Labels = slices.Sorted(slices.Values(e.Labels))
		shown.added, shown.voted, shown.modified = 0, 0, 0
		out[id] = shown
	}
	return out
}

// Handler gives the HTTP side.
func (p *Provider) Handler() http.Handler { return p.Gate.Handler(http.HandlerFunc(p.serve)) }

// serve knows the paths below the API's address. All of them need a token here.
func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.users[token(r)]
	if u == nil {
		w.Header().Set("WWW-Authenticate", "Token")
		fail(w, http.StatusUnauthorized, "Unauthorized")
		return
	}
	entry, one := strings.CutPrefix(r.URL.Path, "/ulist/")
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/authinfo":
		answer(w, map[string]any{"id": u.ID, "username": u.ID, "permissions": u.Permissions})
	case r.Method == http.MethodGet && r.URL.Path == "/ulist_labels":
		p.labels(w, u)
	case r.Method == http.MethodPost && r.URL.Path == "/ulist":
		p.query(w, r, u)
	case one && r.Method == http.MethodPatch:
		p.patch(w, r, u, entry)
	case one && r.Method == http.MethodDelete:
		p.remove(w, u, entry)
	default:
		fail(w, http.StatusNotFound, "Not found.")
	}
}
