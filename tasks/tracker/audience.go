package tracker

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"asapi/tasks"
)

// Audience is a group of users of one client that watches and reads together.
// What it newly consumes, its members at that moment consume too.
type Audience struct {
	ID        string
	Members   int64 // how many
	CreatedAt time.Time
}

// Name gives the audience's name, such as audiences/42.
func (a Audience) Name() string { return audiences + a.ID }

// MaxMembers is the greatest number of members of one audience.
const MaxMembers = 100_000

// CreateAudience makes an audience with members, which are names such as
// users/alice. id is the caller's own, of letters, digits and -_.~, or empty:
// the server makes one. It gives the audience's name.
func (l *Library) CreateAudience(ctx context.Context, client tasks.ClientID, id string, members []string) (string, error) {
	var faults tasks.Faults
	if id != "" && !validOwnID(id) {
		faults = append(faults, invalid("audience", "The id of an audience holds letters, digits and -_.~ only, and at most %d bytes.", maxOwnID))
	}
	parents, fault := membersNamed(members)
	if fault != nil {
		faults = append(faults, fault)
	}
	if len(faults) > 0 {
		return "", faults.Err()
	}
	if id == "" {
		id = newAudienceID()
	}
	return audiences + id, l.store.CreateAudience(ctx, client, id, parents)
}

// newAudienceID makes a positive int64. Nobody needs to guess it, and none comes
// twice.
func newAudienceID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return strconv.FormatInt(int64(binary.BigEndian.Uint64(b[:])>>1|1), 10)
}

// SetAudienceMembers makes exactly the named users the members of an audience.
// Who is new gets what is consumed from now on; who leaves still gets what was
// consumed before.
func (l *Library) SetAudienceMembers(ctx context.Context, client tasks.ClientID, name string, members []string) error {
	var faults tasks.Faults
	id, err := ParseAudienceName(name)
	faults = append(faults, tasks.FaultsOf(err)...)
	parents, fault := membersNamed(members)
	if fault != nil {
		faults = append(faults, fault)
	}
	if len(faults) > 0 {
		return faults.Err()
	}
	return l.store.SetMembers(ctx, client, id, parents)
}

// membersNamed reads users/{user} names, each once, in their order by name.
func membersNamed(names []string) ([]string, *tasks.Error) {
	if len(names) > MaxMembers {
		return nil, invalid("members", "An audience has at most %d members.", MaxMembers)
	}
	parents := make([]string, 0, len(names))
	for _, name := range names {
		parent, err := ParseParent(name)
		if _, isUser := (Owner{Parent: parent}).User(); err != nil || !isUser {
			return nil, invalid("members", "Members are named like users/{user}; %q is not.", tasks.Clip(name, 80))
		}
		parents = append(parents, parent)
	}
	slices.Sort(parents)
	return slices.Compact(parents), nil
}

// ListAudiences gives up to LargestPage audiences of the client whose id comes
// after the given one, by id.
func (l *Library) ListAudiences(ctx context.Context, client tasks.ClientID, after string) ([]Audience, error) {
	return l.store.Audiences(ctx, client, after, LargestPage)
}

// FindAudience finds an audience by its name.
func (l *Library) FindAudience(ctx context.Context, client tasks.ClientID, name string) (Audience, error) {
	id, err := ParseAudienceName(name)
	if err != nil {
		return Audience{}, err
	}
	return l.store.Audience(ctx, client, id)
}

// AudienceMembers gives up to LargestPage members of an audience whose name
// comes after the given one, by name.
func (l *Library) AudienceMembers(ctx context.Context, client tasks.ClientID, name, after string) ([]string, error) {
	id, err := ParseAudienceName(name)
	if err != nil {
		return nil, err
	}
	return l.store.Members(ctx, client, id, after, LargestPage)
}

// DeleteAudience takes an audience away with its trackers. What it consumed
// before still reaches its members, whose own trackers stay.
func (l *Library) DeleteAudience(ctx context.Context, client tasks.ClientID, name string) error {
	id, err := ParseAudienceName(name)
	if err != nil {
		return err
	}
	return l.store.DeleteAudience(ctx, client, id)
}

// Advance does one bounded step of what waits in the background; more is false
// when nothing waits. A process that dies in a step leaves nothing half done:
// the step is one transaction, and the next one goes on where it stood.
func (l *Library) Advance(ctx context.Context) (more bool, err error) {
	return l.store.Advance(ctx, func(h *Held, c Consumption) { h.Consume(c) })
}
