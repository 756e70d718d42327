package faulttest_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"asapi/internal/testserver"
)

// TestTheReadmesConversationWorks runs the README's block of shell lines as a
// reader would, beside a server started as the README says.
func TestTheReadmesConversationWorks(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(readme), "```sh\n")
	block, _, closed := strings.Cut(block, "```")
	if !ok || !closed {
		t.Fatal("the README has no block of shell lines")
	}
	dir := t.TempDir()
	scripts, err := filepath.Abs("../../scripts")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(scripts, filepath.Join(dir, "scripts")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(testserver.Binary(t, "cmd/asapi"), filepath.Join(dir, "bin", "asapi")); err != nil {
		t.Fatal(err)
	}
	p := newProcess(t, []string{"ASAPI_DATA=" + filepath.Join(dir, "data")}, "--listen", "dev")
	p.start()
	p.await()
	block = strings.ReplaceAll(block, "http://127.0.0.1:8080", p.url())
	out := shell(t, dir, block)
	for _, want := range []string{`"import-trackers"`, `"success":true`, `"task_id":`, `"Publish complete"`, `"created":100`, `\"unchanged\":100`} {
		if !strings.Contains(out, want) {
			t.Errorf("the answers have no %s:\n%s", want, out)
		}
	}
}

// TestTheDemoEndsWell runs what `make demo` runs after the build, on a shorter
// list.
func TestTheDemoEndsWell(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "bash", "scripts/demo.sh")
	cmd.Dir = "../.."
	cmd.Env = testserver.Environment("ASAPI="+testserver.Binary(t, "cmd/asapi"), "ENTRIES=300")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "All answers were as expected.") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, line := range []string{"/register-account/", "/submit-task/", "/task-status/", "/stream/?stream=", "/fetch/"} {
		if !strings.Contains(string(out), line) {
			t.Errorf("it shows no line with %s", line)
		}
	}
}

// shell runs lines as a terminal does: it goes on after one that fails, as curl
// does when it leaves a stream after its time.
func shell(t *testing.T, dir, lines string) string {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "bash", "-c", lines)
	cmd.Dir = dir
	cmd.Env = testserver.Environment()
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); err != nil && code != 28 && code != 0 { // 28: curl's --max-time
		t.Errorf("the lines ended with %v", err)
	}
	return string(out)
}
