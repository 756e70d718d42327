package testserver_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"asapi/internal/testserver"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

const patience = 30 * time.Second

func TestEachTestGetsItsOwnEmptyDatabase(t *testing.T) {
	one, two := testserver.Postgres(t), testserver.Postgres(t)
	if one == two {
		t.Fatalf("both are %s", one)
	}
	run(t, one, "CREATE TABLE found (n int)")
	run(t, two, "CREATE TABLE found (n int)")
}

func TestPostgresRunsWithFsync(t *testing.T) {
	conn := connect(t, testserver.Postgres(t))
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		if err := conn.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&value); err != nil {
			t.Fatal(err)
		}
		if value != "on" {
			t.Errorf("%s is %s", setting, value)
		}
	}
}

func TestPostgresKeepsItsAddressAndRowsWhenItIsKilledStoppedAndRestarted(t *testing.T) {
	s := testserver.NewPostgres(t)
	run(t, s.URL(), "CREATE TABLE kept (n int)")
	run(t, s.URL(), "INSERT INTO kept VALUES (1)")
	held := connect(t, s.URL()) // a connection must not keep the server from ending

	s.Kill()
	if err := held.Ping(t.Context()); err == nil {
		t.Error("a connection survived kill -9")
	}
	if conn, err := pgx.Connect(t.Context(), s.URL()); err == nil {
		t.Errorf("it answers after kill -9: %v", conn.Close(t.Context()))
	}
	s.Start()
	run(t, s.URL(), "INSERT INTO kept VALUES (2)")
	s.Restart()

	var sum int
	if err := connect(t, s.URL()).QueryRow(t.Context(), "SELECT sum(n) FROM kept").Scan(&sum); err != nil {
		t.Fatal(err)
	}
	if sum != 3 {
		t.Errorf("sum is %d, not 3", sum)
	}
}

func TestPausedPostgresAnswersOnlyAfterResume(t *testing.T) {
	s := testserver.NewPostgres(t)
	conn := connect(t, s.URL())
	s.Pause()
	answered := make(chan error, 1)
	go func() { answered <- conn.Ping(context.WithoutCancel(t.Context())) }()
	if paused := stateOf(t, conn.PgConn().PID()); paused != 'T' {
		t.Errorf("the connection's process is in state %c, not stopped", paused)
	}
	s.Resume()
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
}

// stateOf gives the state letter of proc(5).
func stateOf(t *testing.T, pid uint32) byte {
	t.Helper()
	var state byte
	testserver.Eventually(t, patience, func() error {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(int(pid)) + "/stat")
		if err != nil {
			return err
		}
		state = strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))[0][0]
		return nil
	}, "the state of a process")
	return state
}

func TestRedisKeepsItsAddressAndLosesItsDataWhenKilled(t *testing.T) {
	s := testserver.NewRedis(t)
	c := client(t, s.URL())
	if err := c.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if err := c.Ping(t.Context()).Err(); err == nil {
		t.Error("it answers after kill -9")
	}
	s.Start()
	if err := c.Get(t.Context(), "k").Err(); !errors.Is(err, redis.Nil) {
		t.Errorf("the key: %v", err)
	}
}

func TestRedisWithAppendOnlyFileKeepsItsDataWhenKilled(t *testing.T) {
	s := testserver.NewRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	c := client(t, s.URL())
	if err := c.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	s.Start()
	if v, err := c.Get(t.Context(), "k").Result(); err != nil || v != "v" {
		t.Errorf("the key: %q, %v", v, err)
	}
}

func TestPausedRedisAnswersAfterResume(t *testing.T) {
	s := testserver.NewRedis(t)
	c := client(t, s.URL())
	s.Pause()
	// The client's read timeout ends the wait.
	if err := c.Ping(t.Context()).Err(); err == nil {
		t.Error("it answers while it is frozen")
	}
	s.Resume()
	testserver.Eventually(t, patience, func() error { return c.Ping(t.Context()).Err() }, "Redis")
}

// TestNothingIsLeftBehindWhenTheTestIsKilled runs this test binary as a child
// that starts servers, and kills it.
func TestNothingIsLeftBehindWhenTheTestIsKilled(t *testing.T) {
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	openParents(t, folder)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChildThatIsKilled$")
	cmd.Env = append(os.Environ(), "TESTSERVER_CHILD=1", "TMPDIR="+folder)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var addresses []string
	for lines := bufio.NewScanner(out); len(addresses) < 3 && lines.Scan(); {
		if a, ok := strings.CutPrefix(lines.Text(), "server "); ok {
			addresses = append(addresses, a)
		}
	}
	if len(addresses) != 3 {
		t.Fatalf("the child started %q", addresses)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait() // it was killed
	testserver.Eventually(t, patience, func() bool {
		for _, a := range addresses {
			if reachable(t, a) {
				return false
			}
		}
		return true
	}, "the servers' end")
	testserver.Eventually(t, patience, func() bool {
		left, err := os.ReadDir(folder)
		return err == nil && len(left) == 0
	}, "the folders' end")
}

// TestChildThatIsKilled is the child of the test above; on its own it only shows
// that the servers start.
func TestChildThatIsKilled(t *testing.T) {
	urls := []string{testserver.Postgres(t), testserver.NewPostgres(t).URL(), testserver.Redis(t)}
	if os.Getenv("TESTSERVER_CHILD") == "" {
		return
	}
	for _, u := range urls {
		if _, err := os.Stdout.WriteString("server " + u + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	stop := make(chan os.Signal, 1)
	<-stop // until it is killed
}

func openParents(t *testing.T, folder string) {
	t.Helper()
	parent := folder[:strings.LastIndexByte(folder, '/')]
	if err := os.Chmod(parent, 0o755); err != nil && !errors.Is(err, syscall.EPERM) {
		t.Fatal(err)
	}
}

func reachable(t *testing.T, url string) bool {
	t.Helper()
	if strings.HasPrefix(url, "redis") {
		return client(t, url).Ping(t.Context()).Err() == nil
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return false
	}
	_ = conn.Close(t.Context())
	return true
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func run(t *testing.T, url, sql string) {
	t.Helper()
	if _, err := connect(t, url).Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func client(t *testing.T, url string) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	o.MaxRetries, o.DialerRetries, o.ReadTimeout = -1, 1, 200*time.Millisecond
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}
