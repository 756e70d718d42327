// Command trackers is a client of trackers over gRPC, as small as one can be: it
// signs in with a client id and a secret, and makes the calls that published
// clients of this API make, in the same way. docs/sign-in.md says where the
// credentials come from; with a self-signed certificate set SSL_CERT_FILE.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "trackers: "+err.Error())
		os.Exit(1)
	}
}

// settings say where the server is, who signs in, and whose trackers it is about.
type settings struct {
	endpoint, tokenURL, id, secret string
	parent, tracker, resource      string
}

// run does one of the calls and prints what was answered, one JSON object a line.
func run(ctx context.Context, args []string, out io.Writer) error {
	var s settings
	flags := flag.NewFlagSet("trackers", flag.ContinueOnError)
	flags.StringVar(&s.endpoint, "endpoint", "localhost:8443", "`host:port` where gRPC is spoken with TLS")
	flags.StringVar(&s.tokenURL, "token-url", "https://localhost:8443/o/oauth2/token", "token endpoint")
	flags.StringVar(&s.id, "client-id", os.Getenv("CLIENT_ID"), "client id; also CLIENT_ID")
	flags.StringVar(&s.secret, "client-secret", os.Getenv("CLIENT_SECRET"), "its secret; also CLIENT_SECRET")
	flags.StringVar(&s.parent, "parent", "users/alice", "whose trackers")
	flags.StringVar(&s.tracker, "tracker", "", "`name` of a tracker, as create-tracker and list-trackers print it")
	flags.StringVar(&s.resource, "resource", "animes/1245678", "work, or episode with create-activity")
	if err := flags.Parse(args); err != nil {
		return err
	}
	do, ok := calls[flags.Arg(0)]
	if !ok || flags.NArg() != 1 {
		return fmt.Errorf("name one of create-tracker, update-tracker, list-trackers, create-activity and import-trackers, behind the flags")
	}
	c, err := connect(ctx, &s)
	if err != nil {
		return err
	}
	err = do(ctx, c, &s, printer(out))
	if ended := c.conn.Close(); err == nil {
		err = ended
	}
	return err
}
