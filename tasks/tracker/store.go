package tracker

import (
	"context"
	"iter"
	"strings"
	"time"

	"asapi/tasks"
)

// Store keeps trackers. Every method sees the given owner's or client's rows
// only.
type Store interface {
	// Change reads what the owner holds of want, lets fn change it, and keeps
	// what fn changed, the activities it added and the items it gave, in one
	// transaction of the run. It gives the items with the names of their
	// trackers. fn may be called again, with everything read anew;
	// tasks.ErrLeaseLost when the run is not the current one.
	Change(ctx context.Context, run tasks.Fence, owner Owner, want Want, fn func(*Held) error) ([]tasks.Item, error)
	// List lets fn read the owner's entries of a provider's list in the order
	// they came, and its trackers of works that have no entry there and whose id
	// at the provider is known: they are named after it, or the references say
	// it, one to one. They come with what other providers' lists last said of
	// these works. fn may range over the lines more than once and finds the
	// same each time. They are not held in memory.
	List(ctx context.Context, owner Owner, p Provider, k Kind, fn func(lines iter.Seq2[Listed, error]) error) error
	// ListSaid is List as it will be when claims are kept.
	ListSaid(ctx context.Context, owner Owner, p Provider, k Kind, claims []Claim, fn func(lines iter.Seq2[Listed, error]) error) error
	// Parted gives the keys of entries whose trackers the owner deleted since they
	// were last compared with a provider's list, and that no import took again.
	Parted(ctx context.Context, owner Owner, p Provider, k Kind) ([]RecordKey, error)
	// LeftOut calls each with the owner's trackers of works of that kind which
	// List leaves out because their id at the provider is not known, and why;
	// of a tracker its ID, Parent and Resource are told.
	LeftOut(ctx context.Context, owner Owner, p Provider, k Kind, each func(t Tracker, reason string) error) error
	// CountListed counts what List would give.
	CountListed(ctx context.Context, owner Owner, p Provider, k Kind) (int64, error)
	// Trackers gives the owner's trackers whose resource comes after the given
	// one, at most limit, by resource.
	Trackers(ctx context.Context, owner Owner, after string, limit int) ([]Tracker, error)
	// Wholes lets fn read all that is kept of the owner's trackers, in the order
	// they came, with their activities when those are asked for; total counts
	// the trackers. fn may range over them more than once and finds the same
	// each time. A hundred or so are held in memory.
	Wholes(ctx context.Context, owner Owner, activities bool, fn func(total int64, wholes iter.Seq2[Whole, error]) error) error
	// SaveWorks teaches the client's catalogue; what it knows already stays.
	SaveWorks(ctx context.Context, client tasks.ClientID, works []Work) error
	// Changed gives whose trackers an import of the account changed, which has
	// ended: the account's, or an audience's. tasks.CodeNotFound when the account
	// has no such import or the audience is gone, CodeBusy while it has not ended.
	Changed(ctx context.Context, account tasks.Account, task tasks.ID) (Owner, error)
	// Recall ends the reach of what an audience consumed by the import: nobody
	// is reached any more. It gives how many changes the import's journal holds,
	// which is complete from then on.
	Recall(ctx context.Context, run tasks.Fence, owner Owner, task tasks.ID) (int64, error)
	// PutBack takes some changes of an import's journal, the last first: those
	// that reached members, then the owner's own. It asks judge about each, puts
	// back those for which it says so, and records the items and the place that
	// was reached, in one transaction of the run. Changes of one tracker are never
	// taken together, so it may take fewer; no item: there are no more.
	PutBack(ctx context.Context, run tasks.Fence, owner Owner, from Undoing, judge func(Trace) (tasks.Item, bool)) ([]tasks.Item, Undoing, error)
	// Rehome moves a bounded number of trackers that are kept under names which
	// their ids do not stand for any more, because something else is said about
	// them now, and says whether there is more to do. Trackers of one owner
	// that stand for one work become one, which is also found under the name of
	// the other. It may be interrupted anywhere and called by several at once.
	Rehome(ctx context.Context) (more bool, err error)
	// Erase deletes everything the owner has, for good, in bounded steps. It
	// may be called again after it was interrupted.
	Erase(ctx context.Context, owner Owner) error

	LookStore
	LibraryStore
	AudienceStore
	CredentialStore
	ListFileStore
}

// Want names what a change needs to see.
type Want struct {
	Records []RecordKey
	Works   []string // resources of works: their trackers and what the catalogue knows
	Parts   []string // full names of sub-resources; animes/-/episodes/7 finds every work's
	// Claims are what a list file itself says about works; they are kept as
	// references of the client.
	Claims  []Claim
	Singles bool // the completed single regular sub-resources of the trackers found, too
	Dry     bool // nothing that fn changes is kept but its items
	Journal bool // what fn changes is noted, so that it can be put back
	// Completed asks for all completed resources of the trackers found, not
	// only for the single regular ones.
	Completed bool
	Same      []Activity // how often the owner has the same activity
	ID        string     // of one tracker, as its name has it; empty: none
	// Notes of the run are kept with what fn changes, also when the rest is not.
	Notes tasks.Notes
}

// Held is what the owner holds of what a change wanted. Trackers and records
// that fn changes, or adds, are kept.
type Held struct {
	Owner Owner
	// Refs knows what the wanted records, works and parts stand for. Works and
	// parts that were wanted under a name derived from a provider's id are
	// held under the name that this id stands for.
	Refs      *References
	Trackers  map[string]*Tracker // by resource
	Works     map[string]*Work    // by resource; a change adds what it learns
	Records   map[RecordKey]*Record
	Parts     map[string][]Part // by the name wanted; several where it leaves the work open
	Completed map[string]bool   // full names of wanted parts and works that were completed before
	// Numbered are the names by number of wanted parts that were completed under
	// these, and not under the names that the catalogue has for them.
	Numbered map[string]bool

	Same map[Activity]int64 // by the wanted activity, without its tracker

	// Singles are the completed single regular sub-resources of trackers, by the
	// resource of the work, where they were wanted.
	Singles map[string][]Completion

	// Asked is the tracker that was wanted by its id, nil when the owner has
	// none; AskedDone is all that it completed one by one, by full name.
	Asked     *Tracker
	AskedDone map[string]Completion

	Completions []Completion // added
	Undone      []Completion // taken back
	Activities  []Activity
	Noted       *Activity // one more activity, which is given its ID
	Outcomes    []Outcome
}

// Record is what the owner's list at a provider says of one work.
type Record struct {
	Key     RecordKey
	Tracker *Tracker
	Entry   Entry
	// Base is what both sides had when they were last alike, fact by fact; without
	// a status: they were never compared.
	Base Facts
}

// Outcome is an item on its way; its tracker has a name once it is kept.
type Outcome struct {
	Item    tasks.Item
	Tracker *Tracker // nil: none
}

// Completion adds one sub-resource, or the work itself, to the completed
// resources of a tracker.
type Completion struct {
	Tracker  *Tracker
	Resource string
	Ordinal  int64 // 0: unknown
	Regular  bool
	At       time.Time
}

// Listed is one line of a provider's list as the owner has it.
type Listed struct {
	Key   RecordKey
	Entry Entry
	// Bare: there is a tracker but no entry. Entry is then what another
	// provider's list last said of the work; without a status: none did.
	Bare    bool
	Tracker Tracker
	Work    Work
	// Base is that of the entry's record.
	Base Facts
	// ChangedAt is when the tracker was last changed, and ListedAt when the entry
	// was; zero: there is none.
	ChangedAt, ListedAt time.Time
}

// Tracker finds the tracker of a work, or makes one.
func (h *Held) Tracker(resource string) (t *Tracker, made bool) {
	if t, ok := h.Trackers[resource]; ok {
		return t, false
	}
	t = &Tracker{Parent: h.Owner.Parent, Resource: resource}
	h.Trackers[resource] = t
	return t, true
}

// Resolve gives what an id of a record, or of a claim, that was wanted stands for.
func (h *Held) Resolve(k RecordKey) Resolved { return h.Refs.Of(k) }

// Learn adds to what the catalogue knows of a work, and gives all of it.
func (h *Held) Learn(w Work) Work {
	w.Title = strings.ToValidUTF8(strings.ReplaceAll(w.Title, "\x00", ""), "\uFFFD")
	known, ok := h.Works[w.Resource]
	if !ok {
		known = &Work{Resource: w.Resource}
		h.Works[w.Resource] = known
	}
	known.Learn(w)
	return *known
}

// Settle notes what became of one item.
func (h *Held) Settle(item tasks.Item, t *Tracker) {
	h.Outcomes = append(h.Outcomes, Outcome{item, t})
}
