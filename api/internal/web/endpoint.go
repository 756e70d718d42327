package web

import (
	"net/http"
	"net/url"
	"strings"

	"asapi/tasks"
)

// Endpoint is where something is reached from outside, as discovery tells it.
type Endpoint struct {
	Protocol string `json:"protocol"`
	Host     string `json:"host"` // with the port when there is one
	URI      string `json:"uri"`
}

// String gives the whole URL.
func (e Endpoint) String() string { return e.Protocol + "://" + e.Host + e.URI }

// Base is a configured public base URL; nil: not configured.
type Base struct{ protocol, host, path string }

// ParseBase reads a public base URL such as https://asapi.example.com; the empty
// string gives nil.
func ParseBase(name, s string) (*Base, error) {
	if s == "" {
		return nil, nil //nolint:nilnil // a Base that is not configured is nil by contract
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, &tasks.Error{Code: tasks.CodeInvalid, Field: name, Message: name + " must be a URL such as https://asapi.example.com, without a query."}
	}
	return &Base{u.Scheme, u.Host, strings.TrimSuffix(u.Path, "/")}, nil
}

// Endpoint gives the endpoint of a path below the base. Without a configured
// base it is the host that the request itself came to.
func (b *Base) Endpoint(r *http.Request, path string) Endpoint {
	if b != nil {
		return Endpoint{b.protocol, b.host, b.path + path}
	}
	protocol := "http"
	if r.TLS != nil {
		protocol = "https"
	}
	return Endpoint{protocol, r.Host, path}
}
