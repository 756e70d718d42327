package trackertest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"asapi/internal/testserver"
)

// patience bounds every wait; it is generous because a busy machine is no fault.
const patience = 2 * time.Minute

// server is `asapi dev` with the service bench, and what its folder tells.
type server struct {
	t                      *testing.T
	data, plain, secure    string // the folder, and the addresses without and with TLS
	cert                   string
	clientID, clientSecret string
	channelToken           string
	http                   *http.Client // trusts the certificate
}

// start runs a server until the test ends.
func start(t *testing.T, flags ...string) *server {
	t.Helper()
	s := &server{
		t: t, data: filepath.Join(t.TempDir(), "data"),
		plain: fmt.Sprintf("localhost:%d", testserver.FreePort(t)), secure: fmt.Sprintf("localhost:%d", testserver.FreePort(t)),
	}
	s.cert = filepath.Join(s.data, "tls-cert.pem")
	var log strings.Builder
	args := append([]string{"dev", "--listen", s.plain, "--tls-listen", s.secure, "--data", s.data, "--with-bench-service", "--log-level", "warn"}, flags...)
	cmd := exec.CommandContext(context.Background(), testserver.Binary(t, "cmd/asapi"), args...)
	cmd.Env, cmd.Stderr = testserver.Environment(), &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("asapi dev ended with %v", err)
		}
		if t.Failed() {
			t.Log(log.String())
		}
	})
	testserver.Eventually(t, patience, s.look, "asapi dev to answer over TLS")
	return s
}

// look reads what the folder tells, and asks whether the server is ready.
func (s *server) look() error {
	var tokens struct {
		Channel struct{ Token string } `json:"aschannel"`
		OAuth   struct {
			ID     string `json:"client_id"`
			Secret string `json:"client_secret"`
		} `json:"oauth"`
	}
	b, err := os.ReadFile(filepath.Join(s.data, "dev-tokens.json"))
	if err == nil {
		err = json.Unmarshal(b, &tokens)
	}
	if err != nil {
		return err
	}
	s.channelToken, s.clientID, s.clientSecret = tokens.Channel.Token, tokens.OAuth.ID, tokens.OAuth.Secret
	if b, err = os.ReadFile(s.cert); err != nil {
		return err
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(b)
	s.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}, Timeout: patience}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "https://"+s.secure+"/readyz", nil)
	if err != nil {
		return err
	}
	answer, err := s.http.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz: %s", answer.Status)
	}
	return nil
}

// access gets an access token over TLS.
func (s *server) access() string {
	s.t.Helper()
	ctx := context.WithValue(s.t.Context(), oauth2.HTTPClient, s.http)
	c := clientcredentials.Config{ClientID: s.clientID, ClientSecret: s.clientSecret, TokenURL: "https://" + s.secure + "/o/oauth2/token"}
	token, err := c.Token(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	return token.AccessToken
}

// run runs a program with a little patience and gives what it printed.
func (s *server) run(program string, env []string, args ...string) (string, error) {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), patience)
	defer stop()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = testserver.Environment(env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", filepath.Base(program), err, stderr.String())
	}
	return string(out), err
}

// asapi runs a command of the terminal client over TLS, with an access token, or an
// administrative one, and gives the last line that it printed.
func (s *server) asapi(bearer string, args ...string) map[string]any {
	s.t.Helper()
	out, err := s.run(testserver.Binary(s.t, "cmd/asapi"), []string{"ASAPI_URL=https://" + s.secure, "ASAPI_TOKEN=" + bearer, "SSL_CERT_FILE=" + s.cert}, args...)
	if err != nil {
		s.t.Fatalf("asapi %s: %v", strings.Join(args, " "), err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var line map[string]any
	if text := lines[len(lines)-1]; text != "" {
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			s.t.Fatalf("asapi %s printed %q", strings.Join(args, " "), text)
		}
	}
	return line
}

// export makes a MyAnimeList file of some entries.
func (s *server) export(entries int) string {
	s.t.Helper()
	out, err := s.run("../../scripts/demo/make-export.sh", nil, fmt.Sprint(entries))
	if err != nil {
		s.t.Fatal(err)
	}
	return s.file("animelist.xml", out)
}

func (s *server) file(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}
