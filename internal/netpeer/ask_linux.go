package netpeer

import (
	"fmt"
	"syscall"

	"asapi/tasks"

	"golang.org/x/sys/unix"
)

// States of a TCP connection as TCP_INFO gives them, by the kernel's
// include/net/tcp_states.h.
const (
	tcpTimeWait  = 6
	tcpClose     = 7
	tcpCloseWait = 8
	tcpLastAck   = 9
	tcpClosing   = 11
)

// prepare sets the options of a new connection.
func prepare(raw syscall.RawConn) error {
	return control(raw, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(VanishedAfter.Milliseconds()))
	})
}

// ask reads the bytes that the peer's kernel has not acknowledged (SIOCOUTQ,
// tcp(7)) and the connection's state.
func ask(raw syscall.RawConn) (view, error) {
	var v view
	err := control(raw, func(fd int) error {
		// The queue first: an acknowledgement seen here came before any reset
		// that the state does not show yet.
		unacked, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
		if err != nil {
			return err
		}
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return err
		}
		v = view{unacked: int64(unacked), status: statusOf(info.State)}
		return nil
	})
	return v, err
}

// statusOf: a peer that sent FIN leaves CLOSE_WAIT behind; RST, a timeout or an
// unreachable host leave CLOSE. All states before those are open.
func statusOf(state uint8) tasks.PeerStatus {
	switch state {
	case tcpClose:
		return tasks.PeerReset
	case tcpCloseWait, tcpLastAck, tcpClosing, tcpTimeWait:
		return tasks.PeerClosed
	default:
		return tasks.PeerOpen
	}
}

func control(raw syscall.RawConn, f func(fd int) error) error {
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return fmt.Errorf("ask the kernel about a connection: %w", err)
	}
	if inner != nil {
		return fmt.Errorf("ask the kernel about a connection: %w", inner)
	}
	return nil
}
