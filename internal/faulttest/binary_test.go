package faulttest_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"asapi/internal/testserver"
)

// patience bounds every wait; it is generous because a busy machine is no fault.
// A killed worker's tasks wait for its lease of 15 s, which is part of it.
const patience = 3 * time.Minute

// most bounds a whole test, so that one that waits for what never comes fails with
// the logs of its processes.
const most = 8 * time.Minute

// run runs one command of asapi to its end and gives what it printed.
func run(t *testing.T, env []string, args ...string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	cmd := exec.CommandContext(ctx, testserver.Binary(t, "cmd/asapi"), args...)
	cmd.Env = testserver.Environment(env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("asapi %s: %v: %s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}
