package testserver

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

// Ports are taken below the range that Linux gives to outgoing connections
// (32768 and up): a client that keeps dialing a stopped server on a port of that
// range sooner or later connects to itself, and then the server cannot come back.
const (
	firstPort = 10_000
	lastPort  = 32_000
)

// given remembers the ports of this process, so that one that is not listened on
// yet is not given twice.
var given = struct {
	sync.Mutex
	ports map[int]bool
}{ports: map[int]bool{}}

// FreePort gives a TCP port of 127.0.0.1 that nobody listens on, and gives each
// only once. A client may dial it all the time, also while nobody listens.
func FreePort(tb testing.TB) int {
	tb.Helper()
	given.Lock()
	defer given.Unlock()
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // a port is no secret
		if given.ports[port] {
			continue
		}
		var lc net.ListenConfig
		l, err := lc.Listen(tb.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			tb.Fatalf("could not give a port back: %v", err)
		}
		given.ports[port] = true
		return port
	}
	tb.Fatal("no free TCP port on 127.0.0.1")
	return 0
}
