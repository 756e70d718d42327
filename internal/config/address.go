package config

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Base is where clients reach a door, as discovery tells them: they put protocol,
// host and path together.
type Base struct {
	Protocol string // http or https
	Host     string // with its port, where it has one
}

// String gives the base without a slash at its end.
func (b Base) String() string { return b.Protocol + "://" + b.Host }

// ParseBase reads PUBLIC_URL, STREAM_URL or STORE_URL, whose name is for errors.
func ParseBase(variable, s string) (Base, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Base{}, invalid(variable, "is not set; write it as https://asapi.example.com.")
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || !validPort(u.Port()) || strings.HasSuffix(u.Host, ":") {
		return Base{}, invalid(variable, "is not an address such as https://asapi.example.com.")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return Base{}, invalid(variable, "begins with neither http:// nor https://.")
	}
	if u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return Base{}, invalid(variable, "has more than protocol and host; write it as https://asapi.example.com.")
	}
	return Base{Protocol: u.Scheme, Host: u.Host}, nil
}

// ParseListen gives the address to listen on: LISTEN, or every interface on PORT,
// which hosts of Procfiles set. One of them must be there.
func ParseListen(listen, port string) (string, error) {
	listen, port = strings.TrimSpace(listen), strings.TrimSpace(port)
	if listen != "" {
		_, p, err := net.SplitHostPort(listen)
		if err != nil || p == "" || !validPort(p) {
			return "", invalid("LISTEN", "is not an address such as 127.0.0.1:8080 or :8080.")
		}
		return listen, nil
	}
	if port == "" {
		return "", invalid("LISTEN", "is not set, and neither is PORT; write it as 127.0.0.1:8080 or :8080.")
	}
	if !validPort(port) {
		return "", invalid("PORT", "is not a number from 0 to 65535.")
	}
	return ":" + port, nil
}

// validPort takes the empty port for the protocol's own.
func validPort(s string) bool {
	if s == "" {
		return true
	}
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}
