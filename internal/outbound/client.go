package outbound

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// Config says what a client may do.
type Config struct {
	// AllowPrivate allows every address.
	AllowPrivate bool
	// Timeout bounds a request with its answer; 0: 10 s.
	Timeout time.Duration
	// Resolver resolves names; nil: the machine's.
	Resolver *net.Resolver
	// RootCAs are trusted; nil: the machine's.
	RootCAs *x509.CertPool
}

// New makes a client. It takes no proxy from the environment: behind one, the
// address that is connected to would be the proxy's and the check would mean
// nothing. A redirect is the answer and is not followed.
func New(cfg Config) *http.Client {
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	dialer := &net.Dialer{Timeout: cfg.Timeout, Resolver: cfg.Resolver, Control: checkDial}
	if cfg.AllowPrivate {
		dialer.Control = nil
	}
	return &http.Client{
		Timeout:       cfg.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: cfg.RootCAs, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // what is read is what was sent
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConns:           64,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        time.Minute,
		},
	}
}

// checkDial sees the address itself, after every look-up and just before the
// connection is made: a name cannot mean another address by then.
func checkDial(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForbidden, err)
	}
	return CheckPublic(at.Addr())
}
