package tracker

import (
	"context"
	"time"

	"asapi/tasks"
)

// LibraryStore is what the use cases of trackers need.
type LibraryStore interface {
	// Write is Change outside of a run, and settles no items. A user's account
	// that does not exist is registered in the same transaction, CodeUnavailable
	// while it is being erased; an audience must exist, else CodeNotFound.
	Write(ctx context.Context, owner Owner, want Want, fn func(*Held) error) error
	// View finds one tracker by the id in its name; CodeNotFound.
	View(ctx context.Context, owner Owner, id string) (View, error)
	// Page gives the owner's trackers that the filter selects and whose ID is
	// above after, at most limit, by ID.
	Page(ctx context.Context, owner Owner, f *Filter, after int64, limit int) ([]View, error)
	// Discard deletes a tracker with all it has; CodeNotFound. It works in
	// bounded steps: interrupted, it is to be called again.
	Discard(ctx context.Context, owner Owner, id string) error
	// NoteActivity adds an activity that changes nothing but itself: its tracker
	// has begun and is of the activity's work, and the activity completes nothing.
	// noted is false where that is not so, or not known without looking at more;
	// then Write is to be used. Many at once share a commit.
	NoteActivity(ctx context.Context, owner Owner, id string, a Activity) (number int64, noted bool, err error)
	// DropActivity deletes one activity of a tracker; CodeNotFound.
	DropActivity(ctx context.Context, owner Owner, tracker string, id int64) error
	// PartsOf gives what the catalogue knows of the parts of a work.
	PartsOf(ctx context.Context, client tasks.ClientID, work string) ([]Part, error)
}

// AudienceStore keeps audiences, their members and what is still to reach them.
type AudienceStore interface {
	// CreateAudience makes an audience with members, which are parents such as
	// users/alice; CodeUnique when the id is taken, also by an audience whose
	// deletion is not done yet.
	CreateAudience(ctx context.Context, client tasks.ClientID, id string, members []string) error
	// SetMembers makes exactly these the members: CodeNotFound. Accounts that
	// do not exist are registered; CodeUnavailable while one is being erased.
	SetMembers(ctx context.Context, client tasks.ClientID, id string, members []string) error
	// ChangeMembers adds and removes members, as SetMembers does; CodeLimit when
	// the audience would have more than MaxMembers.
	ChangeMembers(ctx context.Context, client tasks.ClientID, id string, add, remove []string) error
	// Members gives the members that come after the given one, by name;
	// CodeNotFound when there is no such audience.
	Members(ctx context.Context, client tasks.ClientID, id, after string, limit int) ([]string, error)
	// Audience finds one audience; CodeNotFound.
	Audience(ctx context.Context, client tasks.ClientID, id string) (Audience, error)
	// Audiences gives the audiences whose id comes after the given one, by id.
	Audiences(ctx context.Context, client tasks.ClientID, after string, limit int) ([]Audience, error)
	// DeleteAudience takes an audience away; CodeNotFound. What it consumed
	// before still reaches its members.
	DeleteAudience(ctx context.Context, client tasks.ClientID, id string) error
	// Advance does one bounded step of what waits in the background: some
	// members get what their audience consumed, or a deleted audience loses
	// some of what it had. apply is called for each member's trackers. more
	// is false when nothing waits that no other process is at.
	Advance(ctx context.Context, apply func(h *Held, c Consumption)) (more bool, err error)
}

// CredentialStore keeps sealed credentials.
type CredentialStore interface {
	// SaveCredentials keeps or replaces what a user has for a provider. The
	// account is registered where it does not exist.
	SaveCredentials(ctx context.Context, owner Owner, p Provider, sealed []byte) error
	// Credentials gives what SaveCredentials kept; CodeNotFound.
	Credentials(ctx context.Context, owner Owner, p Provider) ([]byte, error)
	// ListCredentials tells for which providers the user has some.
	ListCredentials(ctx context.Context, owner Owner) ([]StoredCredentials, error)
	// DeleteCredentials forgets them; CodeNotFound when there are none.
	DeleteCredentials(ctx context.Context, owner Owner, p Provider) error
}

// StoredCredentials says that credentials are there; never what they are.
type StoredCredentials struct {
	Provider Provider
	Since    time.Time // when they were stored last
}
