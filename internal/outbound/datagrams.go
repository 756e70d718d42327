package outbound

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
)

// Datagrams reaches one host and port by UDP.
type Datagrams struct {
	address  string
	resolver *net.Resolver

	mu   sync.Mutex
	port int // the local one; 0: the system gives one
}

// ToDatagrams makes a way to one host and port (host:port), whatever its network: it is
// the operator who names it. Datagrams leave from the local port; 0: from one that the
// system gives the first time, and then always that.
func ToDatagrams(cfg Config, address string, port int) (*Datagrams, error) {
	host, to, err := net.SplitHostPort(address)
	n, numberErr := strconv.Atoi(to)
	if err != nil || numberErr != nil || host == "" || n < 1 || n > 65535 {
		return nil, fmt.Errorf("%q is no address of a host and a port, such as host:9000", address)
	}
	if port < 0 || port > 65535 {
		return nil, fmt.Errorf("%d is no number of a port", port)
	}
	return &Datagrams{address: address, resolver: cfg.Resolver, port: port}, nil
}

// Dial opens a socket that is connected to the host and port: the system refuses to send
// anything elsewhere with it, and drops what comes from elsewhere. One socket at a time
// can have the local port.
func (d *Datagrams) Dial(ctx context.Context) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	dialer := &net.Dialer{Resolver: d.resolver, LocalAddr: &net.UDPAddr{Port: d.port}}
	conn, err := dialer.DialContext(ctx, "udp", d.address)
	if err != nil {
		return nil, err
	}
	if local, ok := conn.LocalAddr().(*net.UDPAddr); ok {
		d.port = local.Port
	}
	return conn, nil
}
