package tracker

import (
	"context"
	"strings"

	"asapi/tasks"
)

// ownerOf gives whose trackers a run works on where no audience is named.
func ownerOf(run *tasks.Run) Owner {
	return UserOf(run.Task.Client, run.Task.Account)
}

// ownerFor gives whose trackers a run works on: the audience's where one is
// given, by its id or its name, else the account's.
func ownerFor(run *tasks.Run, audience string) (Owner, error) {
	if audience == "" {
		return ownerOf(run), nil
	}
	name := audience
	if !strings.Contains(name, "/") {
		name = audiences + name
	}
	id, err := ParseAudienceName(name)
	if err != nil {
		return Owner{}, invalid("audience", "audience must be an id of letters, digits and -_.~, or read audiences/{id}.")
	}
	return Owner{run.Task.Client, Audience{ID: id}.Name()}, nil
}

// ownerThere is ownerFor, of an audience that the client has: CodeNotFound else.
func (s *service) ownerThere(ctx context.Context, run *tasks.Run, audience string) (Owner, error) {
	owner, err := ownerFor(run, audience)
	if id, ok := owner.Audience(); ok && err == nil {
		_, err = s.store.Audience(ctx, owner.Client, id)
	}
	return owner, err
}

// audienceAccount begins the names of the accounts that audiences have, see
// Owner.Account.
const audienceAccount = "audience:"

// Account gives the account for which a task on the owner's trackers runs where the
// caller names the owner only: a user's own; for an audience, which has none, the
// account audience:{id}.
func (o Owner) Account() string {
	if _, ok := o.Audience(); ok {
		return audienceAccount + o.label()
	}
	return o.label()
}

// OwnerBehind gives the owner whose Account an account is.
func OwnerBehind(a tasks.Account) Owner {
	if id, ok := strings.CutPrefix(a.Username, audienceAccount); ok && validOwnID(id) {
		return Owner{a.Client, Audience{ID: id}.Name()}
	}
	return OwnerOf(a)
}

// label names the owner in files: the account, or the audience's id.
func (o Owner) label() string {
	if id, ok := o.Audience(); ok {
		return id
	}
	user, _ := o.User()
	return user
}

// this names the owner in a sentence.
func (o Owner) this() string {
	if _, ok := o.Audience(); ok {
		return "This audience"
	}
	return "This account"
}
