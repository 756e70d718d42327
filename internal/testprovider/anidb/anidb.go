// Package anidb is a stand-in for the HTTP API and the UDP API of anidb.net.
package anidb

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"asapi/internal/testprovider"
)

// Client and Version are what is registered at the stand-in.
const (
	Client  = "asapitest"
	Version = "1"
)

// Anime is an anime with episodes, by their numbers, such as 1 and S1.
type Anime struct {
	ID       int64
	Title    string
	Ended    bool
	Episodes []string
}

// eid gives the id of an episode; 0: there is none.
func (a *Anime) eid(no string) int64 {
	if i := slices.Index(a.Episodes, no); i >= 0 {
		return a.ID*10_000 + int64(i) + 1
	}
	return 0
}

// regular counts the regular episodes.
func (a *Anime) regular() (n int) {
	for _, no := range a.Episodes {
		if no[0] >= '0' && no[0] <= '9' {
			n++
		}
	}
	return n
}

// Item is a file on a list, or in place of one an episode.
type Item struct {
	AID     int64
	No      string
	State   int
	Viewed  int64 // seconds since 1970; 0: not watched
	Generic bool

	lid, fid, eid int64
}

// User is a user with the list and the votes, which are 100 to 1000.
type User struct {
	Name, Password string
	Items          map[int64]*Item // by their places
	Votes, Temp    map[int64]int
}

// Provider is the stand-in.
type Provider struct {
	testprovider.Gate
	// Signal is what a datagram gets that must come later; empty: 602, busy.
	Signal string
	// Lasts is how many datagrams a session is good for; 0: any number.
	Lasts int

	mu       sync.Mutex
	anime    map[int64]*Anime
	users    map[string]*User // by name
	sessions map[string]*session
	writes   map[string]int // by anime and episode
	lids     int64
	logins   int
	last     time.Time // the last datagram
	hasty    int
	ports    map[string]bool
	lists    int
}

type session struct {
	user *User
	key  string
	left int
}

// The names by which the gate knows callers: AniDB counts by address.
const (
	byHTTP = "http"
	byUDP  = "udp"
)

// New makes a stand-in without users. Of an address it takes a page in two seconds and a
// datagram in two, over ten minutes one in four; who comes oftener is banned for hours.
func New() *Provider {
	p := &Provider{
		anime: map[int64]*Anime{}, users: map[string]*User{}, sessions: map[string]*session{}, writes: map[string]int{}, ports: map[string]bool{},
	}
	p.Limit, p.Window, p.LimitWait = 30, time.Minute, 11*time.Hour
	p.Others = map[string]testprovider.Limit{byUDP: {Most: 165, Window: 10 * time.Minute, Wait: 25 * time.Second}}
	p.Caller = func(r *http.Request) string {
		if r.Method == "UDP" {
			return byUDP
		}
		return byHTTP
	}
	p.Refuse = func(w http.ResponseWriter, _ time.Duration, _ time.Time) { answer(w, "<error>Banned</error>") }
	return p
}

// Add makes a user.
func (p *Provider) Add(name, password string) *User {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users[name] = &User{Name: name, Password: password, Items: map[int64]*Item{}, Votes: map[int64]int{}, Temp: map[int64]int{}}
	return p.users[name]
}

// Know makes the stand-in know an anime.
func (p *Provider) Know(a Anime) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.anime[a.ID] = &a
}

// Put puts a file, or an episode, on a user's list.
func (p *Provider) Put(u *User, i Item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.put(u, i)
}

func (p *Provider) put(u *User, i Item) *Item {
	p.lids++
	i.lid, i.fid, i.eid = p.lids, 1_000_000+p.lids, p.anime[i.AID].eid(i.No)
	u.Items[i.lid] = &i
	return &i
}

// Revoke ends a user's sessions, and changes the password.
func (p *Provider) Revoke(u *User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u.Password += "another"
	maps.DeleteFunc(p.sessions, func(_ string, s *session) bool { return s.user == u })
}

// Last changes how many datagrams the sessions to come are good for.
func (p *Provider) Last(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Lasts = n
}

// Voted gives a user's votes for good and those for now.
func (p *Provider) Voted(u *User) (votes, temp map[int64]int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(u.Votes), maps.Clone(u.Temp)
}

// Writes tells, by the ids of anime, how often that of their episodes was written that was
// written the most.
func (p *Provider) Writes() map[int64]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[int64]int{}
	for name, n := range p.writes {
		var aid int64
		for i := range name {
			if name[i] == ' ' {
				aid, _ = strconv.ParseInt(name[:i], 10, 64)
				break
			}
		}
		out[aid] = max(out[aid], n)
	}
	return out
}

// wrote notes that an episode of an anime was written, or the vote.
func (p *Provider) wrote(aid int64, what string) { p.writes[strconv.FormatInt(aid, 10)+" "+what]++ }

// Manners tells how many datagrams came less than two seconds after another, from how
// many ports they came, and how often a whole list was read.
func (p *Provider) Manners() (hasty, ports, lists int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hasty, len(p.ports), p.lists
}

// List gives what is on a user's list, by the ids of the anime and the numbers of the
// episodes.
func (p *Provider) List(u *User) map[int64]map[string]Item {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[int64]map[string]Item{}
	for _, i := range u.Items {
		if out[i.AID] == nil {
			out[i.AID] = map[string]Item{}
		}
		if was, there := out[i.AID][i.No]; !there || was.Viewed < i.Viewed {
			out[i.AID][i.No] = *i
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
