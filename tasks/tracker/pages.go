package tracker

import (
	"context"

	"asapi/tasks"
)

// AudienceQuery asks for one page of the audiences of a client, or of the members
// of one audience.
type AudienceQuery struct {
	Parent string // audiences/{audience} for its members; empty: all audiences
	Size   int    // 0: DefaultPage; above LargestPage: LargestPage
	Token  string // of the page before; empty: the first page
}

// size gives how many a page holds.
func (q AudienceQuery) size() (int, error) {
	switch {
	case q.Size < 0:
		return 0, invalid("page_size", "page_size must not be below 0.")
	case q.Size == 0:
		return DefaultPage, nil
	}
	return min(q.Size, LargestPage), nil
}

// PageAudiences gives a page of the client's audiences, by their ids, and the
// token of the page that follows; empty: this was the last one.
func (l *Library) PageAudiences(ctx context.Context, client tasks.ClientID, q AudienceQuery) ([]Audience, string, error) {
	size, err := q.size()
	if err != nil {
		return nil, "", err
	}
	after, err := tasks.AfterPage(l.sealer, q.Token, "audiences", client)
	if err != nil {
		return nil, "", err
	}
	list, err := l.store.Audiences(ctx, client, after, size+1)
	if err != nil || len(list) <= size {
		return list, "", err
	}
	return list[:size], tasks.PageToken(l.sealer, list[size-1].ID, "audiences", client), nil
}

// PageMembers gives a page of the members of an audience, by their names, and the
// token of the page that follows; empty: this was the last one.
func (l *Library) PageMembers(ctx context.Context, client tasks.ClientID, q AudienceQuery) ([]string, string, error) {
	id, err := ParseAudienceName(q.Parent)
	if err != nil {
		return nil, "", err
	}
	size, err := q.size()
	if err != nil {
		return nil, "", err
	}
	after, err := tasks.AfterPage(l.sealer, q.Token, "members", client, id)
	if err != nil {
		return nil, "", err
	}
	list, err := l.store.Members(ctx, client, id, after, size+1)
	if err != nil || len(list) <= size {
		return list, "", err
	}
	return list[:size], tasks.PageToken(l.sealer, list[size-1], "members", client, id), nil
}

// ChangeAudienceMembers adds and removes members of an audience, which are names
// such as users/alice. Who is a member already stays so, who is none too; one
// that is in both lists is no member then. An audience has at most MaxMembers.
func (l *Library) ChangeAudienceMembers(ctx context.Context, client tasks.ClientID, name string, add, remove []string) error {
	var faults tasks.Faults
	id, err := ParseAudienceName(name)
	faults = append(faults, tasks.FaultsOf(err)...)
	added, fault := membersNamed(add)
	if fault != nil {
		faults = append(faults, fault)
	}
	removed, fault := membersNamed(remove)
	if fault != nil {
		faults = append(faults, fault)
	}
	if len(faults) > 0 {
		return faults.Err()
	}
	return l.store.ChangeMembers(ctx, client, id, added, removed)
}
