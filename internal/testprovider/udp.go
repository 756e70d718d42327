package testprovider

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Datagram counts a datagram as a request of the method UDP whose path is its command, and
// says what it gets. who names its sender for the limits.
func (g *Gate) Datagram(who, command string) Trouble {
	r := &http.Request{Method: "UDP", URL: &url.URL{Path: "/" + command}, RemoteAddr: who, Header: http.Header{}}
	trouble, _ := g.judge(r)
	return trouble
}

// Port is what answers datagrams.
type Port struct {
	// Serve gives the answer to a datagram from a sender, and what trouble there is
	// with it; nil: there is none.
	Serve func(from, datagram string) (answer []byte, trouble Trouble)
	// Busy is called before a datagram is served, and what it gives after its answer
	// was sent or lost; nil: nobody wants to know.
	Busy func() (done func())
	// Lost is called when somebody will wait for an answer in vain; nil: nobody is.
	Lost func()

	late []byte
}

// Run answers the datagrams of a socket, one after the other, until ctx ends, and then
// closes it.
func (p *Port) Run(ctx context.Context, conn net.PacketConn) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // it ends the read below
	defer stop()
	// Answers of Elsewhere come from here.
	var lc net.ListenConfig
	other, err := lc.ListenPacket(ctx, "udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer other.Close()
	buf := make([]byte, 64<<10)
	for {
		n, from, err := conn.ReadFrom(buf)
		switch {
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			return err
		}
		p.handle(conn, other, from, string(buf[:n]))
	}
}

func (p *Port) handle(conn, other net.PacketConn, from net.Addr, datagram string) {
	if p.Busy != nil {
		defer p.Busy()()
	}
	answer, trouble := p.Serve(from.String(), datagram)
	p.answer(conn, other, from, answer, trouble)
}

// answer sends an answer, or does with it what the trouble is.
func (p *Port) answer(conn, other net.PacketConn, from net.Addr, answer []byte, trouble Trouble) {
	send := func(by net.PacketConn, what []byte) {
		if what != nil {
			_, _ = by.WriteTo(what, from) // a datagram may be lost at any time
		}
	}
	// Who gets a late answer now asked again for it, and waits no longer.
	served := p.late != nil
	if served {
		send(conn, p.late)
		p.late = nil
	}
	lost := answer == nil
	switch trouble {
	case Cut, CutAfter:
		lost = true
	case Elsewhere:
		send(other, answer)
		lost = true
	case Late:
		p.late, lost = answer, true
	case Doubled:
		send(conn, answer)
		send(conn, answer)
	case WrongType:
		send(conn, []byte("\x00\x00 no answer of this API"))
		lost = true
	case None, Limited, Broken:
		send(conn, answer)
	}
	if lost && !served && p.Lost != nil {
		p.Lost()
	}
}

// Limit is how many requests somebody may make in a window, and how long who makes more,
// or is told to come later, has to wait.
type Limit struct {
	Most         int
	Window, Wait time.Duration
}
