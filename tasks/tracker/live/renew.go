package live

import (
	"context"
	"maps"

	"asapi/tasks/tracker"
)

// Forget takes the token out of credentials that can get another one. Where a limit comes
// before that one, the next attempt does not ask in vain with this one first: whoever is
// limited at every second request would never get further.
func Forget(ctx context.Context, access *tracker.Access, kept tracker.Credentials) (tracker.Credentials, error) {
	if kept["token"] == "" || kept["refresh_token"] == "" && kept["password"] == "" {
		return kept, nil
	}
	rest := maps.Clone(kept)
	delete(rest, "token")
	if err := access.Save(ctx, rest); err != nil {
		return nil, err
	}
	access.Credentials = rest
	return rest, nil
}

// Granted is the answer of a sign-in with OAuth 2.0 (RFC 6749 sections 5.1 and 5.2).
type Granted struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Error   string `json:"error"`
}

// Renew puts the tokens that grant gets in the place of those that a provider takes no
// more. A refresh token may be worth nothing afterwards, so what comes in its place is
// kept before it is used; where none comes the old one stays. Only one run works with
// an account's credentials at a time; where another was faster all the same, its token
// is taken, and grant is not called.
func Renew(ctx context.Context, access *tracker.Access, grant func(kept tracker.Credentials) (Granted, error)) error {
	kept, err := access.Reload(ctx)
	if err != nil {
		return err
	}
	if kept["token"] != "" && kept["token"] != access.Credentials["token"] {
		access.Credentials = kept
		return nil
	}
	if kept, err = Forget(ctx, access, kept); err != nil {
		return err
	}
	got, err := grant(kept)
	if err != nil {
		return err
	}
	fresh := maps.Clone(kept)
	fresh["token"] = got.Access
	if got.Refresh != "" {
		fresh["refresh_token"] = got.Refresh
	}
	if err := access.Save(ctx, fresh); err != nil {
		return err
	}
	access.Credentials = fresh
	return nil
}
