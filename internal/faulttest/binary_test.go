package faulttest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait; it is generous because a busy machine is no fault.
// A killed worker's tasks wait for its lease of 15 s, which is part of it.
const patience = 3 * time.Minute

// folder is where the binary is put.
var folder string

// TestMain makes the folder and deletes it.
func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "asapi-faulttest-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// binary builds asapi once, without the race detector: the tests run in other
// processes, and there is more to do in the same time.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder, "asapi")
	cmd := exec.CommandContext(context.Background(), "go", "build", "-buildvcs=false", "-o", path, "./cmd/asapi")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build asapi: %w: %s", err, out)
	}
	return path, nil
})

func asapi(t *testing.T) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs one command of asapi to its end and gives what it printed.
func run(t *testing.T, env []string, args ...string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	cmd := exec.CommandContext(ctx, asapi(t), args...)
	cmd.Env = append(environment(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("asapi %s: %v: %s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// environment is this process's without what would configure asapi.
func environment() []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch name {
		case "DATABASE_URL", "REDIS_URL", "BLOB_URL", "SECRET_KEY", "LISTEN", "PORT", "PUBLIC_URL", "STREAM_URL", "STORE_URL":
		default:
			if !strings.HasPrefix(name, "ASAPI_") {
				env = append(env, kv)
			}
		}
	}
	return env
}
