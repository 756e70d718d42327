package consoletest_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
)

// staged puts handlers before the server and gives the address: they play what
// the server does not do here, such as an action of every kind of parameter.
func staged(t *testing.T, s *server, handlers map[string]http.HandlerFunc) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", proxy(t, s))
	for pattern, h := range handlers {
		mux.Handle(pattern, h)
	}
	front := httptest.NewServer(mux)
	t.Cleanup(front.Close)
	return front.URL
}

// proxy passes everything on, also answers that do not end.
func proxy(t *testing.T, s *server) http.Handler {
	t.Helper()
	to, err := url.Parse(s.url())
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
}

// prefixed is a proxy that has the server below a prefix, and gives its address.
func prefixed(t *testing.T, s *server, prefix string) string {
	t.Helper()
	front := httptest.NewServer(http.StripPrefix(prefix, proxy(t, s)))
	t.Cleanup(front.Close)
	return front.URL
}
