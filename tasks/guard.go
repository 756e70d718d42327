package tasks

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// ErrTokenEnded ends what is open with a token that was revoked or expired.
var ErrTokenEnded = &Error{Code: CodeUnauthorized, Message: "The token was revoked or has expired."}

// guard ends what is open for long when its token may not be used any more. One
// goroutine looks after all of them with one query a round; it lives while
// something is open.
type guard struct {
	tokens IdentityStore

	mu      sync.Mutex
	open    map[*guarded]struct{}
	running bool
}

// guarded is what a token has open.
type guarded struct {
	token string
	end   context.CancelCauseFunc
}

// Hold gives the context of what a caller has open for longer than a moment: it
// ends with the cause ErrTokenEnded as soon as the token expires, and within
// TokenCacheTime after it was revoked. release ends it in any case and must be
// called.
func (d *Desk) Hold(ctx context.Context, c Caller) (held context.Context, release func()) {
	held, one, forget := d.guard.hold(ctx, c.Token.ID, c.Token.ExpiresAt)
	return held, func() {
		one.end(nil)
		forget()
	}
}

// hold is Hold for those who end what is open themselves. A token that expires at
// the zero time never does.
func (g *guard) hold(ctx context.Context, token string, expires time.Time) (held context.Context, one *guarded, forget func()) {
	stop := func() {}
	if !expires.IsZero() {
		ctx, stop = context.WithDeadlineCause(ctx, expires, ErrTokenEnded)
	}
	ctx, end := context.WithCancelCause(ctx)
	one = &guarded{token: token, end: end}
	g.add(ctx, one)
	return ctx, one, func() {
		g.remove(one)
		stop()
	}
}

// guardedDelivery is an open stream of a token. It keeps of its caller only what it
// needs, in memory and on the stack: there are thousands of them, and they are idle.
type guardedDelivery struct {
	Delivery
	guard   *guard
	token   string
	expires time.Time // zero: never
}

// Run implements Delivery. It ends with its token, as Hold says.
func (g *guardedDelivery) Run(ctx context.Context, sink Sink) error {
	ctx, one, forget := g.guard.hold(ctx, g.token, g.expires)
	defer forget()
	defer one.end(nil)
	return g.Delivery.Run(ctx, sink)
}

func (g *guard) add(ctx context.Context, one *guarded) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open[one] = struct{}{}
	if !g.running {
		g.running = true
		go g.watch(context.WithoutCancel(ctx)) // ends with the last of what is open
	}
}

func (g *guard) remove(one *guarded) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, one)
}

func (g *guard) watch(ctx context.Context) {
	tick := time.NewTicker(TokenCacheTime * 3 / 4)
	defer tick.Stop()
	for range tick.C {
		ids := g.ids()
		if ids == nil {
			return
		}
		calling, stop := context.WithTimeout(ctx, TokenCacheTime)
		ended, err := g.tokens.EndedTokens(calling, ids)
		stop()
		if err != nil {
			continue // a store that does not answer ends nothing
		}
		g.endAll(ended)
	}
}

// ids gives the tokens of what is open; nil: nothing is, and the watch is over.
func (g *guard) ids() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.open) == 0 {
		g.running = false
		return nil
	}
	seen := make(map[string]struct{}, len(g.open))
	for one := range g.open {
		seen[one.token] = struct{}{}
	}
	return slices.Collect(maps.Keys(seen))
}

func (g *guard) endAll(tokens []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for one := range g.open {
		if slices.Contains(tokens, one.token) {
			one.end(ErrTokenEnded)
		}
	}
}
