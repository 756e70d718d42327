// Package myanimelist is a stand-in for the API of myanimelist.net (version 2) and for
// its sign-in.
package myanimelist

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"asapi/internal/testprovider"
)

// Work is a work; anime and manga are numbered apart.
type Work struct {
	ID    int
	Title string
	Media string // media_type
	Total int    // episodes or chapters; 0: unknown
	Vols  int
	Gray  bool // hidden from who does not say nsfw=true
}

// Entry is an entry of a list, with the API's words.
type Entry struct {
	Status         string
	Score          int
	Progress, Vols int
	Again          bool
	Times, Like    int
	Priority       int
	Start, Finish  string // "2022", "2022-02" or "2022-02-20"; empty: absent
	Tags           []string
	Comments       string
}

// list is one list of a user, by the work's id.
type list map[int]*Entry

// User is a user with an anime and a manga list.
type User struct {
	Name    string
	Private bool
	lists   map[string]list
}

// Provider is the stand-in.
type Provider struct {
	testprovider.Gate
	// Page bounds how many entries a page has, whatever is asked; 0: 1000.
	Page int
	// Lasts is how many requests an access token lasts; 0: for ever.
	Lasts int
	// NextHost, when set, stands in the links to next pages in place of this host.
	NextHost string
	// ReadOnly has tokens allow no changes.
	ReadOnly bool
	// Declines has the user not agree to a sign-in.
	Declines bool
	// Secret is the application's; empty: it has none.
	Secret string

	mu      sync.Mutex
	works   map[string]map[int]*Work
	users   map[string]*User
	tokens  map[string]*token // by access token
	refresh map[string]string // from refresh token to the user's name
	codes   map[string]code
	made    int
	writes  map[string]int
	renewed int
}

type token struct {
	user string
	left int // requests; below 0: no end
}

type code struct{ user, challenge, redirect string }

// ClientID is the application that the stand-in knows.
const ClientID = "stand-in-application"

// New makes a stand-in without users. It takes about one request a second.
func New() *Provider {
	p := &Provider{
		works: map[string]map[int]*Work{"anime": {}, "manga": {}}, users: map[string]*User{}, tokens: map[string]*token{},
		refresh: map[string]string{}, codes: map[string]code{}, writes: map[string]int{},
	}
	p.Limit, p.Window, p.LimitWait, p.Refuse = 60, time.Minute, 5*time.Minute, refuse
	return p
}

// refuse is the site's only signal to come later: 403 and a page for people.
func refuse(w http.ResponseWriter, _ time.Duration, _ time.Time) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write([]byte("<html><head><title>403 Forbidden</title></head></html>"))
}

// Add makes a user, and gives the first access and refresh token.
func (p *Provider) Add(name string) (u *User, access, refresh string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u = &User{Name: name, lists: map[string]list{"anime": {}, "manga": {}}}
	p.users[name] = u
	access, refresh = p.issue(name)
	return u, access, refresh
}

func (p *Provider) issue(user string) (access, refresh string) {
	p.made++
	access, refresh = fmt.Sprintf("access-%s-%d", user, p.made), fmt.Sprintf("refresh-%s-%d", user, p.made)
	left := -1
	if p.Lasts > 0 {
		left = p.Lasts
	}
	p.tokens[access] = &token{user, left}
	p.refresh[refresh] = user
	return access, refresh
}

// Put puts a work and an entry of it on a user's list of a kind, anime or manga.
func (p *Provider) Put(u *User, kind string, w Work, e Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.works[kind][w.ID] = &w
	u.lists[kind][w.ID] = &e
}

// Know adds a work that is on no list.
func (p *Provider) Know(kind string, w Work) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.works[kind][w.ID] = &w
}

// List gives copies of a user's entries of a kind.
func (p *Provider) List(u *User, kind string) map[int]Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[int]Entry{}
	for id, e := range u.lists[kind] {
		out[id] = *e
	}
	return out
}

// Writes tells how often each entry was written, such as anime/21.
func (p *Provider) Writes() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.writes)
}

// Renewed counts how often tokens were renewed.
func (p *Provider) Renewed() int { p.mu.Lock(); defer p.mu.Unlock(); return p.renewed }

// Revoke makes all of a user's tokens worth nothing.
func (p *Provider) Revoke(user string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.tokens, func(_ string, t *token) bool { return t.user == user })
	maps.DeleteFunc(p.refresh, func(_, u string) bool { return u == user })
}

// Handler gives the HTTP side.
func (p *Provider) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/oauth2/token", p.grant)
	mux.HandleFunc("GET /v1/oauth2/authorize", p.authorize)
	mux.HandleFunc("GET /v2/users/{user}/{list}", p.signed(p.page))
	mux.HandleFunc("GET /v2/{kind}/{id}", p.signed(p.one))
	mux.HandleFunc("PATCH /v2/{kind}/{id}/my_list_status", p.signed(p.write))
	mux.HandleFunc("DELETE /v2/{kind}/{id}/my_list_status", p.signed(p.remove))
	return p.Gate.Handler(mux)
}

func answer(w http.ResponseWriter, status int, doc any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(doc)
}

func fail(w http.ResponseWriter, status int, word, message string) {
	answer(w, status, map[string]string{"error": word, "message": message})
}

// signed finds the user of a token; without one, public lists may be read.
func (p *Provider) signed(serve func(http.ResponseWriter, *http.Request, *User)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if r.Header.Get("X-MAL-CLIENT-ID") == ClientID && r.Method == http.MethodGet {
			serve(w, r, nil)
			return
		}
		t := p.tokens[testprovider.Bearer(r)]
		if t == nil || t.left == 0 {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token",error_description="The access token expired"`)
			fail(w, http.StatusUnauthorized, "invalid_token", "")
			return
		}
		t.left--
		if p.ReadOnly && r.Method != http.MethodGet {
			fail(w, http.StatusForbidden, "forbidden", "")
			return
		}
		serve(w, r, p.users[t.user])
	}
}

func (p *Provider) page(w http.ResponseWriter, r *http.Request, me *User) {
	u := p.users[r.PathValue("user")]
	if r.PathValue("user") == "@me" {
		u = me
	}
	kind := strings.TrimSuffix(r.PathValue("list"), "list")
	switch {
	case u == nil || p.works[kind] == nil:
		fail(w, http.StatusNotFound, "not_found", "")
		return
	case u.Private && u != me:
		fail(w, http.StatusForbidden, "forbidden", "")
		return
	}
	q := r.URL.Query()
	limit, _ := strconv.Atoi(q.Get("limit"))
	offset, _ := strconv.Atoi(q.Get("offset"))
	limit = min(max(limit, 1), cmp.Or(p.Page, 1000))
	ids := slices.Sorted(maps.Keys(u.lists[kind]))
	ids = slices.DeleteFunc(ids, func(id int) bool { return p.works[kind][id].Gray && q.Get("nsfw") != "true" })
	data := []any{}
	for _, id := range ids[min(offset, len(ids)):min(offset+limit, len(ids))] {
		data = append(data, map[string]any{"node": p.node(kind, id), "list_status": shape(kind, u.lists[kind][id], q.Get("fields"))})
	}
	paging := map[string]string{}
	if offset+limit < len(ids) {
		q.Set("offset", strconv.Itoa(offset+limit))
		next := url.URL{Scheme: "http", Host: cmp.Or(p.NextHost, r.Host), Path: r.URL.Path, RawQuery: q.Encode()}
		paging["next"] = next.String()
	}
	answer(w, http.StatusOK, map[string]any{"data": data, "paging": paging})
}

func (p *Provider) node(kind string, id int) map[string]any {
	work := p.works[kind][id]
	node := map[string]any{"id": id, "title": work.Title, "main_picture": map[string]string{}, "media_type": cmp.Or(work.Media, "tv")}
	if kind == "manga" {
		node["num_chapters"], node["num_volumes"], node["media_type"] = work.Total, work.Vols, cmp.Or(work.Media, "manga")
	} else {
		node["num_episodes"] = work.Total
	}
	return node
}

// shape gives an entry with the fields that were asked for; without being asked the
// API gives little.
func shape(kind string, e *Entry, fields string) map[string]any {
	all := map[string]any{"priority": e.Priority, "tags": append([]string{}, e.Tags...), "comments": e.Comments}
	out := map[string]any{"status": e.Status, "score": e.Score, "updated_at": "2026-11-22T10:00:00+00:00"}
	if kind == "manga" {
		out["num_chapters_read"], out["num_volumes_read"], out["is_rereading"] = e.Progress, e.Vols, e.Again
		all["num_times_reread"], all["reread_value"] = e.Times, e.Like
	} else {
		out["num_episodes_watched"], out["is_rewatching"] = e.Progress, e.Again
		all["num_times_rewatched"], all["rewatch_value"] = e.Times, e.Like
	}
	for name, date := range map[string]string{"start_date": e.Start, "finish_date": e.Finish} {
		if date != "" {
			all[name] = date
		}
	}
	for name, value := range all {
		if strings.Contains(fields, name) {
			out[name] = value
		}
	}
	return out
}

func (p *Provider) one(w http.ResponseWriter, r *http.Request, me *User) {
	kind := r.PathValue("kind")
	id, _ := strconv.Atoi(r.PathValue("id"))
	if p.works[kind] == nil || p.works[kind][id] == nil {
		fail(w, http.StatusNotFound, "not_found", "")
		return
	}
	node := p.node(kind, id)
	if me != nil && me.lists[kind][id] != nil {
		node["my_list_status"] = shape(kind, me.lists[kind][id], r.URL.Query().Get("fields"))
	}
	answer(w, http.StatusOK, node)
}

var statuses = map[string][]string{
	"anime": {"watching", "completed", "on_hold", "dropped", "plan_to_watch"}, "manga": {"reading", "completed", "on_hold", "dropped", "plan_to_read"},
}

func (p *Provider) write(w http.ResponseWriter, r *http.Request, me *User) {
	kind := r.PathValue("kind")
	id, _ := strconv.Atoi(r.PathValue("id"))
	if me == nil || p.works[kind] == nil || p.works[kind][id] == nil {
		fail(w, http.StatusNotFound, "not_found", "")
		return
	}
	if err := r.ParseForm(); err != nil {
		fail(w, http.StatusBadRequest, "bad_request", "invalid form")
		return
	}
	e := Entry{Status: statuses[kind][4]}
	if was := me.lists[kind][id]; was != nil {
		e = *was
	}
	form := r.PostForm
	numbers := map[string]*int{"score": &e.Score, "priority": &e.Priority}
	again := "is_rewatching"
	if kind == "manga" {
		again = "is_rereading"
		maps.Copy(numbers, map[string]*int{"num_chapters_read": &e.Progress, "num_volumes_read": &e.Vols, "num_times_reread": &e.Times, "reread_value": &e.Like})
	} else {
		maps.Copy(numbers, map[string]*int{"num_watched_episodes": &e.Progress, "num_times_rewatched": &e.Times, "rewatch_value": &e.Like})
	}
	for name := range form {
		value := form.Get(name)
		switch to := numbers[name]; {
		case to != nil:
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 || name == "score" && n > 10 {
				fail(w, http.StatusBadRequest, "bad_request", "invalid "+name)
				return
			}
			*to = n
		case name == "status":
			if !slices.Contains(statuses[kind], value) {
				fail(w, http.StatusBadRequest, "bad_request", "invalid status")
				return
			}
			e.Status = value
		case name == again:
			e.Again = value == "true"
		case name == "start_date":
			e.Start = value
		case name == "finish_date":
			e.Finish = value
		case name == "comments":
			e.Comments = value
		case name == "tags":
			e.Tags = strings.Split(value, ", ")
		default:
			fail(w, http.StatusBadRequest, "bad_request", "unknown parameter "+name)
			return
		}
	}
	me.lists[kind][id] = &e
	p.writes[kind+"/"+strconv.Itoa(id)]++
	answer(w, http.StatusOK, shape(kind, &e, "num_times_rewatched,num_times_reread,rewatch_value,reread_value,priority,tags,comments,start_date,finish_date"))
}

func (p *Provider) remove(w http.ResponseWriter, r *http.Request, me *User) {
	kind := r.PathValue("kind")
	id, _ := strconv.Atoi(r.PathValue("id"))
	if me == nil || me.lists[kind] == nil || me.lists[kind][id] == nil {
		fail(w, http.StatusNotFound, "not_found", "")
		return
	}
	delete(me.lists[kind], id)
	answer(w, http.StatusOK, []any{})
}
