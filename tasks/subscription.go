package tasks

import (
	"context"
	"time"
)

// Subscription is a client's standing order: an action that is to run for an
// account again and again. Each time is an occurrence, and becomes an ordinary task.
type Subscription struct {
	ID      ID
	Client  ClientID
	Service string
	Action  string
	Account string
	Values  map[string][]string // the arguments of each occurrence
	Every   time.Duration       // from one occurrence to the next
	// Token is the id of the token that subscribed last. Each occurrence goes by
	// what that token may do then, and its result to that token's stream or store.
	Token     string
	CreatedAt time.Time
	NextAt    time.Time // of the next occurrence; zero: it is paused
	Number    int64     // of the last occurrence that became a task, from 1; 0: none did
	Skipped   int64     // occurrences left out since the one before still ran
	Failures  int       // occurrences in a row that failed
	LastTask  ID        // of the last occurrence; zero: none
	LastAt    time.Time // when the last occurrence became a task; zero: none did
	PausedAt  time.Time // zero: it is active
	Pause     Pause     // why it is paused
}

// Paused reports whether nothing more happens until it is resumed.
func (s *Subscription) Paused() bool { return !s.PausedAt.IsZero() }

// Pause says why a subscription is paused.
type Pause struct {
	Code   Code   // empty: it is not paused
	Reason string // one sentence for the user, with what to do
}

// NewSubscription is a validated subscription on its way to the store.
type NewSubscription struct {
	Client   ClientID
	Service  string
	Action   string
	Account  string
	Values   map[string][]string
	Identity string // the same for subscriptions of a client that ask for the same
	Every    time.Duration
	Token    string
	Most     int64 // subscriptions the client may have; 0: any number
}

// SubscribeOutcome says what became of a NewSubscription.
type SubscribeOutcome string

// The outcomes of subscribing.
const (
	SubscriptionCreated   SubscribeOutcome = "created"
	SubscriptionResumed   SubscribeOutcome = "resumed"   // it was there, and paused
	SubscriptionChanged   SubscribeOutcome = "changed"   // it was there, with another rhythm or token
	SubscriptionUnchanged SubscribeOutcome = "unchanged" // it was there as it is
)

// SubscriptionFilter selects subscriptions; empty fields select all.
type SubscriptionFilter struct {
	IDs     []ID // one of these
	Service string
	Action  string
	Account string
	State   SubscriptionState
	Limit   int // of a page; 0: 1,000
	After   ID  // the Next of the page before; zero: from the oldest
}

// SubscriptionState selects active or paused subscriptions.
type SubscriptionState string

// The states of a subscription; the empty one selects both.
const (
	SubscriptionActive SubscriptionState = "active"
	SubscriptionPaused SubscriptionState = "paused"
)

// State tells the subscription's state.
func (s *Subscription) State() SubscriptionState {
	if s.Paused() {
		return SubscriptionPaused
	}
	return SubscriptionActive
}

// SubscriptionPage is a page of a listing, oldest first.
type SubscriptionPage struct {
	Subscriptions []Subscription
	Next          ID // the After of the next page; zero: this was the last one
}

// Occurrence is what is to become of a subscription that is due: a task, or its
// pause.
type Occurrence struct {
	Subscription Subscription // its Number is the fence: the occurrence before
	New          NewTask      // Protocol and Stream are told also with a Pause
	Pause        *Pause       // nil: New becomes a task
}

// OccurrenceOutcome says what became of an Occurrence.
type OccurrenceOutcome string

// The outcomes of occurrences.
const (
	OccurrenceSubmitted OccurrenceOutcome = "submitted"
	OccurrenceSkipped   OccurrenceOutcome = "skipped" // the one before still runs; the next comes at its time
	OccurrencePutOff    OccurrenceOutcome = "put off" // the client has too many open tasks; tried again soon
	OccurrencePaused    OccurrenceOutcome = "paused"  // the subscription is
	OccurrenceGone      OccurrenceOutcome = "gone"    // not due any more: another process saw to it, or it was ended
)

// Occurred is what became of an Occurrence. Task is the task, or where it was
// paused the message that says so; zero: there is none.
type Occurred struct {
	Outcome OccurrenceOutcome
	Task    Task
}

// SubscriptionStore keeps subscriptions. The client may be EveryClient but for
// Subscribe. All times are by the store's clock.
type SubscriptionStore interface {
	// Subscribe keeps a subscription, or brings the client's that has the same
	// Identity up to date and resumes it. CodeNoSuchAccount, CodeLimit.
	Subscribe(ctx context.Context, n NewSubscription) (Subscription, SubscribeOutcome, error)
	// Unsubscribe ends the subscriptions that a filter selects, and gives their
	// ids. The State, the Limit and After do not count.
	Unsubscribe(ctx context.Context, client ClientID, f SubscriptionFilter) ([]ID, error)
	// Subscriptions gives a page of the subscriptions that a filter selects.
	Subscriptions(ctx context.Context, client ClientID, f SubscriptionFilter) (SubscriptionPage, error)
	// DueSubscriptions gives up to limit subscriptions that are due, longest due
	// first. It claims nothing.
	DueSubscriptions(ctx context.Context, limit int) ([]Subscription, error)
	// Occur lets occurrences happen, in one transaction that also dates the next
	// ones: however many processes try, and whenever one dies, each happens once.
	// It answers in the order of list.
	Occur(ctx context.Context, list []Occurrence) ([]Occurred, error)
	// PauseSubscription pauses a subscription and tells its stream. It gives the
	// message, the zero Task where there is none or it was paused before;
	// CodeNotFound when there is no such subscription.
	PauseSubscription(ctx context.Context, client ClientID, id ID, why Pause) (Task, error)
	// ResumeSubscription makes an active one of a paused subscription; with now
	// its next occurrence is due at once, also where it was not paused.
	ResumeSubscription(ctx context.Context, client ClientID, id ID, now bool) error
	// CountSubscriptions counts the active and the paused ones of all clients.
	CountSubscriptions(ctx context.Context) (active, paused int64, err error)
}
