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
	whose := fmt.Sprintf("account %q", owner.Account())
	if id, ok := owner.Audience(); ok {
		whose = fmt.Sprintf("any account, audience %q", id)
	}
	return &tasks.Error{Code: tasks.CodePrecondition, Field: "provider", Message: fmt.Sprintf(
		"No list of %s was uploaded for %s yet: export it there, submit it once with the action import-trackers (service tracker, %s, provider %s), and call this again.",
		title(p), owner.Parent, whose, p)}
}

// ListFile gives the list file of a provider that was imported last for a user or an
// audience: what an import without a file of its own takes. CodePrecondition when
// there is none.
func (l *Library) ListFile(ctx context.Context, client tasks.ClientID, parent string, p Provider) (tasks.Input, error) {
	owner, err := ownerNamed(client, parent)
	if err != nil {
		return tasks.Input{}, err
	}
	return l.store.ListFile(ctx, owner, p)
}

// keep keeps the file that a run has imported.
func (s *service) keep(ctx context.Context, run *tasks.Run, owner Owner, p Provider, f tasks.File) error {
	in, err := run.Keep(ctx, f)
	if err != nil {
		return err
	}
	return s.store.KeepListFile(ctx, owner, p, in)
}
