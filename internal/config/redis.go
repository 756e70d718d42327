package config

import (
	"crypto/tls"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// RedisMode says how the Redis servers belong together.
type RedisMode int

// The modes of Redis.
const (
	RedisSingle   RedisMode = iota // one server
	RedisSentinel                  // a master that sentinels know
	RedisCluster                   // a cluster
)

// Redis is a parsed REDIS_URL, in terms that every client library has.
type Redis struct {
	Mode       RedisMode
	Network    string   // tcp, or unix for a socket of a single server
	Addrs      []string // host:port: the server, the sentinels, or nodes of the cluster; or the socket's path
	MasterName string   // with sentinels
	Username   string
	Password   string
	// What the sentinels ask for, which is not what the servers ask for.
	SentinelUsername string
	SentinelPassword string
	DB               int         // 0 in a cluster
	TLS              *tls.Config // nil: not encrypted
}

const redisForms = "redis://host:6379/0, rediss://host:6379/0, unix:///path/to/socket, " +
	"redis+sentinel://host:26379,host:26379/master?db=0 or redis+cluster://host:6379,host:6379"

// redisParams are the parameters that each mode knows.
var redisParams = map[RedisMode][]string{
	RedisSingle:   {"db", "skip_verify"},
	RedisSentinel: {"db", "skip_verify", "sentinel_username", "sentinel_password"},
	RedisCluster:  {"skip_verify"},
}

// ParseRedis reads REDIS_URL:
//
//	redis://[user:password@]host[:6379][/db]
//	unix://[user:password@]/path/to/socket[?db=0]
//	redis+sentinel://[user:password@]host[:26379],.../master[?db=0]
//	redis+cluster://[user:password@]host[:6379],...
//
// With rediss in place of redis the connection is encrypted; skip_verify=true then
// takes any certificate, for hosts that sign their own. User and password are the
// servers'; sentinels that ask for some get sentinel_username and
// sentinel_password from the parameters.
func ParseRedis(s string) (Redis, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Redis{}, invalidRedis("is not set; write it as " + redisForms + ".")
	}
	p, err := splitURL(s)
	if err != nil {
		return Redis{}, invalidRedis("is not like " + redisForms + ": " + err.Error() + ".")
	}
	r := Redis{Network: "tcp", Username: p.username, Password: p.password, SentinelUsername: p.query.Get("sentinel_username"), SentinelPassword: p.query.Get("sentinel_password")}
	base, encrypted := p.scheme, false
	if rest, ok := strings.CutPrefix(p.scheme, "rediss"); ok {
		base, encrypted = "redis"+rest, true
	}
	switch base {
	case "redis":
		err = r.single(p)
	case "unix":
		err = r.socket(p)
	case "redis+sentinel":
		err = r.sentinel(p)
	case "redis+cluster":
		err = r.cluster(p)
	default:
		err = invalidRedis("begins with something else than " + redisForms + ".")
	}
	if err != nil {
		return Redis{}, err
	}
	for name := range p.query {
		if !slices.Contains(redisParams[r.Mode], name) {
			return Redis{}, invalidRedis("has a parameter that is none of " + strings.Join(redisParams[r.Mode], ", ") + ".")
		}
	}
	return r, r.encrypt(encrypted, p)
}

func invalidRedis(rest string) error { return invalid("REDIS_URL", rest) }

func (r *Redis) single(p parts) error {
	if len(p.hosts) > 1 {
		return invalidRedis("names several hosts; write redis+sentinel:// or redis+cluster:// for them.")
	}
	if len(p.hosts) == 0 {
		return invalidRedis("names no host.")
	}
	var err error
	if r.Addrs, err = addrs(p.hosts, "6379"); err != nil {
		return err
	}
	db := strings.Trim(p.path, "/")
	if db != "" && p.query.Has("db") {
		return invalidRedis("names the database twice, after / and as db.")
	}
	return r.database(db + p.query.Get("db"))
}

func (r *Redis) socket(p parts) error {
	if len(p.hosts) > 0 || p.path == "" {
		return invalidRedis("names no socket; write it as unix:///path/to/socket.")
	}
	r.Network, r.Addrs = "unix", []string{"/" + p.path}
	return r.database(p.query.Get("db"))
}

func (r *Redis) sentinel(p parts) error {
	r.Mode, r.MasterName = RedisSentinel, strings.Trim(p.path, "/")
	if r.MasterName == "" || strings.Contains(r.MasterName, "/") {
		return invalidRedis("names no master; write it as redis+sentinel://host:26379,host:26379/master?db=0.")
	}
	if len(p.hosts) == 0 {
		return invalidRedis("names no sentinel.")
	}
	var err error
	if r.Addrs, err = addrs(p.hosts, "26379"); err != nil {
		return err
	}
	return r.database(p.query.Get("db"))
}

func (r *Redis) cluster(p parts) error {
	r.Mode = RedisCluster
	if len(p.hosts) == 0 {
		return invalidRedis("names no node of the cluster.")
	}
	if db := strings.Trim(p.path, "/"); db != "" && db != "0" {
		return invalidRedis("names a database, but a cluster has only 0.")
	}
	var err error
	r.Addrs, err = addrs(p.hosts, "6379")
	return err
}

func (r *Redis) database(s string) error {
	if s == "" {
		return nil
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return invalidRedis("names a database that is no number.")
	}
	r.DB = int(n)
	return nil
}

func (r *Redis) encrypt(encrypted bool, p parts) error {
	skip, err := strconv.ParseBool(paramOr(p.query, "skip_verify", "false"))
	if err != nil {
		return invalidRedis("has a skip_verify that is neither true nor false.")
	}
	if skip && !encrypted {
		return invalidRedis("has skip_verify, which is for rediss:// only.")
	}
	if encrypted {
		r.TLS = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: skip} //nolint:gosec // only where the operator asks for it
		if r.Mode == RedisSingle {
			r.TLS.ServerName, _, _ = net.SplitHostPort(r.Addrs[0]) // addrs joined it
		}
	}
	return nil
}

func paramOr(q url.Values, name, otherwise string) string {
	if v := q.Get(name); v != "" {
		return v
	}
	return otherwise
}

// addrs completes hosts with the port that they leave out.
func addrs(hosts []string, port string) ([]string, error) {
	all := make([]string, len(hosts))
	for i, h := range hosts {
		name, own, err := net.SplitHostPort(h)
		if err != nil { // no port
			name, own = strings.TrimSuffix(strings.TrimPrefix(h, "["), "]"), port
		}
		if name == "" || own == "" || strings.ContainsAny(name, "[]@/") || (err != nil && strings.Contains(name, ":") && !strings.HasPrefix(h, "[")) {
			return nil, invalidRedis("names a host that is not like host:" + port + ".")
		}
		all[i] = net.JoinHostPort(name, own)
	}
	return all, nil
}

// connections is how many connections one process may have to Redis: its runs
// and its requests must not wait for each other.
const connections = 64

// Options gives what go-redis needs to connect; the caller adds its own settings.
// A server that is down is told at once, and a caller's deadline holds: Redis is
// only fast here, and nobody should wait for it.
func (r Redis) Options() *redis.UniversalOptions {
	return &redis.UniversalOptions{
		ContextTimeoutEnabled: true, DialTimeout: 2 * time.Second, DialerRetries: 1, PoolSize: connections,
		Addrs: slices.Clone(r.Addrs), DB: r.DB, Username: r.Username, Password: r.Password,
		MasterName: r.MasterName, SentinelUsername: r.SentinelUsername, SentinelPassword: r.SentinelPassword,
		IsClusterMode: r.Mode == RedisCluster, TLSConfig: r.TLS,
	}
}

// Client makes a client. It does not connect yet; the caller closes it.
func (r Redis) Client() redis.UniversalClient { return redis.NewUniversalClient(r.Options()) }
