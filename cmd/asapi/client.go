package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"asapi/store"
)

type clientCmd struct {
	Create clientCreateCmd `cmd:"" help:"Make a client."`
	Set    clientSetCmd    `cmd:"" help:"Change what is set for a client."`
	List   clientListCmd   `cmd:"" help:"List the clients."`
}

type clientSetCmd struct {
	admin
	Name        string        `arg:"" help:"Name of the client."`
	KeepResults time.Duration `help:"How long results that it does not take are kept; 0: the server's time." required:"" env:"ASAPI_CLIENT_KEEP_RESULTS"`
}

func (c *clientSetCmd) Run(ctx context.Context) error {
	if c.KeepResults < 0 {
		return &usageError{errors.New("--keep-results must not be below 0")}
	}
	return c.with(ctx, func(s *store.Store) error {
		found, err := s.ClientByName(ctx, c.Name)
		if err != nil {
			return err
		}
		return s.KeepResults(ctx, found.ID, c.KeepResults)
	})
}

type clientCreateCmd struct {
	admin
	Name        string        `arg:"" help:"Name of the client; it stays and is unique."`
	KeepResults time.Duration `help:"How long results that it does not take are kept; default: the server's time." env:"ASAPI_CLIENT_KEEP_RESULTS"`
	OAuth       bool          `name:"oauth" help:"Give it an OAuth client id and a secret, too. The flags below are about these."`
	oauthFlags
}

// maxClientName is the longest name of a client, in bytes.
const maxClientName = 100

func (c *clientCreateCmd) Run(ctx context.Context, t *terminal) error {
	if len(c.Name) > maxClientName || strings.TrimSpace(c.Name) != c.Name || c.Name == "" || strings.ContainsFunc(c.Name, unicode.IsControl) {
		return &usageError{fmt.Errorf("a client's name has 1 to %d bytes, no control characters and no white space around it", maxClientName)}
	}
	if !c.OAuth && c.used() {
		return &usageError{errors.New("flags for OAuth need --oauth")}
	}
	token, err := c.read()
	if err != nil {
		return &usageError{plain(err)}
	}
	return c.with(ctx, func(s *store.Store) error {
		made, err := s.CreateClient(ctx, c.Name)
		if err != nil {
			return err
		}
		if c.KeepResults > 0 {
			if err := s.KeepResults(ctx, made.ID, c.KeepResults); err != nil {
				return err
			}
		}
		if c.OAuth {
			return createOAuth(ctx, t, s, made, token, c.ID)
		}
		if t.interactive() {
			return t.printf("The client %s is there. Give it a token: asapi token create --client %s --protocol aschannel\n", made.Name, made.Name)
		}
		return t.json(clientLine{int64(made.ID), made.Name, made.CreatedAt})
	})
}

type clientListCmd struct {
	admin
}

// clientLine is a client as scripts see it.
type clientLine struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

func (c *clientListCmd) Run(ctx context.Context, t *terminal) error {
	return c.with(ctx, func(s *store.Store) error {
		list, err := s.Clients(ctx)
		if err != nil {
			return err
		}
		for _, one := range list {
			if t.interactive() {
				err = t.printf("%-5d %s\n", one.ID, one.Name)
			} else {
				err = t.json(clientLine{int64(one.ID), one.Name, one.CreatedAt})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
