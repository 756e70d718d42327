package testserver

import (
	"context"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// built are the programs of this process, by their packages.
var built = struct {
	sync.Mutex
	paths map[string]string
}{paths: map[string]string{}}

// Binary builds a program of this module, such as cmd/asapi, once in a test process
// and gives its path. It is built without the race detector: it runs as a process of
// its own, and there is more to do in the same time.
func Binary(tb testing.TB, program string) string {
	tb.Helper()
	built.Lock()
	defer built.Unlock()
	if built.paths[program] == "" {
		dir, err := newFolder("bin")
		if err != nil {
			tb.Fatal(err)
		}
		file := filepath.Join(dir, path.Base(program))
		cmd := exec.CommandContext(context.WithoutCancel(tb.Context()), "go", "build", "-buildvcs=false", "-o", file, "asapi/"+program) //nolint:gosec // a package of ours
		if out, err := cmd.CombinedOutput(); err != nil {
			tb.Fatalf("build %s: %v: %s", program, err, out)
		}
		built.paths[program] = file
	}
	return built.paths[program]
}

// Environment is this process's without what would configure asapi, and with more
// variables, such as LISTEN=127.0.0.1:8080.
func Environment(more ...string) []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch name {
		case "DATABASE_URL", "REDIS_URL", "BLOB_URL", "SECRET_KEY", "LISTEN", "PORT", "PUBLIC_URL", "STREAM_URL", "STORE_URL",
			"TLS_LISTEN", "TLS_CERT", "TLS_KEY", "GRPC_LISTEN", "SSL_CERT_FILE", "SSL_CERT_DIR":
		default:
			if !strings.HasPrefix(name, "ASAPI_") {
				env = append(env, kv)
			}
		}
	}
	return append(env, more...)
}
