package outbound_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"asapi/internal/outbound"
)

func TestOnlyPublicAddressesAreAllowed(t *testing.T) {
	for address, public := range map[string]bool{
		"8.8.8.8": true, "93.184.216.34": true, "100.63.255.255": true, "100.128.0.1": true, "172.15.0.1": true, "172.32.0.1": true, "223.255.255.255": true,
		"2606:4700:4700::1111": true, "2a00:1450::1": true, "64:ff9b::808:808": true, "::ffff:8.8.8.8": true,

		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "100.127.255.255": false, "127.0.0.1": false, "127.255.0.9": false,
		"169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "192.0.0.8": false, "192.0.2.1": false,
		"198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false, "224.0.0.1": false, "239.1.2.3": false, "240.0.0.1": false,
		"255.255.255.255": false, "168.63.129.16": false,
		"::": false, "::1": false, "::7f00:1": false, "::ffff:127.0.0.1": false, "::ffff:10.1.2.3": false, "::ffff:169.254.169.254": false, "::ffff:100.64.0.1": false,
		"fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "fc00::1": false, "fd00:ec2::254": false, "ff02::1": false, "ff0e::1": false,
		"2001:db8::1": false, "2001::1": false, "2002:7f00:1::": false, "64:ff9b::7f00:1": false, "64:ff9b::a00:1": false, "64:ff9b:1::1": false,
		"100::1": false, "3fff::1": false, "4000::1": false,
	} {
		if err := outbound.CheckPublic(netip.MustParseAddr(address)); (err == nil) != public || err != nil && !errors.Is(err, outbound.ErrForbidden) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if outbound.CheckPublic(netip.Addr{}) == nil {
		t.Error("no address at all is public")
	}
}

// server counts the requests it gets.
func server(t *testing.T, answer http.HandlerFunc) (url, port string, hits *atomic.Int64) {
	t.Helper()
	hits = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return s.URL, port, hits
}

func get(t *testing.T, client *http.Client, url string) (int, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

func TestAPrivateAddressIsReachedOnlyWhereItIsAllowed(t *testing.T) {
	url, port, hits := server(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	// The environment's proxy would connect for us, past the check.
	t.Setenv("HTTP_PROXY", url)
	t.Setenv("http_proxy", url)
	client := outbound.New(outbound.Config{})
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f000001", "127.1"} {
		if _, err := get(t, client, "http://"+host+":"+port+"/"); err == nil {
			t.Errorf("%s was reached", host)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("the private server had %d requests", hits.Load())
	}
	if status, err := get(t, outbound.New(outbound.Config{AllowPrivate: true}), url); err != nil || status != http.StatusNoContent {
		t.Errorf("where it is allowed: %d, %v", status, err)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	inner, _, hits := server(t, func(http.ResponseWriter, *http.Request) {})
	url, _, _ := server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner, http.StatusTemporaryRedirect) })
	status, err := get(t, outbound.New(outbound.Config{AllowPrivate: true}), url)
	if err != nil || status != http.StatusTemporaryRedirect || hits.Load() != 0 {
		t.Errorf("got %d, %v; the target had %d requests", status, err, hits.Load())
	}
}

func TestANameThatResolvesToAPrivateAddressIsRefused(t *testing.T) {
	_, port, hits := server(t, func(http.ResponseWriter, *http.Request) {})
	// A first look-up, such as that of a check before the request, gets a public
	// address; what the connection is made to is another one.
	resolver, asked := rebinding(t, netip.MustParseAddr("93.184.216.34"), netip.MustParseAddr("127.0.0.1"))
	first, err := resolver.LookupNetIP(t.Context(), "ip4", "rebind.example.")
	if err != nil || len(first) != 1 || outbound.CheckPublic(first[0]) != nil {
		t.Fatalf("the first answer: %v, %v", first, err)
	}
	_, err = get(t, outbound.New(outbound.Config{Resolver: resolver}), "http://rebind.example.:"+port+"/")
	if !errors.Is(err, outbound.ErrForbidden) || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("the second answer: %v", err)
	}
	if hits.Load() != 0 || asked.Load() < 2 {
		t.Errorf("the private server had %d requests after %d look-ups", hits.Load(), asked.Load())
	}
}

// rebinding gives a resolver whose server answers with first, and then with
// another address. It counts the look-ups.
func rebinding(t *testing.T, first, then netip.Addr) (*net.Resolver, *atomic.Int64) {
	t.Helper()
	asked := new(atomic.Int64)
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = conn.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				a := then
				if asked.Add(1) == 1 {
					a = first
				}
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: a.As4()},
				}}
			}
			if b, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(b, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}, asked
}
