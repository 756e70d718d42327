//go:build unix && !linux

package testserver

import "syscall"

// detached keeps a terminal's interrupt away from a child.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// bound leaves a child in this process's group, so that an interrupt reaches it
// too; only Linux can bind it closer.
func bound(_ syscall.Signal, as *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: as}
}
