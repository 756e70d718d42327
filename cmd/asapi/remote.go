package main

import (
	"asapi/internal/client"
)

// remote is what every command that speaks to a server needs.
type remote struct {
	URL   string `help:"Address of the server." env:"ASAPI_URL" default:"http://127.0.0.1:8080"`
	Token string `help:"Token to use." env:"ASAPI_TOKEN"`
}

func (r *remote) connect() (*client.Client, error) {
	c, err := client.New(r.URL, r.Token)
	if err != nil {
		return nil, &usageError{err}
	}
	return c, nil
}
