package tasks

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"
)

// TokenCacheTime is the longest time a known token is believed without asking
// the store: a revocation bites within it.
const TokenCacheTime = 4 * time.Second

// Desk holds the use cases. Every door makes one call to it per request; the
// rules live here and not in the doors.
type Desk struct {
	cfg DeskConfig

	guard    guard
	watchers watcherCount
	signedIn signIns

	mu     sync.Mutex
	tokens map[[32]byte]cachedCaller
}

// DeskConfig is what a Desk works with.
type DeskConfig struct {
	Catalog  *Catalog
	Store    Store
	Blobs    Blobs
	Queue    Queue
	Channel  Channel
	Sealer   Sealer
	Throttle Throttle
	Limits   DeskLimits

	Assertions      Assertions    // reads those of service accounts
	Audiences       []string      // that these may be for, besides this server's token endpoint
	AccessTokenTime time.Duration // for which access tokens last; 0: 1 hour
}

// DeskLimits are the server's defaults; a token's own limits go before them.
type DeskLimits struct {
	UploadBytes      int64   // of one file; 0: 256 MiB
	SubmitsPerSecond float64 // per client; 0: unlimited
	OpenTasks        int64   // per client; 0: 1,000,000
	Watchers         int     // per client, in this process; 0: 10,000
	Subscriptions    int64   // per client; 0: 10,000
}

type cachedCaller struct {
	caller Caller
	until  time.Time
}

// maxCachedTokens bounds the cache; past it, it starts anew.
const maxCachedTokens = 10000

// NewDesk makes a Desk.
func NewDesk(cfg DeskConfig) *Desk {
	if cfg.Limits.UploadBytes == 0 {
		cfg.Limits.UploadBytes = 256 << 20
	}
	if cfg.Limits.OpenTasks == 0 {
		cfg.Limits.OpenTasks = 1_000_000
	}
	if cfg.Limits.Watchers == 0 {
		cfg.Limits.Watchers = 10_000
	}
	if cfg.Limits.Subscriptions == 0 {
		cfg.Limits.Subscriptions = 10_000
	}
	if cfg.AccessTokenTime == 0 {
		cfg.AccessTokenTime = time.Hour
	}
	return &Desk{
		cfg: cfg, tokens: map[[32]byte]cachedCaller{},
		guard:    guard{tokens: cfg.Store, open: map[*guarded]struct{}{}},
		watchers: watcherCount{by: map[ClientID]int{}},
	}
}

// Authenticate finds the caller behind a token's secret or behind an access token,
// whatever the door that it came to. Unknown, revoked and expired ones are
// CodeUnauthorized, all with the same words.
func (d *Desk) Authenticate(ctx context.Context, secret string) (Caller, error) {
	refused := &Error{Code: CodeUnauthorized, Message: "Authentication failed: the token is missing, unknown, revoked or expired."}
	if secret == "" {
		return Caller{}, refused
	}
	hash := sha256.Sum256([]byte(secret))
	now := time.Now()
	d.mu.Lock()
	known, ok := d.tokens[hash]
	d.mu.Unlock()
	if !ok || now.After(known.until) {
		caller, err := d.callerBehind(ctx, secret, hash)
		if err != nil {
			if CodeOf(err) == CodeUnauthorized {
				return Caller{}, refused
			}
			return Caller{}, err
		}
		known = cachedCaller{caller, now.Add(TokenCacheTime)}
		d.mu.Lock()
		if len(d.tokens) >= maxCachedTokens {
			clear(d.tokens)
		}
		d.tokens[hash] = known
		d.mu.Unlock()
	}
	if !known.caller.Token.Valid(now) {
		return Caller{}, refused
	}
	return known.caller, nil
}

// Discovery is what a token may do.
type Discovery struct {
	Services []Service // with the actions this token may use
	Accounts []Account
	Protocol Protocol
	// Narrowed gives the values a token may use, by service and action slug
	// and then by parameter.
	Narrowed map[[2]string]map[string][]string
}

// Discover tells what the caller may do.
func (d *Desk) Discover(ctx context.Context, c Caller) (Discovery, error) {
	accounts, err := d.cfg.Store.Accounts(ctx, c.Client.ID)
	if err != nil {
		return Discovery{}, err
	}
	found := Discovery{Accounts: accounts, Protocol: c.Token.Protocol, Narrowed: map[[2]string]map[string][]string{}}
	for _, s := range d.cfg.Catalog.Services() {
		allowed := s
		allowed.Actions = nil
		for _, a := range s.Actions {
			if c.Token.May(s.Slug, a.Slug) {
				allowed.Actions = append(allowed.Actions, a)
				found.Narrowed[[2]string{s.Slug, a.Slug}] = c.Token.Narrowed(s.Slug, a.Slug)
			}
		}
		if len(allowed.Actions) > 0 {
			found.Services = append(found.Services, allowed)
		}
	}
	return found, nil
}
