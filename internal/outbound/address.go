package outbound

import (
	"errors"
	"fmt"
	"net/netip"
)

// ErrForbidden says that an address is not public.
var ErrForbidden = errors.New("the address is not a public one")

// Of IPv4 all is public but what the IANA special-purpose registry (RFC 6890 and
// its successors) reserves, multicast and class E.
var forbidden4 = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // shared with a carrier's customers (CGNAT)
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, with the metadata of clouds
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, and broadcast
	// A service of Azure's host machine that looks public.
	"168.63.129.16/32",
)

// Of IPv6 only the global unicast space is public, without these parts of it.
var (
	global6    = netip.MustParsePrefix("2000::/3")
	forbidden6 = prefixes(
		"2001::/23",     // protocol assignments, with Teredo
		"2001:db8::/32", // documentation
		"2002::/16",     // 6to4: an IPv4 address inside
		"3fff::/20",     // documentation
	)
	// An IPv4 address stands in the last four bytes (RFC 6052).
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// CheckPublic gives ErrForbidden for an address that is not on the public
// internet: private, loopback, link-local, shared, multicast, unspecified or
// reserved, also where it is written as an IPv6 address.
func CheckPublic(a netip.Addr) error {
	a = a.WithZone("").Unmap()
	if a.Is6() && nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	list := forbidden4
	if a.Is6() {
		list = forbidden6
	}
	bad := !a.IsValid() || a.Is6() && !global6.Contains(a)
	for _, p := range list {
		bad = bad || p.Contains(a)
	}
	if bad {
		return fmt.Errorf("%w: %s", ErrForbidden, a)
	}
	return nil
}
