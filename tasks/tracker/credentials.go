package tracker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"asapi/tasks"
)

// Credentials are what a user signs in to a provider with: values by name, such
// as username, password or token. It never shows itself to a log.
type Credentials map[string]string

// String hides the values.
func (Credentials) String() string { return "[credentials]" }

// GoString hides the values from %#v.
func (Credentials) GoString() string { return "[credentials]" }

// maxCredentials bounds all values of one provider's credentials, in bytes.
const maxCredentials = 16 << 10

// providers lists them all.
var providers = []Provider{MyAnimeList, MangaDex, AniList, AniDB, MangaUpdates, VNDB}

// sealedCredentials is what is encrypted: it names whose the values are, so that
// a row copied to another user opens for nobody.
type sealedCredentials struct {
	Client   tasks.ClientID    `json:"client"`
	Parent   string            `json:"parent"`
	Provider Provider          `json:"provider"`
	Values   map[string]string `json:"values"`
}

// StoreCredentials keeps or replaces what a user (users/{user}) signs in to a
// provider with, encrypted under SECRET_KEY. They are erased with the account.
func (l *Library) StoreCredentials(ctx context.Context, client tasks.ClientID, user string, p Provider, given Credentials) error {
	owner, faults := l.credentialsOf(client, user, p)
	size := 0
	for name, value := range given {
		size += len(name) + len(value)
	}
	if len(given) == 0 || size > maxCredentials {
		faults = append(faults, invalid("credentials", "Credentials have at least one value, and at most %d KB.", maxCredentials>>10))
	}
	if len(faults) > 0 {
		return faults.Err()
	}
	plain, err := json.Marshal(sealedCredentials{client, owner.Parent, p, given})
	if err != nil {
		return fmt.Errorf("encode credentials: %w", err)
	}
	sealed, err := l.sealer.Seal(plain)
	if err != nil {
		return &tasks.Error{Code: tasks.CodeInternal, Message: "The credentials could not be encrypted.", Err: err}
	}
	return l.store.SaveCredentials(ctx, owner, p, sealed)
}

// ListCredentials tells for which providers a user has credentials and since
// when; never what they are.
func (l *Library) ListCredentials(ctx context.Context, client tasks.ClientID, user string) ([]StoredCredentials, error) {
	owner, faults := l.credentialsOf(client, user, MyAnimeList)
	if len(faults) > 0 {
		return nil, faults.Err()
	}
	return l.store.ListCredentials(ctx, owner)
}

// DeleteCredentials forgets a user's credentials for a provider; CodeNotFound
// when there are none.
func (l *Library) DeleteCredentials(ctx context.Context, client tasks.ClientID, user string, p Provider) error {
	owner, faults := l.credentialsOf(client, user, p)
	if len(faults) > 0 {
		return faults.Err()
	}
	return l.store.DeleteCredentials(ctx, owner, p)
}

// Credentials gives what a user signs in to a provider with, for the code that
// does so; CodeNotFound when nothing was stored.
func (l *Library) Credentials(ctx context.Context, client tasks.ClientID, user string, p Provider) (Credentials, error) {
	owner, faults := l.credentialsOf(client, user, p)
	if len(faults) > 0 {
		return nil, faults.Err()
	}
	sealed, err := l.store.Credentials(ctx, owner, p)
	if err != nil {
		return nil, err
	}
	var kept sealedCredentials
	plain, err := l.sealer.Open(sealed)
	if err == nil {
		err = json.Unmarshal(plain, &kept)
	}
	if err == nil && (kept.Client != client || kept.Parent != owner.Parent || kept.Provider != p) {
		err = errors.New("they are of another user")
	}
	if err != nil {
		return nil, &tasks.Error{Code: tasks.CodeInternal, Message: "The stored credentials cannot be decrypted; store them again.", Err: err}
	}
	return kept.Values, nil
}

func (l *Library) credentialsOf(client tasks.ClientID, user string, p Provider) (Owner, tasks.Faults) {
	var faults tasks.Faults
	owner, err := ownerNamed(client, user)
	if _, isUser := owner.User(); err != nil || !isUser {
		faults = append(faults, invalid("parent", "Credentials belong to a user, named like users/{user}."))
	}
	if !slices.Contains(providers, p) {
		names := make([]string, len(providers))
		for i, known := range providers {
			names[i] = string(known)
		}
		faults = append(faults, invalid("provider", "provider must be one of %s.", strings.Join(names, ", ")))
	}
	return owner, faults
}
