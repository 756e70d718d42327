package faulttest_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// habits are what a proxy does to the bytes towards the client.
type habits struct {
	piece int           // bytes at a time; 0: as they come
	pause time.Duration // between two pieces
	// cut gives after how many bytes the next connection is broken off on both
	// sides; below 0: never. nil: never.
	cut func() int64
}

// proxy stands between clients and one server, with bad habits.
type proxy struct {
	habits
	to       string
	listener net.Listener
	ctx      context.Context
	open     sync.WaitGroup
}

// newProxy gives the address to use in place of url.
func newProxy(t *testing.T, url string, h habits) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	p := &proxy{habits: h, to: strings.TrimPrefix(url, "http://"), listener: l, ctx: ctx}
	p.open.Go(p.accept)
	t.Cleanup(func() {
		stop()
		_ = l.Close()
		p.open.Wait()
	})
	return "http://" + l.Addr().String()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.open.Go(func() { p.serve(client) })
	}
}

// serve carries one connection until a side or the test ends, or it is cut.
func (p *proxy) serve(client net.Conn) {
	var d net.Dialer
	server, err := d.DialContext(p.ctx, "tcp", p.to)
	if err != nil {
		_ = client.Close()
		return
	}
	end := func() {
		_ = client.Close()
		_ = server.Close()
	}
	defer end()
	stop := context.AfterFunc(p.ctx, end)
	defer stop()
	p.open.Go(func() {
		_, _ = io.Copy(server, client)
		end()
	})
	if p.carry(client, server) == nil {
		breakOff(client)
		breakOff(server)
	}
}

// carry brings the server's bytes to the client until it is time to cut. The
// error is how the connection ended before.
func (p *proxy) carry(client, server net.Conn) error {
	left := int64(-1)
	if p.cut != nil {
		left = p.cut()
	}
	size := p.piece
	if size == 0 {
		size = 32 << 10
	}
	pace := time.NewTimer(p.pause)
	defer pace.Stop()
	for buf := make([]byte, size); left != 0; {
		if left > 0 {
			buf = buf[:min(int64(len(buf)), left)]
		}
		n, err := server.Read(buf)
		if n > 0 {
			if _, err := client.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		if left > 0 {
			left -= int64(n)
		}
		if p.pause > 0 {
			pace.Reset(p.pause)
			<-pace.C
		}
	}
	return nil
}

// breakOff ends a connection with a reset: what is on its way is lost.
func breakOff(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
