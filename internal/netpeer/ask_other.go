//go:build !linux

package netpeer

import (
	"syscall"

	"asapi/tasks"
)

// prepare sets nothing: TCP_USER_TIMEOUT is Linux's.
func prepare(syscall.RawConn) error { return nil }

// ask knows nothing: other kernels do not tell what was acknowledged.
func ask(syscall.RawConn) (view, error) { return view{}, tasks.ErrPeerUnknown }
