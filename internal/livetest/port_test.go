package livetest

import (
	"context"
	"net"
	"sync"
	"time"

	"asapi/internal/outbound"
	"asapi/internal/testprovider"
)

// port starts a stand-in that answers datagrams. dial gives a socket to it. Whoever waits
// for an answer that does not come need not wait: alarm rings when the stand-in gives
// none, and the time passes.
func (b *bench) port(gate *testprovider.Gate, serve func(from, datagram string) ([]byte, testprovider.Trouble)) (dial func(context.Context) (net.Conn, error), alarm func(time.Duration, func()) func() bool) {
	b.t.Helper()
	var lc net.ListenConfig
	conn, err := lc.ListenPacket(b.t.Context(), "udp", "127.0.0.1:0")
	b.must(err)
	var mu sync.Mutex
	rings := map[int]func(){}
	ring := func() {
		mu.Lock()
		defer mu.Unlock()
		for _, f := range rings {
			f()
		}
	}
	p := &testprovider.Port{Serve: serve, Busy: gate.Busy, Lost: ring}
	ctx, stop := context.WithCancel(context.WithoutCancel(b.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, conn) }()
	b.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.t.Error(err)
		}
	})
	way, err := outbound.ToDatagrams(outbound.Config{}, conn.LocalAddr().String(), 0)
	b.must(err)
	set := 0
	return way.Dial, func(d time.Duration, f func()) func() bool {
		mu.Lock()
		defer mu.Unlock()
		set++
		mine := set
		rings[mine] = func() {
			if b.clock.redis != nil {
				b.clock.pass(d)
			}
			f()
		}
		last := time.AfterFunc(30*time.Second, f) // a stand-in that hangs ends as one that is silent
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			delete(rings, mine)
			return last.Stop()
		}
	}
}
