package outbound

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// ErrHost says that a request was meant for a host that is not among the configured.
var ErrHost = errors.New("the host is not one of those that are configured")

// To makes a client for the hosts of some addresses only, whatever their network: it
// is the operator who names them. A redirect is the answer and is not followed, and no
// proxy is taken from the environment.
func To(cfg Config, addresses ...string) (*http.Client, error) {
	cfg.AllowPrivate = true
	client := New(cfg)
	only := &onlyHosts{inner: client.Transport, hosts: map[string]bool{}}
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("%q is no address of a host", address)
		}
		only.hosts[u.Scheme+"://"+u.Host] = true
	}
	client.Transport = only
	return client, nil
}

// onlyHosts refuses requests to other hosts before a name is looked up.
type onlyHosts struct {
	inner http.RoundTripper
	hosts map[string]bool
}

// RoundTrip implements http.RoundTripper.
func (o *onlyHosts) RoundTrip(r *http.Request) (*http.Response, error) {
	if !o.hosts[r.URL.Scheme+"://"+r.URL.Host] {
		return nil, fmt.Errorf("%w: %s", ErrHost, r.URL.Host)
	}
	return o.inner.RoundTrip(r)
}
