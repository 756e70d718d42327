package main

import (
	"context"
	"strings"

	"asapi/internal/client"
)

type actionsCmd struct {
	remote
}

func (a *actionsCmd) Run(ctx context.Context, t *terminal) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	d, err := c.Discover(ctx)
	if err != nil {
		return err
	}
	if !t.interactive() {
		return t.json(d)
	}
	for _, s := range d.Services {
		for _, action := range s.Actions {
			if err := printAction(t, s.Slug, action); err != nil {
				return err
			}
		}
	}
	for _, account := range d.Accounts {
		if err := t.printf("account %s %s\n", account.Service, account.Username); err != nil {
			return err
		}
	}
	return nil
}

func printAction(t *terminal, service string, a client.Action) error {
	if err := t.printf("%s %s\n    %s\n", service, a.Slug, a.Description); err != nil {
		return err
	}
	for _, p := range a.Parameters {
		what := p.Type
		if p.Optional {
			what += ", optional"
		}
		if allowed := a.Permissions[p.Slug]; len(allowed) > 0 {
			what += ", one of " + strings.Join(allowed, ", ")
		}
		if err := t.printf("    %s (%s) %s\n", p.Slug, what, p.Description); err != nil {
			return err
		}
	}
	return nil
}
