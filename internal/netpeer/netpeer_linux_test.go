package netpeer_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"asapi/internal/netpeer"
	"asapi/internal/testserver"
	"asapi/tasks"

	"golang.org/x/sys/unix"
)

const patience = 30 * time.Second

// ends gives both ends of a new connection; the first is the server's.
func ends(t *testing.T) (server, client net.Conn) {
	t.Helper()
	l, err := netpeer.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var d net.Dialer
	if client, err = d.DialContext(t.Context(), "tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server, client
}

func peerOf(t *testing.T, c net.Conn) tasks.Peer {
	t.Helper()
	p, conn, ok := netpeer.From(netpeer.ConnContext(t.Context(), c))
	if !ok || conn != c {
		t.Fatalf("no peer: %v", conn)
	}
	return p
}

func unacked(t *testing.T, p tasks.Peer) int64 {
	t.Helper()
	n, err := p.Unacked()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func write(t *testing.T, c net.Conn, n int) {
	t.Helper()
	if _, err := c.Write(make([]byte, n)); err != nil {
		t.Fatal(err)
	}
}

func TestNothingIsUnackedOnceThePeerHasReadAll(t *testing.T) {
	server, client := ends(t)
	peer := peerOf(t, server)
	write(t, server, 1000)
	if _, err := io.ReadFull(client, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	testserver.Eventually(t, patience, func() bool { return unacked(t, peer) == 0 }, "the acknowledgement")
	if peer.Written() != 1000 || peer.Status() != tasks.PeerOpen {
		t.Errorf("written %d, status %d", peer.Written(), peer.Status())
	}
}

// fill writes until a write blocks.
func fill(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetWriteDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := c.Write(make([]byte, 1<<20)); err != nil {
			return
		}
	}
}

func TestBytesStayUnackedWhileThePeerDoesNotRead(t *testing.T) {
	server, _ := ends(t)
	peer := peerOf(t, server)
	fill(t, server)
	if n := unacked(t, peer); n == 0 || n > peer.Written() {
		t.Errorf("%d of %d bytes are unacknowledged", n, peer.Written())
	}
	if peer.Status() != tasks.PeerOpen {
		t.Errorf("status %d", peer.Status())
	}
}

func TestAPeerThatEndsWithUnreadBytesIsReset(t *testing.T) {
	server, client := ends(t)
	peer := peerOf(t, server)
	write(t, server, 1000)
	testserver.Eventually(t, patience, func() bool { return unacked(t, peer) == 0 }, "the acknowledgement")
	if err := client.Close(); err != nil { // the kernel answers unread bytes with RST
		t.Fatal(err)
	}
	testserver.Eventually(t, patience, func() bool { return peer.Status() == tasks.PeerReset }, "the reset")
}

func TestAPeerThatClosesInOrderIsClosed(t *testing.T) {
	server, client := ends(t)
	peer := peerOf(t, server)
	write(t, server, 1000)
	if _, err := io.ReadFull(client, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	testserver.Eventually(t, patience, func() bool { return peer.Status() == tasks.PeerClosed }, "the close")
	if n := unacked(t, peer); n != 0 {
		t.Errorf("%d bytes are unacknowledged", n)
	}
	write(t, server, 1) // nobody is there to take it
	testserver.Eventually(t, patience, func() bool { return peer.Status() == tasks.PeerReset }, "the reset")
}

func TestWhatWasKnownStaysKnownAfterThisSideClosed(t *testing.T) {
	server, client := ends(t)
	peer := peerOf(t, server)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	testserver.Eventually(t, patience, func() bool { return peer.Status() == tasks.PeerClosed }, "the close")
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if peer.Status() != tasks.PeerClosed || unacked(t, peer) != 0 {
		t.Errorf("status %d, unacked %d", peer.Status(), unacked(t, peer))
	}
}

func TestAPeerThatThisSideClosedOnIsNotTakenForOpen(t *testing.T) {
	server, _ := ends(t)
	peer := peerOf(t, server)
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if peer.Status() != tasks.PeerReset {
		t.Errorf("status %d", peer.Status())
	}
}

func TestAVanishedHostIsFoundAfterHalfAMinute(t *testing.T) {
	server, _ := ends(t)
	outer, ok := server.(interface{ Unwrap() net.Conn })
	if !ok {
		t.Fatal("the connection does not give its inner one")
	}
	tcp, ok := outer.Unwrap().(*net.TCPConn)
	if !ok {
		t.Fatalf("the connection is a %T", outer.Unwrap())
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var ms int
	var inner error
	if err := raw.Control(func(fd uintptr) {
		ms, inner = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT)
	}); err != nil || inner != nil {
		t.Fatal(err, inner)
	}
	if ms != 30_000 {
		t.Errorf("TCP_USER_TIMEOUT is %d ms", ms)
	}
}

func TestHandlersFindTheirPeerAndFilesAreCounted(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, secure := range []bool{false, true} {
		written := make(chan int64, 1)
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			peer, conn, ok := netpeer.From(r.Context())
			if _, isTLS := conn.(*tls.Conn); !ok || isTLS != secure {
				t.Errorf("found %v, a %T", ok, conn)
				return
			}
			before := peer.Written()
			http.ServeFile(w, r, file)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			written <- peer.Written() - before
		}))
		srv.Listener = netpeer.Wrap(srv.Listener)
		srv.Config.ConnContext = netpeer.ConnContext
		if secure {
			srv.StartTLS()
		} else {
			srv.Start()
		}
		got := get(t, srv)
		srv.Close()
		if !bytes.Equal(got, content) {
			t.Errorf("got %d bytes, want %d", len(got), len(content))
		}
		if n := <-written; n < int64(len(content)) {
			t.Errorf("TLS %v: %d bytes counted of %d", secure, n, len(content))
		}
	}
}

func get(t *testing.T, srv *httptest.Server) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestARequestOfAnotherServerHasNoPeer(t *testing.T) {
	if _, _, ok := netpeer.From(t.Context()); ok {
		t.Error("found a peer")
	}
}

func TestAConnectionThatTheKernelCannotTellAboutIsUnknown(t *testing.T) {
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	l = netpeer.Wrap(l)
	t.Cleanup(func() { _ = l.Close() })
	var d net.Dialer
	client, err := d.DialContext(t.Context(), "unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	peer := peerOf(t, server)
	if _, err := peer.Unacked(); err != tasks.ErrPeerUnknown { //nolint:errorlint // this very value is promised
		t.Errorf("got %v", err)
	}
	write(t, server, 5)
	if peer.Written() != 5 {
		t.Errorf("written %d", peer.Written())
	}
}
