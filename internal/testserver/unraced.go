package testserver

import (
	"os/exec"
	"strings"
	"testing"
)

// Unraced reports whether this process was built without the race detector. Where
// it was not, it lets a process that was run the same test, whose end is the test's,
// and its caller returns: what is measured of memory or time is that of the detector
// otherwise. t is the test of a function, not of a part of one.
func Unraced(t *testing.T) bool {
	t.Helper()
	if !raced {
		return true
	}
	out, err := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-vet=off", "-v", "-run=^"+t.Name()+"$", ".").CombinedOutput() //nolint:gosec // the name of a test
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()+" ") {
		t.Errorf("without the race detector: %v\n%s", err, out)
	}
	return false
}
