package faulttest_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"asapi/internal/testserver"
)

// process is one asapi process that is started again and again on the same
// address.
type process struct {
	t    *testing.T
	name string
	addr string // answers /readyz
	args []string
	env  []string
	log  string

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan error
}

// newProcess does not start it. The command takes its address with listenFlag.
func newProcess(t *testing.T, env []string, listenFlag string, args ...string) *process {
	t.Helper()
	addr := fmt.Sprintf("127.0.0.1:%d", testserver.FreePort(t))
	p := &process{
		t: t, name: args[0], addr: addr, args: append(args, listenFlag, addr), env: env,
		log: filepath.Join(t.TempDir(), args[0]+".log"),
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			if b, err := os.ReadFile(p.log); err == nil {
				t.Logf("the log of %s on %s ends:\n%s", p.name, addr, b[max(0, len(b)-4000):])
			}
		}
	})
	return p
}

func (p *process) url() string { return "http://" + p.addr }

// start starts the process and returns at once.
func (p *process) start() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	logs, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = logs.Close() }() // the process has its own copy
	cmd := exec.CommandContext(context.WithoutCancel(p.t.Context()), testserver.Binary(p.t, "cmd/asapi"), p.args...)
	cmd.Env = testserver.Environment(p.env...)
	cmd.Stdout, cmd.Stderr = logs, logs
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	p.cmd, p.done = cmd, done
}

// await waits until the process answers that it is ready.
func (p *process) await() {
	p.t.Helper()
	testserver.Eventually(p.t, patience, func() error { return ready(p.t.Context(), p.url()) }, p.name+" to be ready")
}

func ready(ctx context.Context, url string) error {
	ctx, stop := context.WithTimeout(ctx, answerTime)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req) //nolint:forbidigo // a test on this machine
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("readyz answers %d", resp.StatusCode)
	}
	return nil
}

// kill ends it with kill -9; it does nothing where nothing runs.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill() // it may have ended
	if err := p.end(); err == nil {
		p.t.Logf("%s had ended by itself", p.name)
	}
}

// terminate ends it with SIGTERM, which must end in exit code 0.
func (p *process) terminate() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Errorf("end %s: %v", p.name, err)
	}
	if err := p.end(); err != nil {
		p.t.Errorf("after SIGTERM %s ended with %v", p.name, err)
	}
}

// end waits until the process has ended. One that does not is told to print what
// its goroutines do, which is the end of its log.
func (p *process) end() error {
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Signal(syscall.SIGQUIT) })
	defer late.Stop()
	err := <-p.done
	p.cmd = nil
	return err
}

// signal sends a signal that does not end it.
func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		p.t.Fatalf("%s is not running", p.name)
	}
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("signal %s: %v", p.name, err)
	}
}

// memory is what the process has in memory, in bytes, as Linux tells.
func (p *process) memory() int64 { return p.status("VmRSS") }

// peak is the most that it had since it was started.
func (p *process) peak() int64 { return p.status("VmHWM") }

// status reads a line of /proc/PID/status, which are in kB (proc(5)).
func (p *process) status(name string) int64 {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		p.t.Fatalf("%s is not running", p.name)
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	_, line, ok := strings.Cut(string(b), "\n"+name+":")
	fields := strings.Fields(line)
	if !ok || len(fields) < 2 || fields[1] != "kB" {
		p.t.Fatalf("the status of %s has no %s", p.name, name)
	}
	n, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return n << 10
}
