package pyclient_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"asapi/internal/testserver"
)

// patience is generous because a busy machine is no fault.
const patience = 2 * time.Minute

// TestAClientLikeThePublishedOnesUnderstandsTheServer needs python3; where it is
// missing this fails, and `make test` installs it.
func TestAClientLikeThePublishedOnesUnderstandsTheServer(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatalf("python3 is not on this machine; run: apt-get install python3: %v", err)
	}
	s := startServer(t)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	out, err := exec.CommandContext(ctx, python, "stream.py", s.url, s.channel, s.store).CombinedOutput()
	if err != nil {
		t.Errorf("the client ended with %v:\n%s", err, out)
	}
}

// server is `asapi dev` with the service that makes results of any size.
type server struct{ url, channel, store string }

func startServer(t *testing.T) server {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	addr := fmt.Sprintf("127.0.0.1:%d", testserver.FreePort(t))
	var log strings.Builder
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), testserver.Binary(t, "cmd/asapi"), "dev", "--listen", addr, "--data", data)
	cmd.Env = testserver.Environment("ASAPI_BENCH_SERVICE=true")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait())
		if err != nil || t.Failed() {
			t.Errorf("the server ended with %v; its log:\n%s", err, log.String())
		}
	})
	url := "http://" + addr
	testserver.Eventually(t, patience, func() error { return ready(t.Context(), url) }, "the server to be ready")
	b, err := os.ReadFile(filepath.Join(data, "dev-tokens.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tokens map[string]struct{ Token string }
	if err := json.Unmarshal(b, &tokens); err != nil {
		t.Fatal(err)
	}
	return server{url, tokens["aschannel"].Token, tokens["asstore"].Token}
}

func ready(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Timeout: patience}).Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("readyz answers %d", resp.StatusCode)
	}
	return nil
}
