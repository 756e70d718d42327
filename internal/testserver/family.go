package testserver

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stat reads a process's state letter and its parent from /proc; ok is false when
// it has ended, or where there is no /proc.
func stat(pid int) (state byte, parent int, ok bool) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, 0, false
	}
	// proc(5): pid (name) state ppid; the name may hold spaces and brackets.
	rest := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(rest) < 2 {
		return 0, 0, false
	}
	parent, err = strconv.Atoi(rest[1])
	return rest[0][0], parent, err == nil
}

// childrenOf lists the processes that pid started; none where there is no /proc.
// A PostgreSQL connection is such a child, in a process group of its own.
func childrenOf(pid int) []int {
	names, _ := filepath.Glob("/proc/[0-9]*") // the pattern is valid
	var found []int
	for _, name := range names {
		child, err := strconv.Atoi(filepath.Base(name))
		if err != nil {
			continue
		}
		if _, parent, ok := stat(child); ok && parent == pid {
			found = append(found, child)
		}
	}
	return found
}

// signalAll sends a signal to processes, of which some may have ended.
func signalAll(s syscall.Signal, pids []int) error {
	for _, pid := range pids {
		if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("signal process %d: %w", pid, err)
		}
	}
	return nil
}

// freezeFamily stops a process and then its children, so that none escapes by
// being started meanwhile.
func freezeFamily(pid int) error {
	if err := stop(pid); err != nil {
		return err
	}
	return stop(childrenOf(pid)...)
}

// stop returns once the processes stand still: the kernel delivers the signal
// some time after it was sent.
func stop(pids ...int) error {
	if err := signalAll(syscall.SIGSTOP, pids); err != nil {
		return err
	}
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	late := time.After(stopWithin)
	for _, pid := range pids {
		for {
			state, _, ok := stat(pid)
			if !ok || strings.IndexByte("TtZX", state) >= 0 { // stopped, or ended
				break
			}
			select {
			case <-ticker.C:
			case <-late:
				return fmt.Errorf("process %d did not stop within %v", pid, stopWithin)
			}
		}
	}
	return nil
}
