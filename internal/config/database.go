package config

import (
	"net/url"
	"strings"
)

// Dialect is a kind of database.
type Dialect string

// The databases there are.
const (
	Postgres Dialect = "postgres"
	SQLite   Dialect = "sqlite"
)

// Database is a parsed DATABASE_URL.
type Database struct {
	Dialect Dialect
	URL     string // of a PostgreSQL, as it was given
	Path    string // of an SQLite file
}

// ParseDatabase reads DATABASE_URL: postgres://user:password@host:5432/name, with
// the parameters and the lists of hosts that PostgreSQL's own clients take, or
// sqlite:path.
func ParseDatabase(s string) (Database, error) {
	const variable = "DATABASE_URL"
	s = strings.TrimSpace(s)
	scheme, rest, ok := strings.Cut(s, ":")
	switch {
	case s == "":
		return Database{}, invalid(variable, "is not set; write it as postgres://user:password@host/name.")
	case ok && scheme == "sqlite":
		path := strings.TrimPrefix(rest, "//")
		if path == "" || strings.ContainsAny(path, "?#\x00") {
			return Database{}, invalid(variable, "names no file; write it as sqlite:path, without ? and #.")
		}
		return Database{Dialect: SQLite, Path: path}, nil
	case ok && (scheme == "postgres" || scheme == "postgresql"):
		if _, err := splitURL(s); err != nil {
			return Database{}, invalid(variable, "is not like postgres://user:password@host:5432/name: "+err.Error()+".")
		}
		return Database{Dialect: Postgres, URL: s}, nil
	}
	return Database{}, invalid(variable, "begins with neither postgres:// nor sqlite:.")
}

// parts are those of a URL that may name several hosts, which net/url refuses.
type parts struct {
	scheme   string
	username string
	password string
	hosts    []string // as written, without empty ones; none: the list is empty
	path     string   // after the slash, decoded
	query    url.Values
}

// splitError says, as the end of a sentence, what is wrong with a URL.
type splitError string

func (e splitError) Error() string { return string(e) }

func splitURL(s string) (parts, error) {
	var p parts
	var rest string
	var ok bool
	if p.scheme, rest, ok = strings.Cut(s, "://"); !ok {
		return p, splitError("it has no ://")
	}
	rest, query, _ := strings.Cut(rest, "?")
	var err error
	if p.query, err = url.ParseQuery(query); err != nil {
		return p, splitError("what follows its ? is not like a=b&c=d")
	}
	// The last @ ends the password; a slash before it belongs to that.
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, password, _ := strings.Cut(rest[:at], ":")
		rest = rest[at+1:]
		var errPassword error
		p.username, err = url.PathUnescape(user)
		p.password, errPassword = url.PathUnescape(password)
		if err != nil || errPassword != nil {
			return p, splitError("write a % in its user or password as %25")
		}
	}
	hosts, path, _ := strings.Cut(rest, "/")
	if p.path, err = url.PathUnescape(path); err != nil {
		return p, splitError("write a % in its path as %25")
	}
	for host := range strings.SplitSeq(hosts, ",") {
		if host == "" {
			continue
		}
		if strings.ContainsAny(host, " \t\r\n#\\") {
			return p, splitError("a host has characters that hosts have not")
		}
		if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') && !validPort(host[i+1:]) {
			return p, splitError("a port is not a number from 0 to 65535")
		}
		p.hosts = append(p.hosts, host)
	}
	return p, nil
}
