// Command asapi is the whole system in one binary: the server and its workers,
// the embedded default, the administrative commands, and the same API from a
// terminal. Every package meets here and nowhere else.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		// Some errors come in several lines; a script wants one.
		fmt.Fprintln(os.Stderr, "asapi: "+strings.ReplaceAll(err.Error(), "\n", "; "))
		os.Exit(exitCode(err))
	}
}

// run does what args say and returns once it is done or ctx has ended. It is
// everything but the process, so that tests can call it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var c cli
	helped := false
	parser, err := kong.New(
		&c,
		kong.Name("asapi"),
		kong.Description("An asynchronous task API server, its workers, and the same API from a terminal."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }), // only --help and --version exit
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&terminal{out: stdout, err: stderr}),
		kong.DefaultEnvars("ASAPI"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"version": version()},
	)
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if helped {
		return nil
	}
	if err != nil {
		return &usageError{err}
	}
	return command.Run()
}
