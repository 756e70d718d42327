// Package zerotouchclient_test drives a running asapi with the published Go client
// of the zero-touch API, and with what other published clients send.
package zerotouchclient_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	provisioning "google.golang.org/api/androiddeviceprovisioning/v1"
	"google.golang.org/api/option"
)

// patience bounds every wait; it is generous because a busy machine is no fault.
const patience = 2 * time.Minute

// server is a running asapi dev with three clients: a reseller, a vendor of it, and
// a partner that has nothing to do with either.
type server struct {
	binary, data, url         string
	reseller, vendor, another *partner
}

// partner is a client of the server.
type partner struct {
	id    int64
	token string
	api   *provisioning.Service
}

// shared is the server of all tests; each makes its own devices and customers.
var shared *server

// TestMain builds asapi and runs it.
func TestMain(m *testing.M) {
	code, err := serve(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// serve calls run while the server runs.
func serve(run func() int) (code int, err error) {
	folder, err := os.MkdirTemp("", "asapi-zerotouch-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	s := &server{binary: filepath.Join(folder, "asapi"), data: filepath.Join(folder, "data")}
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", s.binary, "./cmd/asapi")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build asapi: %w: %s", err, out)
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return 0, err
	}
	s.url = "http://" + address
	var log bytes.Buffer
	process := exec.CommandContext(ctx, s.binary, "dev", "--listen", address, "--data", s.data, "--log-level", "warn", "--zerotouch-queries", "0")
	process.Env, process.Stdout, process.Stderr = environment(), io.Discard, &log
	if err := process.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = process.Process.Signal(syscall.SIGTERM)
		if ended := process.Wait(); ended != nil && err == nil {
			err = fmt.Errorf("asapi dev: %w: %s", ended, log.String())
		}
	}()
	if err := s.ready(ctx); err != nil {
		return 0, fmt.Errorf("%w: %s", err, log.String())
	}
	if err := s.people(ctx); err != nil {
		return 0, err
	}
	shared = s
	return run(), nil
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// ready waits until the server answers.
func (s *server) ready(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/readyz", nil)
		if err != nil {
			return err
		}
		answer, err := plain.Do(request)
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("asapi dev does not answer: %w", err)
		}
	}
}

// plain is the client of requests that the tests make by themselves.
var plain = &http.Client{Timeout: patience}

// people makes the clients.
func (s *server) people(ctx context.Context) error {
	for name, to := range map[string]**partner{"reseller": &s.reseller, "vendor": &s.vendor, "another": &s.another} {
		var err error
		if *to, err = s.partner(ctx, name); err != nil {
			return err
		}
	}
	_, err := s.asapi(ctx, "zerotouch", "vendor", "add", "--data", s.data, "--client", "reseller", "vendor", "--company", "Vendor Ltd")
	return err
}

// partner makes a client of the server with a token, and a published client of it.
func (s *server) partner(ctx context.Context, name string, flags ...string) (*partner, error) {
	made, err := s.asapi(ctx, "client", "create", "--data", s.data, name)
	if err != nil {
		return nil, err
	}
	p := &partner{}
	var line struct{ ID int64 }
	if err := json.Unmarshal(made, &line); err != nil {
		return nil, err
	}
	p.id = line.ID
	if p.token, err = s.token(ctx, name, flags...); err != nil {
		return nil, err
	}
	p.api, err = provisioning.NewService(ctx, option.WithEndpoint(s.url+"/"), option.WithHTTPClient(&http.Client{Transport: bearer(p.token), Timeout: patience}))
	return p, err
}

// token makes one more token of a client.
func (s *server) token(ctx context.Context, client string, flags ...string) (string, error) {
	out, err := s.asapi(ctx, append([]string{"token", "create", "--data", s.data, "--client", client, "--protocol", "asstore"}, flags...)...)
	return strings.TrimSpace(string(out)), err
}

// bearer brings a token with every request.
type bearer string

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// asapi runs one command.
func (s *server) asapi(ctx context.Context, args ...string) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	command := exec.CommandContext(ctx, s.binary, args...)
	command.Env = environment()
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("asapi %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return out, nil
}

// environment is this process's without what would configure asapi.
func environment() []string {
	var env []string
	for _, kv := range os.Environ() {
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "DATABASE_URL", "REDIS_URL", "BLOB_URL", "SECRET_KEY", "LISTEN", "PORT", "PUBLIC_URL", "STREAM_URL", "STORE_URL":
		default:
			if !strings.HasPrefix(name, "ASAPI_") {
				env = append(env, kv)
			}
		}
	}
	return env
}

// name gives the partner's resource name.
func (p *partner) name() string { return "partners/" + strconv.FormatInt(p.id, 10) }

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
