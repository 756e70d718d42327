// Package tracker is the tracker service: what people watched and read, the
// rules by which it grows, and the actions that import, export and complete
// it. Formats of providers live in the packages below and meet this one
// through Format; rows live behind Store.
package tracker

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"asapi/tasks"
)

// State is how far a tracker is. The numbers are those of the published API
// and are stored; never renumber them.
type State int8

// The states of a tracker.
const (
	Unspecified State = 0 // planned: the tracker exists, nothing has begun
	InProgress  State = 1
	Completed   State = 2
	OnHold      State = 3 // paused or dropped
)

var stateNames = [...]string{"STATE_UNSPECIFIED", "IN_PROGRESS", "COMPLETED", "ON_HOLD"}

// String gives the name of the published API.
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return "STATE_" + strconv.Itoa(int(s))
	}
	return stateNames[s]
}

// stateOf finds a state by its name.
func stateOf(name string) (State, bool) {
	i := slices.Index(stateNames[:], name)
	return State(max(i, 0)), i >= 0
}

// Owner is whose trackers are meant: a parent of a client.
type Owner struct {
	Client tasks.ClientID
	Parent string // users/{account} or audiences/{audience}
}

// OwnerOf gives the owner that an account is. An account's name may hold any
// character, so it is escaped like a path segment.
func OwnerOf(a tasks.Account) Owner { return UserOf(a.Client, a.Username) }

// UserOf gives the owner that a user of a client is.
func UserOf(client tasks.ClientID, username string) Owner {
	return Owner{Client: client, Parent: "users/" + url.PathEscape(username)}
}

// Tracker says how far its owner is with one work. There is one for an owner
// and a resource.
type Tracker struct {
	ID       int64  // 0: not kept yet
	Own      string // the id in its name, where that is not ID
	Parent   string
	Resource string
	State    State
	Start    time.Time // zero: unknown
	End      time.Time // zero: unknown; never before Start
	// Percentage was set by hand when ByHand says so; else it is computed.
	Percentage float64
	ByHand     bool
	// FirstDone counts the first regular sub-resources that are completed,
	// as lists say it ("12 episodes").
	FirstDone int64
	// Counted and Beyond count the single sub-resources that are completed:
	// all regular ones, and those known to lie beyond the first FirstDone.
	Counted int64
	Beyond  int64
	// Singles are the places of the single ones that are regular and whose
	// place is known; only Store.List tells them.
	Singles Numbers
}

// Name gives the tracker's name, such as users/alice/trackers/42.
func (t *Tracker) Name() string { return TrackerName{t.Parent, t.LocalID()}.String() }

// LocalID gives the last part of the tracker's name: the server's number, or
// what its owner chose.
func (t *Tracker) LocalID() string {
	if t.Own != "" {
		return t.Own
	}
	return strconv.FormatInt(t.ID, 10)
}

// Done counts the completed regular sub-resources. Where the place of a single
// one is unknown it may be among the first FirstDone, and then counts once only.
func (t *Tracker) Done() int64 { return max(t.FirstDone+t.Beyond, t.Counted) }

// Progress gives the progress in percent; false when it is unknown because
// nobody set it and the work's count is not known. Visual novels are never
// computed.
func (t *Tracker) Progress(w Work) (float64, bool) {
	switch {
	case t.ByHand:
		return t.Percentage, true
	case t.State == Completed:
		return 100, true
	case w.Regular > 0 && !strings.HasPrefix(t.Resource, byHandOnly):
		return min(100, 100*float64(t.Done())/float64(w.Regular)), true
	case t.Done() == 0 && t.State == Unspecified:
		return 0, true
	}
	return 0, false
}

// byHandOnly begins the resources whose progress is set by hand.
const byHandOnly = "visualNovels/"

// Work is what the catalogue of a client knows of a work.
type Work struct {
	Resource string
	Title    string
	Regular  int64 // count of regular sub-resources; 0: unknown
	Parts    []Part
}

// Learn takes over what other knows and w does not. A count only grows: a list
// exported while a work was running knows fewer.
func (w *Work) Learn(other Work) {
	if w.Title == "" {
		w.Title = other.Title
	}
	w.Regular = max(w.Regular, other.Regular)
}

// RegularType is the type of the parts that count for progress.
const RegularType = "REGULAR"

// Part is one sub-resource of a work in the catalogue.
type Part struct {
	Resource string // its full name, such as animes/7/episodes/12
	Type     string // RegularType, RECAP, EXTRA, ... ; only regular ones count
	Ordinal  int64  // place among the regular ones, from 1; 0: unknown
	Length   int64  // seconds or pages; 0: unknown
}

// Numbered gives the name that the part has where only its place is known, such as
// animes/7/episodes/12; empty: its place is not known, or that is its name.
func (p Part) Numbered() string {
	res, ok := ParseResource(p.Resource)
	if number := strconv.FormatInt(p.Ordinal, 10); ok && res.IsPart() && p.Ordinal > 0 && res.PartID != number {
		res.PartID = number
		return res.String()
	}
	return ""
}
