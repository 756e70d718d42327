package main

import "context"

type registerCmd struct {
	remote
	Service  string `arg:"" help:"Service of the account, such as tracker."`
	Username string `arg:"" help:"Name of the account."`
}

// Run registers the account; one that is registered already is fine.
func (r *registerCmd) Run(ctx context.Context, t *terminal) error {
	c, err := r.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Register(ctx, r.Service, r.Username); err != nil {
		return err
	}
	if t.interactive() {
		return t.printf("The account %s of %s is registered.\n", r.Username, r.Service)
	}
	return t.json(map[string]bool{"success": true})
}
