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

func TestTheReadmesConversationWorks(t *testing.T) {
	t.Parallel()
	out := conversation(t, "README.md")
	for _, want := range []string{`"import-trackers"`, `"success":true`, `"task_id":`, `"Publish complete"`, `"created":100`, `\"unchanged\":100`} {
		if !strings.Contains(out, want) {
			t.Errorf("the answers have no %s:\n%s", want, out)
		}
	}
}

func TestTheConversationAboutDevicesWorks(t *testing.T) {
	t.Parallel()
	out := conversation(t, "docs/zerotouch.md")
	for _, want := range []string{
		`"companyName": "Example Ltd"`, `"deviceName": "partners/1/devices/`, `"name": "operations/apibatchoperation/`, `"progress": 100`, `"successCount": 1`,
		`"status": "SINGLE_DEVICE_STATUS_SUCCESS"`, `"errorIdentifier": "INVALID_IMEI"`, `"imei": "490154203237518"`, `"totalSize": 2`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the answers have no %s:\n%s", want, out)
		}
	}
}

// conversation runs a page's first block of shell lines as a reader would, beside a
// server started as the page says, and gives what they print.
func conversation(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(text), "```sh\n")
	block, _, closed := strings.Cut(block, "```")
	if !ok || !closed {
		t.Fatalf("%s has no block of shell lines", page)
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
	return shell(t, dir, block)
}

// TestTheDemoEndsWell runs what `make demo` runs after the build, on a shorter
// list.
func TestTheDemoEndsWell(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithTimeout(t.Context(), most)
	defer stop()
	cmd := exec.CommandContext(ctx, "bash", "scripts/demo.sh")
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
	ctx, stop := context.WithTimeout(context.WithoutCancel(t.Context()), most)
	defer stop()
	cmd := exec.CommandContext(ctx, "bash", "-c", lines)
	cmd.Dir = dir
	cmd.Env = testserver.Environment()
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); err != nil && code != 28 && code != 0 { // 28: curl's --max-time
		t.Errorf("the lines ended with %v", err)
	}
	return string(out)
}
