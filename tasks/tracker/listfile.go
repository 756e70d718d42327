package tracker

import (
	"context"
	"fmt"

	"asapi/tasks"
)

// ListFileStore keeps the list file that an owner imported last, of each
// provider, until the owner is erased.
type ListFileStore interface {
	// KeepListFile keeps a file in place of the one before.
	KeepListFile(ctx context.Context, owner Owner, p Provider, in tasks.Input) error
	// ListFile gives what was kept last; CodePrecondition when nothing was.
	ListFile(ctx context.Context, owner Owner, p Provider) (tasks.Input, error)
}

// ErrNoListFile says what to do where an import has nothing to take.
func ErrNoListFile(owner Owner, p Provider) error {
	user, _ := owner.User()
	return &tasks.Error{Code: tasks.CodePrecondition, Field: "provider", Message: fmt.Sprintf(
		"No list of %s was uploaded for %s yet: export it there, submit it once with the action import-trackers (service tracker, account %q, provider %s), and call this again.",
		title(p), owner.Parent, user, p)}
}

// ListFile gives the list file of a provider that a user imported last: what an
// import without a file of its own takes. CodePrecondition when there is none.
func (l *Library) ListFile(ctx context.Context, client tasks.ClientID, user string, p Provider) (tasks.Input, error) {
	owner, err := ownerNamed(client, user)
	if err != nil {
		return tasks.Input{}, err
	}
	return l.store.ListFile(ctx, owner, p)
}

// keep keeps the file that a run has imported.
func (s *service) keep(ctx context.Context, run *tasks.Run, p Provider, f tasks.File) error {
	in, err := run.Keep(ctx, f)
	if err != nil {
		return err
	}
	return s.store.KeepListFile(ctx, ownerOf(run), p, in)
}
