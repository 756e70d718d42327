package testserver

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
)

// RedisServer is a private Redis. It listens on the same port after every start.
type RedisServer struct {
	server
	port int
}

// NewRedis starts a Redis that belongs to the test. It persists nothing unless
// options say otherwise; they are redis-server's, as on its command line:
// NewRedis(t, "--appendonly", "yes").
func NewRedis(tb testing.TB, options ...string) *RedisServer {
	tb.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		tb.Fatal("Redis is not installed on this machine; run: apt-get install redis-server")
	}
	dir, err := newFolder("redis")
	if err != nil {
		tb.Fatal(err)
	}
	s := &RedisServer{port: FreePort(tb)}
	s.proc = &process{
		name: "Redis", path: path, dir: dir, onDeath: syscall.SIGKILL,
		args: append([]string{
			"--bind", "127.0.0.1", "--port", strconv.Itoa(s.port), "--dir", dir, "--daemonize", "no",
			"--save", "", "--appendonly", "no", "--databases", "16",
		}, options...),
		ready: s.ready,
	}
	s.stopSignal = syscall.SIGTERM
	s.own(tb)
	return s
}

// Redis gives the URL of a Redis that belongs to the test.
func Redis(tb testing.TB) string {
	tb.Helper()
	return NewRedis(tb).URL()
}

// Addr gives host and port.
func (s *RedisServer) Addr() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// URL gives the address in the form that REDIS_URL takes.
func (s *RedisServer) URL() string { return "redis://" + s.Addr() + "/0" }

// ready makes sure that the one who answers is the process that was started.
func (s *RedisServer) ready(ctx context.Context, pid int) error {
	c := redis.NewClient(&redis.Options{Addr: s.Addr(), MaxRetries: -1, DialerRetries: 1})
	defer func() { _ = c.Close() }()
	info, err := c.Info(ctx, "server").Result()
	if err != nil {
		return err
	}
	if !strings.Contains(info, fmt.Sprintf("\nprocess_id:%d\r\n", pid)) {
		return fmt.Errorf("another server answers on port %d", s.port)
	}
	return c.Ping(ctx).Err() // fails while an append-only file is read
}
