package trackertest_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"asapi/internal/testserver"
)

// blocks gives the shell lines of a page, and stops where a line fails.
func blocks(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../docs", page))
	if err != nil {
		t.Fatal(err)
	}
	script := "set -euo pipefail\n"
	for rest := string(text); ; {
		_, block, ok := strings.Cut(rest, "```sh\n")
		if !ok {
			return script
		}
		block, rest, _ = strings.Cut(block, "```")
		script += block
	}
}

// shell runs lines in a folder and gives what they printed.
func (s *server) shell(dir, script string, env ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "bash", "-c", script)
	cmd.Dir, cmd.Env = dir, testserver.Environment(env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("%v: %s%s", err, out, stderr.String())
	}
	return string(out)
}

func TestTheConversationOfTheClientProgramsPageWorks(t *testing.T) {
	s := start(t)
	dir := t.TempDir()
	for name, target := range map[string]string{"bin": filepath.Dir(testserver.Binary(t, "examples/trackers")), "data": s.data} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	// The page has the usual port, the test a free one.
	script := strings.ReplaceAll(blocks(t, "trackers-client.md"), "bin/trackers ", "bin/trackers -endpoint "+s.secure+" -token-url https://"+s.secure+"/o/oauth2/token ")
	out := s.shell(dir, script)
	if lines := strings.Split(strings.TrimSpace(out), "\n"); len(lines) != 4 || !strings.Contains(lines[1], "ON_HOLD") || !strings.Contains(lines[2], "NETFLIX") {
		t.Errorf("it printed %s", out)
	}
}

func TestTheConversationOverGRPCWorksAsItsPageShowsIt(t *testing.T) {
	s := start(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{
		"data": s.data, "bin/asapi": testserver.Binary(t, "cmd/asapi"), "bin/trackers": testserver.Binary(t, "examples/trackers"),
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	script := strings.ReplaceAll(blocks(t, "trackers-grpc.md"), "bin/trackers ", "bin/trackers -endpoint "+s.secure+" -token-url https://"+s.secure+"/o/oauth2/token ")
	got := s.shell(dir, script, "URL=https://"+s.secure, "CURL_CA_BUNDLE="+s.cert)
	if diff := cmp.Diff(plain(printed(t, "trackers-grpc.md")), plain(got)); diff != "" {
		t.Errorf("the lines print something else than the page shows (-page +printed):\n%s", diff)
	}
}

// plain leaves out what differs from run to run: the numbers of trackers, and the
// spaces that the library puts into JSON or not.
func plain(text string) string {
	text = regexp.MustCompile(`([:,]) +`).ReplaceAllString(text, "$1")
	return regexp.MustCompile(`trackers/\d+`).ReplaceAllString(text, "trackers/1")
}

// printed gives what a page shows to be printed.
func printed(t *testing.T, page string) (text string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../docs", page))
	if err != nil {
		t.Fatal(err)
	}
	for rest := string(b); ; {
		_, block, ok := strings.Cut(rest, "```text\n")
		if !ok {
			return text
		}
		block, rest, _ = strings.Cut(block, "```\n")
		text += block
	}
}

func TestTheLinesOfTheSignInPageGiveAccessTokens(t *testing.T) {
	s := start(t)
	url := "https://" + s.secure
	out := s.shell(t.TempDir(), blocks(t, "sign-in.md"), "URL="+url, "CURL_CA_BUNDLE="+s.cert, "CLIENT_ID="+s.clientID, "CLIENT_SECRET="+s.clientSecret, "JWT="+s.assertion(url))
	answers := json.NewDecoder(strings.NewReader(out))
	n := 0
	for ; answers.More(); n++ {
		var a object
		if err := answers.Decode(&a); err != nil || a["token_type"] != "Bearer" || a["expires_in"] != 3600.0 {
			t.Errorf("answer %d is %v, %v", n, a, err)
		}
	}
	if n != 3 {
		t.Errorf("%d answers: %s", n, out)
	}
}

// assertion signs in a new service account.
func (s *server) assertion(url string) string {
	s.t.Helper()
	file := s.asapi("", "oauth", "key", "create", "--client", "dev", "--id", "robot@example.com", "--token-url", url+"/o/oauth2/token", "--data", s.data)
	private, _ := file["private_key"].(string)
	block, _ := pem.Decode([]byte(private))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		s.t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	now := time.Now()
	text, err := jwt.Signed(signer).Claims(object{"iss": file["client_email"], "aud": file["token_uri"], "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}).Serialize()
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}
