package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"

	"asapi/internal/embedded"
	"asapi/store"
	"asapi/tasks"
)

// devClient is the client that asapi dev makes at its first start.
const devClient = "dev"

// devTokenFile is what stands in dev-tokens.json: one token for each protocol, and
// an OAuth credential.
type devTokenFile struct {
	Channel struct {
		Token  string `json:"token"`
		Stream string `json:"stream"`
	} `json:"aschannel"`
	Store struct {
		Token string `json:"token"`
	} `json:"asstore"`
	OAuth struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	} `json:"oauth"`
}

// devTokens reads the file, or makes the client, its tokens and the file. A start
// that broke off between leaves tokens that nobody knows, and new ones are made. A
// file that is older than OAuth gets what it lacks.
func devTokens(ctx context.Context, s *store.Store, path string) (devTokenFile, error) {
	var file devTokenFile
	b, err := os.ReadFile(path)
	if err == nil {
		if err = json.Unmarshal(b, &file); err != nil {
			err = fmt.Errorf("%s is damaged; delete it, and new tokens are made: %w", path, err)
		}
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	} else {
		err = fmt.Errorf("read the tokens: %w", err)
	}
	if err != nil || file.complete() {
		return file, err
	}
	client, err := s.CreateClient(ctx, devClient)
	if tasks.CodeOf(err) == tasks.CodeUnique {
		client, err = s.ClientByName(ctx, devClient)
	}
	if err != nil {
		return file, err
	}
	if err := file.fill(ctx, s, client); err != nil {
		return file, err
	}
	if b, err = json.Marshal(file); err != nil {
		return file, err
	}
	return file, embedded.WriteSecret(path, append(b, '\n'))
}

func (f *devTokenFile) complete() bool {
	return f.Channel.Token != "" && f.Store.Token != "" && f.OAuth.ClientSecret != ""
}

// fill makes what the file lacks.
func (f *devTokenFile) fill(ctx context.Context, s *store.Store, client tasks.Client) error {
	if f.Channel.Token == "" {
		made, secret, err := createToken(ctx, s, tasks.Token{Client: client.ID, Protocol: tasks.ASChannel})
		if err != nil {
			return err
		}
		f.Channel.Token, f.Channel.Stream = secret, made.Stream
	}
	if f.Store.Token == "" {
		_, secret, err := createToken(ctx, s, tasks.Token{Client: client.ID, Protocol: tasks.ASStore})
		if err != nil {
			return err
		}
		f.Store.Token = secret
	}
	if f.OAuth.ClientSecret == "" {
		made, secret, err := newOAuth(ctx, s, client, tasks.Token{Protocol: tasks.ASStore}, "")
		if err != nil {
			return err
		}
		f.OAuth.ClientID, f.OAuth.ClientSecret = made.ID, secret
	}
	return nil
}

// greet prints lines that can be pasted into another terminal.
func greet(t *terminal, address net.Addr, safe *opened, folder *embedded.Folder, tokens devTokenFile) error {
	url := "http://" + reachable(address)
	auth := "-H 'Authorization: Token " + tokens.Channel.Token + "'"
	return t.printf(`asapi runs at %[1]s and keeps everything in %[2]s.
Its tokens are in %[3]s. Try:

curl %[4]s %[1]s/account/
curl %[4]s -d service=tracker -d username=alice %[1]s/register-account/
curl %[4]s -F service=tracker -F action=import-trackers -F account=alice -F provider=myanimelist -F file=@animelist.xml.gz %[1]s/submit-task/
curl %[4]s -d task_ids=TASK_ID %[1]s/task-status/
curl -N %[4]s '%[1]s/stream/?stream=%[5]s'

With this token results come on the stream; with the other one they are fetched:

curl -H 'Authorization: Token %[6]s' %[1]s/fetch/TASK_ID/

Clients that sign in by OAuth get an access token, which lasts an hour:

curl -u '%[7]s:%[8]s' -d grant_type=client_credentials %[1]s/o/oauth2/token
%[9]s
Ctrl-C stops it; started again on the same folder it goes on where it was.
`, url, folder.Path(), folder.TokensFile(), auth, tokens.Channel.Stream, tokens.Store.Token, tokens.OAuth.ClientID, tokens.OAuth.ClientSecret, greetSafe(safe))
}

// greetSafe says where gRPC is spoken and what has to be trusted for it.
func greetSafe(safe *opened) string {
	var b strings.Builder
	if safe.tls != nil {
		fmt.Fprintf(&b, "\ngRPC is spoken at %[1]s with TLS, and so is all of the above at https://%[1]s.\n", reachable(safe.tls.Addr()))
	}
	if safe.cert != "" {
		fmt.Fprintf(&b, "Its certificate is self-signed; clients that read this variable trust it:\n\nexport SSL_CERT_FILE=%s\n", safe.cert)
	}
	if safe.calls != nil {
		fmt.Fprintf(&b, "\ngRPC without TLS is spoken at %s.\n", reachable(safe.calls.Addr()))
	}
	return b.String()
}

// reachable gives an address of this machine for one that means all of them.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
