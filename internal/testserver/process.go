package testserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// startWithin bounds how long a server may take until it answers, and stopWithin
// until it has ended; both are generous for busy machines.
const (
	startWithin = 60 * time.Second
	stopWithin  = 30 * time.Second
)

// errEarlyExit says that a server ended while it was being started.
var errEarlyExit = errors.New("the server ended at once")

// process is one server program that can be started again and again. Its methods
// may be called from several goroutines.
type process struct {
	name    string   // for messages
	path    string   // the binary
	args    []string // the same at every start
	dir     string   // the working folder; the log lies beside it
	as      *syscall.Credential
	onDeath syscall.Signal // sent when the test process ends
	ready   func(ctx context.Context, pid int) error
	// leftover frees what a kill leaves outside of dir; nil: nothing is left.
	leftover func() error

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{} // closed once cmd has ended
}

func (p *process) logFile() string { return filepath.Clean(p.dir) + ".log" }

// start starts the program and waits until it answers. A program that ends at
// once is started again while time is left: PostgreSQL does so after kill -9, as
// long as its orphaned processes are not all gone.
func (p *process) start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for tries := 0; ; {
		err := p.startOnce(ctx, ticker)
		if err == nil {
			return nil
		}
		if tries++; !errors.Is(err, errEarlyExit) || tries > 100 {
			return fmt.Errorf("%s did not start: %w; its log ends: %s", p.name, err, p.logTail())
		}
		<-ticker.C
	}
}

func (p *process) startOnce(ctx context.Context, ticker *time.Ticker) error {
	logs, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = logs.Close() }() // the program has its own copy
	// The program outlives the call: stop and kill end it, or the end of this process.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), p.path, p.args...) //nolint:gosec // our own test servers
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, logs, logs
	cmd.SysProcAttr = bound(p.onDeath, p.as)
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	p.cmd, p.done = cmd, done
	go func() {
		_ = cmd.Wait() // how a server ended is in its log
		close(done)
	}()
	for {
		if err = p.ready(ctx, cmd.Process.Pid); err == nil {
			return nil
		}
		select {
		case <-done:
			return errEarlyExit
		case <-ctx.Done():
			_ = cmd.Process.Kill()
			<-done
			return errors.Join(ctx.Err(), err)
		case <-ticker.C:
		}
	}
}

// running needs p.mu.
func (p *process) running() bool {
	if p.done == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// end sends a signal and waits until the program has ended.
func (p *process) end(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return nil
	}
	if s == syscall.SIGKILL {
		// Frozen first, so that no new child escapes.
		pid := p.cmd.Process.Pid
		if err := freezeFamily(pid); err != nil {
			return fmt.Errorf("end %s: %w", p.name, err)
		}
		if err := signalAll(s, childrenOf(pid)); err != nil {
			return fmt.Errorf("end %s: %w", p.name, err)
		}
	}
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end %s: %w", p.name, err)
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(stopWithin):
		return fmt.Errorf("%s did not end within %v of %v", p.name, stopWithin, s)
	}
}

// freeze stops the program and its children, and returns once they stand still.
func (p *process) freeze() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return fmt.Errorf("%s is not running", p.name)
	}
	if err := freezeFamily(p.cmd.Process.Pid); err != nil {
		return fmt.Errorf("freeze %s: %w", p.name, err)
	}
	return nil
}

// thaw ends freeze.
func (p *process) thaw() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return fmt.Errorf("%s is not running", p.name)
	}
	pid := p.cmd.Process.Pid
	if err := signalAll(syscall.SIGCONT, append(childrenOf(pid), pid)); err != nil {
		return fmt.Errorf("thaw %s: %w", p.name, err)
	}
	return nil
}

func (p *process) logTail() string {
	b, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-2000):])
}

// remove deletes what the program wrote.
func (p *process) remove() error {
	var err error
	if p.leftover != nil {
		err = p.leftover()
	}
	return errors.Join(err, os.RemoveAll(p.dir), os.RemoveAll(p.logFile()))
}
