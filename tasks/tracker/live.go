package tracker

import (
	"context"
	"errors"

	"asapi/tasks"
)

// Live reads and writes lists through the API of one provider. Its methods may be
// called by several goroutines.
//
// What its methods give as errors decides what becomes of a task: *tasks.Error ends
// it with a sentence, tasks.Later lets it wait without a worker, Refused fails one
// entry, Unsure has that entry looked at again; anything else is tried again.
type Live interface {
	// Format reads and conforms entries as the list files of the provider do.
	Format() Format
	// Identity names who the credentials sign in: requests of the same one share
	// a pace. Empty: the account that stored them.
	Identity(c Credentials) string
	// Open begins to work with a user's lists.
	Open(ctx context.Context, access *Access) (LiveList, error)
	// Change says what has to be sent so that an entry becomes like want; have is
	// how it stands at the provider, nil when it is not on the list.
	Change(kind Kind, want Entry, have *Entry) Change
}

// LiveList is what a user has at a provider, for one run.
type LiveList interface {
	// Page gives the entries from a cursor on; an empty one begins.
	Page(ctx context.Context, kind Kind, cursor string) (LivePage, error)
	// Find gives one entry as it stands; there is false when it is not on the list.
	Find(ctx context.Context, key RecordKey) (row Row, there bool, err error)
	// Write sends a change and gives the entry as it stands then, as far as want
	// and the answer tell. A change sent twice leaves what it leaves sent once. With
	// Lacking it gives the entry, too; after tasks.Later it is called again with the
	// same change.
	Write(ctx context.Context, key RecordKey, change Change, want Entry) (Entry, error)
	// Delete takes an entry off the list; one that is not there is no error.
	Delete(ctx context.Context, key RecordKey) error
}

// LivePage is one page of a list.
type LivePage struct {
	Rows  []Row
	Next  string // the cursor of the page after it; empty: this was the last
	Total int64  // entries of the whole list; 0: unknown
}

// Change is what is sent for one entry, in the provider's own words.
type Change struct {
	Values []Field  // name and value, as the provider's API spells them
	Left   []string // sentences: what cannot be carried
}

// Empty reports whether there is nothing to send.
func (c Change) Empty() bool { return len(c.Values) == 0 }

// Refused makes the error of an entry that the provider does not take; the task goes
// on with the others.
func Refused(reason string) error { return &refusedError{reason} }

type refusedError struct{ reason string }

func (e *refusedError) Error() string { return e.reason }

// Unsure makes the error of a write of which it is not known whether it was done.
func Unsure(cause error) error { return &unsureError{cause} }

type unsureError struct{ cause error }

func (e *unsureError) Error() string {
	return "it is not known whether the entry was written: " + e.cause.Error()
}
func (e *unsureError) Unwrap() error { return e.cause }

// Lacking makes the error of a write that left out what the provider does not have, such
// as chapters; the reason says what. Where nothing could be written, the entry counts as
// unchanged.
func Lacking(reason string, written bool) error { return &lackingError{reason, written} }

type lackingError struct {
	reason  string
	written bool
}

func (e *lackingError) Error() string { return e.reason }

func isUnsure(err error) bool { _, ok := errors.AsType[*unsureError](err); return ok }

// Access is how a run may sign in to a provider.
type Access struct {
	Provider    Provider
	Credentials Credentials
	// Lane is whose pace the requests keep.
	Lane tasks.Lane
	// Stay keeps the run's place among those that work with the provider. An adapter
	// calls it where one of its calls may take longer than a minute.
	Stay func(ctx context.Context) error
	// Save keeps credentials in place of those that the run began with, because
	// the provider gave new ones and will take the old ones no more.
	Save func(ctx context.Context, c Credentials) error
	// Reload gives the credentials as they are kept now.
	Reload func(ctx context.Context) (Credentials, error)
	// Remember keeps something that is no secret for the attempts after this one,
	// and Remembered gives it; empty: nothing was kept. Without it an attempt
	// would ask again what one before it was told, and might never get further.
	Remember   func(ctx context.Context, name, value string) error
	Remembered func(ctx context.Context, name string) (string, error)
}

// SignIn makes the error of credentials that a provider does not take.
func SignIn(p Provider, what string) error {
	return tasks.Permanent(tasks.CodeUnauthorized, Titles[p]+" "+what+" Store new credentials for "+Titles[p]+", and submit the task again.")
}

// Connector is a Live whose provider signs users in on its own pages (OAuth 2.0,
// RFC 6749 section 4.1, with a verifier as RFC 7636 has it where the provider does).
type Connector interface {
	Live
	// Authorize gives the address to send the user to, who comes back to redirect
	// with a code and the state.
	Authorize(state, verifier, redirect string) (string, error)
	// Exchange gives credentials for the code.
	Exchange(ctx context.Context, code, verifier, redirect string) (Credentials, error)
}
