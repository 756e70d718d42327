package outbound_test

import (
	"net"
	"testing"
	"time"

	"asapi/internal/outbound"
)

// socket listens for datagrams on loopback.
func socket(t *testing.T) net.PacketConn {
	t.Helper()
	var lc net.ListenConfig
	conn, err := lc.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second)) // a test that waits longer fails
	return conn
}

func TestDatagramsGoToOneHostAndPortAndComeFromThereOnly(t *testing.T) {
	mine, other := socket(t), socket(t)
	way, err := outbound.ToDatagrams(outbound.Config{}, mine.LocalAddr().String(), 0)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := way.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	n, from, err := mine.ReadFrom(buf)
	if err != nil || string(buf[:n]) != "hello" || from.String() != conn.LocalAddr().String() {
		t.Fatalf("received %q from %v: %v", buf[:n], from, err)
	}
	for _, say := range []struct {
		from net.PacketConn
		text string
	}{{other, "from elsewhere"}, {mine, "from there"}} {
		if _, err := say.from.WriteTo([]byte(say.text), from); err != nil {
			t.Fatal(err)
		}
	}
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if n, err := conn.Read(buf); err != nil || string(buf[:n]) != "from there" {
		t.Errorf("read %q: %v", buf[:n], err)
	}
	_ = conn.Close()
	again, err := way.Dial(t.Context())
	if err != nil || again.LocalAddr().String() != conn.LocalAddr().String() {
		t.Errorf("the second socket: %v, %v", again, err)
	} else {
		_ = again.Close()
	}
	for _, wrong := range []string{"", "host", "host:", ":9000", "host:0", "host:70000", "udp://host:9000"} {
		if _, err := outbound.ToDatagrams(outbound.Config{}, wrong, 0); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
	if _, err := outbound.ToDatagrams(outbound.Config{}, "host:9000", 70000); err == nil {
		t.Error("a local port that is none was taken")
	}
}
