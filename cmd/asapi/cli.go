package main

import (
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"
)

// cli lists every subcommand; each has its own file.
type cli struct {
	Version kong.VersionFlag `help:"Print the version and stop." env:"-"`

	Dev     devCmd     `cmd:"" group:"server" help:"Run everything in one process, with nothing to install."`
	Serve   serveCmd   `cmd:"" group:"server" help:"Run the API."`
	Work    workCmd    `cmd:"" group:"server" help:"Run the workers and the dispatcher."`
	Migrate migrateCmd `cmd:"" group:"server" help:"Bring the database to the newest schema."`

	Client clientCmd `cmd:"" group:"admin" help:"Manage clients."`
	Token  tokenCmd  `cmd:"" group:"admin" help:"Manage tokens."`
	OAuth  oauthCmd  `cmd:"" group:"admin" name:"oauth" help:"Manage OAuth credentials, with which clients get access tokens."`
	Retry  retryCmd  `cmd:"" group:"admin" help:"Make failed tasks wait again."`

	Crossref crossrefCmd `cmd:"" group:"admin" help:"Manage which ids of providers are the same work."`

	Catalogue catalogueCmd `cmd:"" group:"admin" help:"Manage what is known of works."`

	Credential credentialCmd `cmd:"" group:"admin" help:"Manage what accounts sign in to providers with."`

	Webhook webhookCmd `cmd:"" group:"admin" help:"Manage the webhooks of tokens."`

	Subscription subscriptionCmd `cmd:"" group:"admin" help:"Manage what clients subscribed to."`

	Zerotouch zerotouchCmd `cmd:"" group:"admin" help:"Manage the devices, customers and vendors of resellers."`

	Actions  actionsCmd  `cmd:"" group:"api" help:"List what the token may do."`
	Register registerCmd `cmd:"" group:"api" help:"Register an account."`
	Submit   submitCmd   `cmd:"" group:"api" help:"Submit a task."`
	Status   statusCmd   `cmd:"" group:"api" help:"Tell the status of tasks."`
	Wait     waitCmd     `cmd:"" group:"api" help:"Wait until tasks have ended."`
	Stream   streamCmd   `cmd:"" group:"api" help:"Receive the messages of a stream."`
	Fetch    fetchCmd    `cmd:"" group:"api" help:"Fetch a stored result, once."`
	Cancel   cancelCmd   `cmd:"" group:"api" help:"Cancel tasks."`
	Watch    watchCmd    `cmd:"" group:"api" help:"Watch tasks while they run."`

	Subscribe   subscribeCmd   `cmd:"" group:"api" help:"Run an action for an account again and again."`
	Subscribed  subscribedCmd  `cmd:"" group:"api" help:"List what was subscribed to."`
	Unsubscribe unsubscribeCmd `cmd:"" group:"api" help:"End subscriptions."`

	Bench benchCmd `cmd:"" group:"api" help:"Measure a running server."`
}

// version gives the module's version and the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	words := []string{info.Main.Version}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			words = append(words, s.Value)
		}
	}
	return strings.Join(words, " ")
}
