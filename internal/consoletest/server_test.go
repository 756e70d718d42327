package consoletest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"asapi/internal/testserver"
)

// patience bounds every wait; it is generous because a busy machine is no fault.
const patience = time.Minute

// folder keeps the shared server's data.
var folder string

// TestMain ends the browser and the shared server after all tests.
func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "asapi-consoletest-"); err != nil {
		panic(err)
	}
	code := m.Run()
	closeBrowser()
	if shared.cmd != nil {
		shared.stop(syscall.SIGKILL)
	}
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// server is `asapi dev` with the service bench, on one address whatever happens.
type server struct {
	data, addr string
	cmd        *exec.Cmd
	clients    int
}

// shared is the server of all tests that do not stop theirs.
var shared server

func (s *server) url() string { return "http://" + s.addr }

// started gives the server that all tests share.
func started(t *testing.T) *server {
	t.Helper()
	if shared.cmd == nil {
		shared = server{data: filepath.Join(folder, "data"), addr: fmt.Sprintf("127.0.0.1:%d", testserver.FreePort(t))}
		shared.start(t)
	}
	return &shared
}

// own gives a server that the test may stop.
func own(t *testing.T) *server {
	t.Helper()
	s := &server{data: filepath.Join(t.TempDir(), "data"), addr: fmt.Sprintf("127.0.0.1:%d", testserver.FreePort(t))}
	s.start(t)
	t.Cleanup(func() { s.stop(syscall.SIGKILL) })
	return s
}

// start starts the server and waits until it is ready.
func (s *server) start(t *testing.T) {
	t.Helper()
	path := testserver.Binary(t, "cmd/asapi")
	logs, err := os.OpenFile(s.data+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = logs.Close() }() // the process has its own copy
	s.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), path, "dev", "--listen", s.addr, "--data", s.data, "--with-bench-service")
	s.cmd.Env = testserver.Environment()
	s.cmd.Stdout, s.cmd.Stderr = logs, logs
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testserver.Eventually(t, patience, func() error {
		status, err := s.get(t, "/readyz", "")
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("readyz answers %d", status)
		}
		return err
	}, "the server to be ready")
}

// stop ends the server; it does nothing where it has ended.
func (s *server) stop(signal syscall.Signal) {
	_ = s.cmd.Process.Signal(signal) // it may have ended
	_ = s.cmd.Wait()
}

func (s *server) get(t *testing.T, path, token string) (int, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url()+path, nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Token "+token)
	resp, err := (&http.Client{Timeout: patience}).Do(r)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// run runs a command of asapi on the server's folder and gives what it printed.
func (s *server) run(t *testing.T, args ...string) string {
	t.Helper()
	path := testserver.Binary(t, "cmd/asapi")
	cmd := exec.CommandContext(t.Context(), path, append(args, "--data", s.data)...)
	cmd.Env = testserver.Environment()
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("asapi %v: %s", args, failed.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// client makes a client and gives its name, which no client of an earlier run has.
func (s *server) client(t *testing.T, name string) string {
	t.Helper()
	s.clients++
	name = fmt.Sprintf("%s-%d", name, s.clients)
	s.run(t, "client", "create", name)
	return name
}

// token makes a client with a token for asstore, unless flags say otherwise.
func (s *server) token(t *testing.T, name string, flags ...string) string {
	t.Helper()
	if len(flags) == 0 {
		flags = []string{"--protocol", "asstore"}
	}
	return s.run(t, append([]string{"token", "create", "--client", s.client(t, name)}, flags...)...)
}

// post sends a form with a token and gives the answer.
func (s *server) post(t *testing.T, token, path string, form url.Values) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url()+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Token "+token)
	resp, err := (&http.Client{Timeout: patience}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// submit makes a task of the service bench and gives its id.
func (s *server) submit(t *testing.T, token, action string, more ...string) string {
	t.Helper()
	s.post(t, token, "/register-account/", url.Values{"service": {"bench"}, "username": {"alice"}})
	form := url.Values{"service": {"bench"}, "action": {action}, "account": {"alice"}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	answer := s.post(t, token, "/submit-task/", form)
	id, ok := answer["task_id"].(string)
	if !ok {
		t.Fatalf("submitting: %v", answer)
	}
	return id
}

// ended waits until a task has ended.
func (s *server) ended(t *testing.T, token, id string) {
	t.Helper()
	testserver.Eventually(t, patience, func() bool {
		answer := s.post(t, token, "/task-status/", url.Values{"task_ids": {id}, "wait": {"10"}})
		entry, _ := answer[id].(map[string]any)
		return entry["completed_at"] != nil
	}, "the task to end")
}
