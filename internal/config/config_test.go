package config_test

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"

	"asapi/internal/config"
	"asapi/internal/testserver"
	"asapi/tasks"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/redis/go-redis/v9"
)

var withoutTLSInside = cmpopts.IgnoreUnexported(tls.Config{})

// names checks that err is one sentence that begins with the variable's name.
func names(t *testing.T, err error, variable, value string) {
	t.Helper()
	var told *tasks.Error
	if !errors.As(err, &told) || told.Field != variable || told.Code != tasks.CodeInvalid ||
		!strings.HasPrefix(told.Message, variable+" ") || !strings.HasSuffix(told.Message, ".") {
		t.Errorf("%q: %v", value, err)
		return
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%q: the password is repeated: %v", value, err)
	}
}

func TestDatabaseURLs(t *testing.T) {
	for url, want := range map[string]config.Database{
		"postgres://u:p@h:5432/db?sslmode=require": {Dialect: config.Postgres, URL: "postgres://u:p@h:5432/db?sslmode=require"},
		"postgresql://h/db":                        {Dialect: config.Postgres, URL: "postgresql://h/db"},
		" postgres:///db?host=/var/run \n":         {Dialect: config.Postgres, URL: "postgres:///db?host=/var/run"},
		"postgres://h1:1,h2:2/db":                  {Dialect: config.Postgres, URL: "postgres://h1:1,h2:2/db"},
		"sqlite:data/asapi.db":                     {Dialect: config.SQLite, Path: "data/asapi.db"},
		"sqlite:/var/lib/asapi.db":                 {Dialect: config.SQLite, Path: "/var/lib/asapi.db"},
		"sqlite:///var/lib/asapi.db":               {Dialect: config.SQLite, Path: "/var/lib/asapi.db"},
	} {
		got, err := config.ParseDatabase(url)
		if err != nil {
			t.Errorf("%q: %v", url, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", url, diff)
		}
	}
	for _, url := range []string{
		"", "mysql://u:hunter2@h/db", "postgres:h", "sqlite:", "sqlite://", "sqlite:a?mode=ro", "/var/lib/asapi.db",
		"postgres://u:hunter2@h:port/db", "postgres://u:hunter2%@h/db", "postgres://u:hunter2@h/%zz",
	} {
		_, err := config.ParseDatabase(url)
		names(t, err, "DATABASE_URL", url)
	}
}

func TestRedisURLs(t *testing.T) {
	encrypted := func(server string, skip bool) *tls.Config {
		return &tls.Config{MinVersion: tls.VersionTLS12, ServerName: server, InsecureSkipVerify: skip}
	}
	for url, want := range map[string]config.Redis{
		"redis://h":               {Addrs: []string{"h:6379"}},
		"redis://127.0.0.1:1/3":   {Addrs: []string{"127.0.0.1:1"}, DB: 3},
		"redis://:p%40:s@h/?db=2": {Addrs: []string{"h:6379"}, Password: "p@:s", DB: 2},
		"redis://u:a/b@h:1":       {Addrs: []string{"h:1"}, Username: "u", Password: "a/b"},
		"redis://[::1]:7":         {Addrs: []string{"[::1]:7"}},
		"redis://[::1]":           {Addrs: []string{"[::1]:6379"}},
		"rediss://u:p@h:1/0":      {Addrs: []string{"h:1"}, Username: "u", Password: "p", TLS: encrypted("h", false)},
		"rediss://h?skip_verify=true": {
			Addrs: []string{"h:6379"}, TLS: encrypted("h", true),
		},
		"unix:///run/redis.sock":          {Network: "unix", Addrs: []string{"/run/redis.sock"}},
		"unix://u:p@/run/redis.sock?db=5": {Network: "unix", Addrs: []string{"/run/redis.sock"}, Username: "u", Password: "p", DB: 5},
		"redis+sentinel://:p@h1:26379,h2/m": {
			Mode: config.RedisSentinel, Addrs: []string{"h1:26379", "h2:26379"}, MasterName: "m", Password: "p",
		},
		"rediss+sentinel://h1:1/m?db=4&sentinel_username=a&sentinel_password=b": {
			Mode: config.RedisSentinel, Addrs: []string{"h1:1"}, MasterName: "m", DB: 4,
			SentinelUsername: "a", SentinelPassword: "b", TLS: encrypted("", false),
		},
		"redis+cluster://u:p@h1:6379,h2:6380,[::1]": {
			Mode: config.RedisCluster, Addrs: []string{"h1:6379", "h2:6380", "[::1]:6379"}, Username: "u", Password: "p",
		},
		"rediss+cluster://h/0": {Mode: config.RedisCluster, Addrs: []string{"h:6379"}, TLS: encrypted("", false)},
	} {
		if want.Network == "" {
			want.Network = "tcp"
		}
		got, err := config.ParseRedis(url)
		if err != nil {
			t.Errorf("%q: %v", url, err)
		}
		if diff := cmp.Diff(want, got, withoutTLSInside); diff != "" {
			t.Errorf("%q: %s", url, diff)
		}
	}
	for _, url := range []string{
		"", "localhost:6379", "http://h", "redis://", "redis://:hunter2@", "redis://h1,h2", "redis://h:x", "redis://h:70000", "redis://h/x",
		"redis://h/1?db=2", "redis://h/-1", "redis://::1", "redis://h?dbb=1", "redis://h?a=%zz", "redis://h?skip_verify=true", "rediss://h?skip_verify=hunter2",
		"unix://h/run/s", "unix://", "redis+sentinel://h1,h2", "redis+sentinel:///m", "redis+sentinel://h/a/b", "redis+cluster://", "redis+cluster://h/1",
		"redis+cluster://h?db=1", "rediss+unix:///s", "redis://u:hunter2%@h", "redis://h ost", "redis://h:",
	} {
		_, err := config.ParseRedis(url)
		names(t, err, "REDIS_URL", url)
	}
}

func TestEachModeOfRedisGetsItsClient(t *testing.T) {
	for url, want := range map[string]string{
		"redis://h": "single", "redis+cluster://h": "cluster", "redis+sentinel://h/m": "single", "unix:///s": "single",
	} {
		r, err := config.ParseRedis(url)
		if err != nil {
			t.Fatal(err)
		}
		c := r.Client()
		got := "single"
		if _, ok := c.(*redis.ClusterClient); ok {
			got = "cluster"
		}
		if got != want {
			t.Errorf("%s gives a %T", url, c)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheClientReachesARealRedis(t *testing.T) {
	r, err := config.ParseRedis(testserver.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	c := r.Client()
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestPublicAddresses(t *testing.T) {
	for url, want := range map[string]config.Base{
		"https://asapi.example.com": {Protocol: "https", Host: "asapi.example.com"},
		"http://127.0.0.1:8080/":    {Protocol: "http", Host: "127.0.0.1:8080"},
		" HTTPS://[::1]:8443 ":      {Protocol: "https", Host: "[::1]:8443"},
		"http://localhost:8080":     {Protocol: "http", Host: "localhost:8080"},
	} {
		got, err := config.ParseBase("STREAM_URL", url)
		if err != nil {
			t.Errorf("%q: %v", url, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", url, diff)
		}
	}
	for _, url := range []string{
		"", "asapi.example.com", "ftp://h", "https://", "https://h/path", "https://u:hunter2@h", "https://h?a=b", "https://h:x", "https://h:", "https://h#f", "https://:80", "://",
	} {
		_, err := config.ParseBase("STREAM_URL", url)
		names(t, err, "STREAM_URL", url)
	}
	if s := (config.Base{Protocol: "https", Host: "h:1"}).String(); s != "https://h:1" {
		t.Error(s)
	}
}

func TestListenOrPort(t *testing.T) {
	for _, c := range []struct{ listen, port, want, wrong string }{
		{listen: "127.0.0.1:8080", want: "127.0.0.1:8080"},
		{listen: ":8080", port: "9", want: ":8080"},
		{listen: "[::1]:0", want: "[::1]:0"},
		{port: "5000", want: ":5000"},
		{wrong: "LISTEN"},
		{listen: "8080", wrong: "LISTEN"},
		{listen: "h:", wrong: "LISTEN"},
		{listen: "h:http", wrong: "LISTEN"},
		{port: "http", wrong: "PORT"},
		{port: "65536", wrong: "PORT"},
	} {
		got, err := config.ParseListen(c.listen, c.port)
		if c.wrong != "" {
			names(t, err, c.wrong, c.listen+c.port)
		} else if err != nil || got != c.want {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

func FuzzRedisURLsAreUnderstoodOrRefused(f *testing.F) {
	for _, s := range []string{"redis://u:p@h:1/2", "rediss+sentinel://:p@a,b:2/m?db=1", "redis+cluster://[::1],b", "unix:///s?db=1", "redis://h?skip_verify=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := config.ParseRedis(s)
		if err != nil {
			var told *tasks.Error
			if !errors.As(err, &told) || told.Field != "REDIS_URL" {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if len(r.Addrs) == 0 || (r.Mode == config.RedisSentinel) != (r.MasterName != "") {
			t.Errorf("%q gives %+v", s, r)
		}
		for _, a := range r.Addrs {
			if host, port, err := net.SplitHostPort(a); r.Network == "tcp" && (err != nil || host == "" || port == "") {
				t.Errorf("%q gives the address %q", s, a)
			}
		}
	})
}

func FuzzDatabaseURLsAreUnderstoodOrRefused(f *testing.F) {
	f.Add("postgres://u:p@h:1,h2/db?a=b")
	f.Add("sqlite:x")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := config.ParseDatabase(s)
		if err == nil && (d.Dialect == config.SQLite) != (d.Path != "") {
			t.Errorf("%q gives %+v", s, d)
		}
	})
}
