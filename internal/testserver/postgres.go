package testserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"
)

// PostgresServer is a private PostgreSQL with fsync on: what it committed
// survives Kill. It listens on the same port after every start.
type PostgresServer struct {
	server
	port int
}

// NewPostgres starts a PostgreSQL that belongs to the test.
func NewPostgres(tb testing.TB) *PostgresServer {
	tb.Helper()
	s, err := preparePostgres(FreePort(tb))
	if err != nil {
		tb.Fatal(err)
	}
	s.own(tb)
	return s
}

// URL gives the address of the server's empty database "test", in the form that
// DATABASE_URL takes.
func (s *PostgresServer) URL() string { return s.urlOf("test") }

func (s *PostgresServer) urlOf(database string) string {
	return fmt.Sprintf("postgres://asapi@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// preparePostgres makes the data folder of a server and does not start it.
func preparePostgres(port int) (*PostgresServer, error) {
	from, err := template()
	if err != nil {
		return nil, err
	}
	dir, err := newFolder("postgres")
	if err != nil {
		return nil, err
	}
	// cp keeps owners and modes, on which PostgreSQL insists.
	if out, err := exec.CommandContext(context.Background(), "cp", "-a", from.data+"/.", dir).CombinedOutput(); err != nil { //nolint:gosec // both are our folders
		return nil, fmt.Errorf("copy PostgreSQL's data folder: %w: %s", err, out)
	}
	s := &PostgresServer{port: port}
	s.proc = &process{
		name: "PostgreSQL", path: filepath.Join(from.bin, "postgres"), dir: dir, as: from.as,
		// SIGQUIT ends it at once like a crash, but lets it free its shared memory.
		onDeath: syscall.SIGQUIT,
		args: []string{
			"-D", dir, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
			"-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "shared_buffers=32MB", "-c", "max_connections=200",
		},
		ready:    s.ready,
		leftover: s.freeShared,
	}
	s.stopSignal = syscall.SIGINT // the "fast" shutdown: it ends connections
	return s, nil
}

// ready makes sure that the one who answers is the process that was started.
func (s *PostgresServer) ready(ctx context.Context, _ int) error {
	conn, err := pgx.Connect(ctx, s.urlOf("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	var dir string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&dir); err != nil {
		return err
	}
	if dir != s.proc.dir {
		return fmt.Errorf("another server answers on port %d", s.port)
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE test")
	var refused interface{ SQLState() string }
	if errors.As(err, &refused) && refused.SQLState() == "42P04" { // duplicate_database
		return nil
	}
	return err
}

// freeShared frees the small segment of shared memory by which PostgreSQL guards
// its data folder. After kill -9 it would stay until the machine restarts, and a
// machine has only some thousands.
func (s *PostgresServer) freeShared() error {
	b, err := os.ReadFile(filepath.Join(s.proc.dir, "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return nil // it ended in order
	}
	if err != nil {
		return err
	}
	// Line 7 holds the key and the id of the segment (miscadmin.h in PostgreSQL's source).
	var fields []string
	if lines := strings.Split(string(b), "\n"); len(lines) >= 7 {
		fields = strings.Fields(lines[6])
	}
	if len(fields) != 2 {
		return nil // it was killed before it had one
	}
	id, err := strconv.Atoi(fields[1])
	if err != nil {
		return fmt.Errorf("read postmaster.pid: %w", err)
	}
	if _, err := unix.SysvShmCtl(id, unix.IPC_RMID, nil); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EIDRM) {
		return fmt.Errorf("free PostgreSQL's shared memory: %w", err)
	}
	return nil
}

// initialised is an initialised data folder that servers copy.
type initialised struct {
	bin, data string
	as        *syscall.Credential // nil: as this process
}

// template runs initdb once in a process.
var template = sync.OnceValues(func() (initialised, error) {
	var t initialised
	var err error
	if t.bin, err = postgresBin(); err != nil {
		return t, err
	}
	if t.as, err = unprivileged(); err != nil {
		return t, err
	}
	parent, err := base()
	if err != nil {
		return t, err
	}
	if t.as != nil {
		// initdb and postgres enter their folders as that user.
		if err := os.Chown(parent, int(t.as.Uid), int(t.as.Gid)); err != nil {
			return t, fmt.Errorf("give the test servers' folder to PostgreSQL's user: %w", err)
		}
	}
	t.data = filepath.Join(parent, "initdb")
	cmd := exec.CommandContext(context.Background(), filepath.Join(t.bin, "initdb"), "-D", t.data, "--no-sync", //nolint:gosec // found by postgresBin
		"--auth=trust", "--username=asapi", "--encoding=UTF8", "--locale=C")
	cmd.Dir = parent
	cmd.SysProcAttr = bound(syscall.SIGKILL, t.as)
	if out, err := cmd.CombinedOutput(); err != nil {
		return t, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return t, nil
})

// postgresBin finds the folder of PostgreSQL's programs: the newest that Debian
// and Ubuntu installed, or what PATH has.
func postgresBin() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is valid
	if len(found) > 0 {
		version := func(path string) int {
			n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 sorts first
			return n
		}
		newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
		return filepath.Dir(newest), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("PostgreSQL is not installed on this machine; run: apt-get install postgresql")
	}
	return filepath.Dir(path), nil
}

// unprivileged gives the user to run PostgreSQL as: it refuses to run as root.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // SysProcAttr.Credential is nil for "as this process"
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("find a user to run PostgreSQL as, which refuses to run as root: %w", err)
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read the number of user %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read the group of user %s: %w", u.Username, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
