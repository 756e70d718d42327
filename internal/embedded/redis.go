package embedded

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// clockStep is how often the time of the in-process Redis moves. It bounds by how
// much a key may outlive its time to live.
const clockStep = 50 * time.Millisecond

// Redis is an in-process Redis on a free loopback port. It keeps nothing beyond
// the process.
type Redis struct {
	server *miniredis.Miniredis
	secret string
}

// StartRedis starts one; Close ends it.
func StartRedis() (*Redis, error) {
	server := miniredis.NewMiniRedis()
	// Other users of the machine can reach the port, so it asks for a password.
	secret := rand.Text()
	server.RequireAuth(secret)
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("start the in-process Redis: %w", err)
	}
	return &Redis{server: server, secret: secret}, nil
}

// URL gives the address with its password, in the form that REDIS_URL takes.
func (r *Redis) URL() string {
	u := url.URL{Scheme: "redis", User: url.UserPassword("", r.secret), Host: r.server.Addr(), Path: "/0"}
	return u.String()
}

// Run moves the clock by which keys expire until ctx ends: miniredis leaves its
// times to live where they are unless it is told that time has passed.
func (r *Redis) Run(ctx context.Context) error {
	ticker := time.NewTicker(clockStep)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			r.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

// Close ends the server and its connections.
func (r *Redis) Close() { r.server.Close() }
