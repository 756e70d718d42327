package tracker

import (
	"context"

	"asapi/tasks"
)

// The actions by which lists come and go.
const (
	ImportFile   = "import-trackers"
	ExportFile   = "export-trackers"
	ImportLive   = "import-from-provider"
	ExportToLive = "export-to-provider"
	SyncLive     = "sync-with-provider"
)

// Reaching gives a Library that knows which providers are reached through their APIs.
func (l *Library) Reaching(lives []Live) *Library {
	reaching := *l
	reaching.reached = make(map[Provider]bool, len(lives))
	for _, live := range lives {
		reaching.reached[live.Format().Provider()] = true
	}
	return &reaching
}

// ImportWay gives the action by which the list of a user, or of an audience, comes
// from a provider where the caller names no more than that: through its API, for users
// who stored what signs in there; else from the list file that was imported last,
// which comes with it. CodePrecondition when there is neither, CodeNotFound of an
// audience that the client does not have.
func (l *Library) ImportWay(ctx context.Context, client tasks.ClientID, parent string, p Provider) (action string, file *tasks.Input, err error) {
	live, err := l.signsIn(ctx, client, parent, p)
	if err != nil || live {
		return ImportLive, nil, err
	}
	in, err := l.ListFile(ctx, client, parent, p)
	if err != nil {
		return "", nil, err
	}
	return ImportFile, &in, nil
}

// ExportWay gives the action by which a list goes to a provider: as with ImportWay, or
// as a list file, which is the task's result.
func (l *Library) ExportWay(ctx context.Context, client tasks.ClientID, parent string, p Provider) (string, error) {
	live, err := l.signsIn(ctx, client, parent, p)
	if err != nil || live {
		return ExportToLive, err
	}
	return ExportFile, nil
}

// signsIn reports whether a provider is reached and the user stored what signs in
// there; audiences sign in nowhere.
func (l *Library) signsIn(ctx context.Context, client tasks.ClientID, parent string, p Provider) (bool, error) {
	if of, err := ownerNamed(client, parent); err == nil {
		if id, ok := of.Audience(); ok {
			_, err := l.store.Audience(ctx, client, id)
			return false, err
		}
	}
	if !l.reached[p] {
		return false, nil
	}
	owner, faults := l.credentialsOf(client, parent, p)
	if len(faults) > 0 {
		return false, faults.Err()
	}
	_, err := l.store.Credentials(ctx, owner, p)
	if tasks.CodeOf(err) == tasks.CodeNotFound {
		return false, nil
	}
	return err == nil, err
}
