package testserver

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// base is this test process's folder. A small shell deletes it once the process
// is gone: a file that reads from the process reaches its end then, also after
// kill -9, which no cleanup function survives.
var base = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "asapi-test-")
	if err != nil {
		return "", fmt.Errorf("make the folder of the test servers: %w", err)
	}
	// PostgreSQL runs as another user and has to get through.
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // names inside are not secret
		return "", fmt.Errorf("open the folder of the test servers: %w", err)
	}
	const script = `cat >/dev/null; n=0; until rm -rf -- "$1" 2>/dev/null || [ $n -ge 30 ]; do n=$((n+1)); sleep 1; done`
	cmd := exec.CommandContext(context.Background(), "sh", "-c", script, "sh", dir) //nolint:gosec // dir is ours
	cmd.SysProcAttr = detached()
	// The writing end stays open until this process ends.
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return "", fmt.Errorf("watch over the test servers: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("watch over the test servers: %w", err)
	}
	keep(lifeline)
	return dir, nil
})

// kept holds what must not be garbage-collected, and thereby closed, before the
// process ends.
var kept struct {
	sync.Mutex
	files []io.Closer
}

func keep(c io.Closer) {
	kept.Lock()
	defer kept.Unlock()
	kept.files = append(kept.files, c)
}

// newFolder makes a folder for one server.
func newFolder(kind string) (string, error) {
	dir, err := base()
	if err != nil {
		return "", err
	}
	dir, err = os.MkdirTemp(dir, kind+"-")
	if err != nil {
		return "", fmt.Errorf("make the folder of a test server: %w", err)
	}
	return filepath.Clean(dir), nil
}
