package testserver

import "syscall"

// detached keeps a terminal's interrupt away from a child.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// bound makes a child that gets the signal when this process ends in any way.
// Linux sends it when the starting thread ends, and Go keeps its threads.
func bound(onDeath syscall.Signal, as *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: onDeath, Credential: as}
}
