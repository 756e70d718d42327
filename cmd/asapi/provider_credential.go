package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"asapi/store"
	"asapi/store/trackers"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

type credentialCmd struct {
	Add    credentialAddCmd    `cmd:"" help:"Keep what an account signs in to a provider with, encrypted, in place of what was kept before."`
	List   credentialListCmd   `cmd:"" help:"List for which providers an account has credentials; never what they are."`
	Remove credentialRemoveCmd `cmd:"" help:"Forget what an account signs in to a provider with."`
}

// Help implements kong.HelpProvider.
func (credentialCmd) Help() string {
	return `What each provider takes (docs/providers has more):

  anilist       --access-token, good for a year
  mangadex      --username, --password, and --app-id, --app-secret of a personal client
  mangaupdates  --username, --password
  myanimelist   --access-token and --refresh-token; for public lists, --username
  vndb          --access-token with the permissions listread and, to export, listwrite
  anidb         --username, --password

Users of AniList and MyAnimeList can also sign in on the pages of those sites, see
docs/providers/live.md. Secrets stand in no list and no log; give them as - to keep
them out of the shell's history.`
}

// owned names the account whose credentials a command is about.
type owned struct {
	admin
	sealing
	Client  string `required:"" help:"The client that the account belongs to."`
	Account string `required:"" help:"The account, by its username."`
}

// withLibrary opens the library for one piece of work with a user's credentials.
func (o *owned) withLibrary(ctx context.Context, work func(l *tracker.Library, client tasks.ClientID, user string) error) error {
	sealer, err := o.sealer(&o.admin)
	if err != nil {
		return err
	}
	return o.with(ctx, func(s *store.Store) error {
		client, err := s.ClientByName(ctx, o.Client)
		if err != nil {
			return err
		}
		return work(tracker.NewLibrary(trackers.New(s), sealer), client.ID, tracker.UserOf(client.ID, o.Account).Parent)
	})
}

type credentialAddCmd struct {
	owned
	Provider     string `arg:"" help:"myanimelist, mangadex, anilist, anidb, mangaupdates or vndb."`
	Username     string `help:"The name at the provider." env:"ASAPI_PROVIDER_USERNAME"`
	Password     string `help:"The password at the provider; - reads a line from the standard input." env:"ASAPI_PROVIDER_PASSWORD"`
	AccessToken  string `help:"An access token; - reads a line from the standard input."`
	RefreshToken string `help:"A refresh token; - reads a line from the standard input."`
	AppID        string `name:"app-id" help:"The id of an application that is registered at the provider." env:"ASAPI_APP_ID"`
	AppSecret    string `help:"The secret of that application; - reads a line from the standard input."`
}

func (c *credentialAddCmd) Run(ctx context.Context, t *terminal) error {
	given := tracker.Credentials{}
	lines := bufio.NewScanner(os.Stdin)
	for _, v := range []struct{ name, value string }{
		{"username", c.Username}, {"password", c.Password}, {"token", c.AccessToken}, {"refresh_token", c.RefreshToken}, {"client_id", c.AppID}, {"client_secret", c.AppSecret},
	} {
		if v.value == "-" {
			if !lines.Scan() {
				return &usageError{fmt.Errorf("the standard input has no line for the %s", v.name)}
			}
			v.value = strings.TrimSpace(lines.Text())
		}
		if v.value != "" {
			given[v.name] = v.value
		}
	}
	if len(given) == 0 {
		return &usageError{errors.New("credential add takes at least one of --access-token, --refresh-token, --username, --password, --app-id and --app-secret")}
	}
	err := c.withLibrary(ctx, func(l *tracker.Library, client tasks.ClientID, user string) error {
		return l.StoreCredentials(ctx, client, user, tracker.Provider(c.Provider), given)
	})
	if err != nil {
		return err
	}
	if t.interactive() {
		return t.printf("What %s signs in to %s with is kept.\n", c.Account, c.Provider)
	}
	return t.json(map[string]string{"account": c.Account, "provider": c.Provider})
}

type credentialListCmd struct{ owned }

func (c *credentialListCmd) Run(ctx context.Context, t *terminal) error {
	return c.withLibrary(ctx, func(l *tracker.Library, client tasks.ClientID, user string) error {
		list, err := l.ListCredentials(ctx, client, user)
		if err != nil {
			return err
		}
		for _, one := range list {
			if t.interactive() {
				err = t.printf("%-14s since %s\n", one.Provider, one.Since.Format(time.DateTime))
			} else {
				err = t.json(map[string]string{"provider": string(one.Provider), "stored_at": one.Since.UTC().Format(time.RFC3339)})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

type credentialRemoveCmd struct {
	owned
	Provider string `arg:"" help:"The provider."`
}

func (c *credentialRemoveCmd) Run(ctx context.Context, t *terminal) error {
	err := c.withLibrary(ctx, func(l *tracker.Library, client tasks.ClientID, user string) error {
		return l.DeleteCredentials(ctx, client, user, tracker.Provider(c.Provider))
	})
	if err != nil {
		return err
	}
	if t.interactive() {
		return t.printf("What %s signs in to %s with is forgotten.\n", c.Account, c.Provider)
	}
	return t.json(map[string]any{"account": c.Account, "provider": c.Provider, "removed": true})
}
