// Package anilist is a stand-in for the GraphQL API of anilist.co.
package anilist

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"asapi/internal/testprovider"
)

// Date is a FuzzyDate: each part may be unknown.
type Date struct {
	Year  *int `json:"year"`
	Month *int `json:"month"`
	Day   *int `json:"day"`
}

// Media is a work.
type Media struct {
	ID       int
	MAL      int // 0: null
	Type     string
	Format   string
	Title    string
	Episodes int
	Chapters int
	Volumes  int
}

// Entry is an entry of a list.
type Entry struct {
	ID, MediaID      int
	Status           string
	Score            int // out of 100
	Progress         int
	Volumes          int
	Repeat, Priority int
	Private, Hidden  bool
	Notes            *string
	Custom           []string
	Start, Finish    Date
	Updated, Created int64
}

// User is a user with the lists.
type User struct {
	ID          int
	Name        string
	ScoreFormat string
	Custom      []string // the names of custom lists
	Entries     map[int]*Entry
}

// Provider is the stand-in.
type Provider struct {
	testprovider.Gate
	// Status200 has errors come with status 200; they tell their own inside.
	Status200 bool
	// Outage switches the API off for everybody.
	Outage bool
	// Refused are works whose entries are not taken, with the reason.
	Refused map[int]string
	// Declines has the user not agree to a sign-in.
	Declines bool

	mu     sync.Mutex
	Media  map[int]*Media
	users  map[string]*User // by token
	next   int
	writes map[int]int // of each work, how often it was written
	codes  map[string]code
}

// New makes a stand-in without users. It allows 30 requests a minute.
func New() *Provider {
	p := &Provider{Media: map[int]*Media{}, users: map[string]*User{}, next: 1000, writes: map[int]int{}, codes: map[string]code{}}
	p.Limit, p.Window, p.LimitWait, p.Refuse = 30, time.Minute, time.Minute, p.refuse
	p.Caller = testprovider.Bearer
	return p
}

// refuse is the signal to come later; Remaining is no help, as at the real one.
func (p *Provider) refuse(w http.ResponseWriter, wait time.Duration, now time.Time) {
	w.Header().Set("X-RateLimit-Limit", "90")
	w.Header().Set("X-RateLimit-Remaining", "60")
	w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
	w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(now.Add(wait).Unix(), 10))
	p.fail(w, http.StatusTooManyRequests, "Too Many Requests.", nil)
}

// Add makes a user that signs in with a token.
func (p *Provider) Add(token string, u *User) *User {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	u.ID = p.next
	if u.Entries == nil {
		u.Entries = map[int]*Entry{}
	}
	u.ScoreFormat = cmp.Or(u.ScoreFormat, "POINT_10_DECIMAL")
	p.users[token] = u
	return u
}

// Put puts a work and an entry of it on a user's list.
func (p *Provider) Put(u *User, m Media, e Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Media[m.ID] = &m
	p.next++
	e.ID, e.MediaID = p.next, m.ID
	u.Entries[m.ID] = &e
}

// Revoke makes a token worth nothing.
func (p *Provider) Revoke(token string) { p.mu.Lock(); defer p.mu.Unlock(); delete(p.users, token) }

// Writes tells how often each work was written.
func (p *Provider) Writes() map[int]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.writes)
}

// List gives copies of a user's entries of a type, by the work's id.
func (p *Provider) List(u *User, kind string) map[int]Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[int]Entry{}
	for id, e := range u.Entries {
		if p.Media[id].Type == kind {
			out[id] = *e
		}
	}
	return out
}

// Handler gives the HTTP side.
func (p *Provider) Handler() http.Handler { return p.Gate.Handler(http.HandlerFunc(p.serve)) }

func (p *Provider) fail(w http.ResponseWriter, status int, message string, more map[string]any) {
	problem := map[string]any{"message": message, "status": status, "locations": []any{map[string]int{"line": 1, "column": 1}}}
	maps.Copy(problem, more)
	if p.Status200 {
		status = http.StatusOK
	}
	answer(w, status, map[string]any{"errors": []any{problem}, "data": nil})
}

func answer(w http.ResponseWriter, status int, doc any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(doc)
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, signInPath) {
		p.sign(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var q struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err != nil || r.Method != http.MethodPost || json.Unmarshal(body, &q) != nil {
		p.fail(w, http.StatusBadRequest, "No query or mutation provided.", nil)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Outage {
		p.fail(w, http.StatusForbidden, "The AniList API has been temporarily disabled due to severe stability issues.", nil)
		return
	}
	u := p.users[testprovider.Bearer(r)]
	if u == nil {
		p.fail(w, http.StatusBadRequest, "Invalid token", nil)
		return
	}
	switch {
	case strings.Contains(q.Query, "MediaListCollection("):
		p.collection(w, q.Variables)
	case strings.Contains(q.Query, "SaveMediaListEntry("):
		p.save(w, u, q.Variables)
	case strings.Contains(q.Query, "DeleteMediaListEntry("):
		p.remove(w, u, q.Variables)
	case strings.Contains(q.Query, "MediaList("):
		p.one(w, q.Variables)
	case strings.Contains(q.Query, "Viewer"):
		answer(w, http.StatusOK, map[string]any{"data": map[string]any{"Viewer": map[string]any{"id": u.ID, "name": u.Name}}})
	default:
		p.fail(w, http.StatusBadRequest, "Cannot query this.", nil)
	}
}

func (p *Provider) named(id int) *User {
	for _, u := range p.users {
		if u.ID == id {
			return u
		}
	}
	return nil
}

func number(v any) int { f, _ := v.(float64); return int(f) }

// collection gives a chunk of a list: the entries stand in their status list, split by
// format when completed, and in their custom lists.
func (p *Provider) collection(w http.ResponseWriter, v map[string]any) {
	u := p.named(number(v["userId"]))
	kind, _ := v["type"].(string)
	if u == nil {
		p.fail(w, http.StatusNotFound, "Not Found.", nil)
		return
	}
	per := min(max(number(v["perChunk"]), 1), 500)
	ids := slices.Sorted(maps.Keys(u.Entries))
	ids = slices.DeleteFunc(ids, func(id int) bool { return p.Media[id].Type != kind })
	first := (max(number(v["chunk"]), 1) - 1) * per
	more := len(ids) > first+per
	ids = ids[min(first, len(ids)):min(first+per, len(ids))]
	type list struct {
		Name   string `json:"name"`
		Custom bool   `json:"isCustomList"`
		Split  bool   `json:"isSplitCompletedList"`
		Status any    `json:"status"`
		Items  []any  `json:"entries"`
	}
	lists := map[string]*list{}
	put := func(l list, e *Entry) {
		if lists[l.Name] == nil {
			lists[l.Name] = &l
		}
		lists[l.Name].Items = append(lists[l.Name].Items, p.shape(u, e))
	}
	for _, id := range ids {
		e := u.Entries[id]
		for _, name := range e.Custom {
			put(list{Name: name, Custom: true}, e)
		}
		switch {
		case e.Hidden && len(e.Custom) > 0:
		case e.Status == "COMPLETED":
			put(list{Name: "Completed " + p.Media[id].Format, Split: true, Status: e.Status}, e)
		default:
			put(list{Name: e.Status, Status: e.Status}, e)
		}
	}
	sorted := make([]*list, 0, len(lists))
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		sorted = append(sorted, lists[name])
	}
	answer(w, http.StatusOK, map[string]any{"data": map[string]any{"MediaListCollection": map[string]any{
		"hasNextChunk": more, "lists": sorted,
		"user": map[string]any{"id": u.ID, "name": u.Name, "mediaListOptions": map[string]any{"scoreFormat": u.ScoreFormat}},
	}}})
}

func (p *Provider) one(w http.ResponseWriter, v map[string]any) {
	u := p.named(number(v["userId"]))
	if u == nil || u.Entries[number(v["mediaId"])] == nil {
		p.fail(w, http.StatusNotFound, "Not Found.", nil)
		return
	}
	answer(w, http.StatusOK, map[string]any{"data": map[string]any{"MediaList": p.shape(u, u.Entries[number(v["mediaId"])])}})
}

func null(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

// shape gives an entry as the query of the adapter asks for it.
func (p *Provider) shape(u *User, e *Entry) map[string]any {
	m := p.Media[e.MediaID]
	custom := map[string]bool{}
	for _, name := range u.Custom {
		custom[name] = slices.Contains(e.Custom, name)
	}
	return map[string]any{
		"id": e.ID, "mediaId": e.MediaID, "status": e.Status, "scoreRaw": e.Score, "progress": e.Progress, "progressVolumes": e.Volumes,
		"repeat": e.Repeat, "priority": e.Priority, "private": e.Private, "notes": e.Notes, "hiddenFromStatusLists": e.Hidden,
		"customLists": custom, "advancedScores": map[string]float64{"Story": 0}, "startedAt": e.Start, "completedAt": e.Finish,
		"updatedAt": e.Updated, "createdAt": e.Created,
		"media": map[string]any{
			"id": m.ID, "idMal": null(m.MAL), "type": m.Type, "format": m.Format, "episodes": null(m.Episodes), "chapters": null(m.Chapters),
			"volumes": null(m.Volumes), "title": map[string]any{"userPreferred": m.Title, "romaji": m.Title, "english": nil, "native": nil},
		},
	}
}
