package web

import (
	"context"
	"sync"

	"asapi/tasks"
)

type openKey struct{}

// Open is what a server knows of its endless answers: it ends them when it closes,
// and waits for those that outlive their handlers.
type Open struct {
	closing context.Context //nolint:containedctx // the server's, for all its requests

	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when the last one ends, while somebody waits
}

// NewOpen makes the server's; closing ends when the server wants its endless
// answers to end.
func NewOpen(closing context.Context) *Open { return &Open{closing: closing} }

// WithOpen makes it known to the requests below ctx.
func WithOpen(ctx context.Context, o *Open) context.Context {
	return context.WithValue(ctx, openKey{}, o)
}

// Wait waits until nothing is open any more, or ctx ends.
func (o *Open) Wait(ctx context.Context) {
	o.mu.Lock()
	if o.n == 0 {
		o.mu.Unlock()
		return
	}
	if o.idle == nil {
		o.idle = make(chan struct{})
	}
	idle := o.idle
	o.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

func (o *Open) add(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.n += n; o.n == 0 && o.idle != nil {
		close(o.idle)
		o.idle = nil
	}
}

// Outlive runs f beyond its handler, whose connection was hijacked: net/http then
// keeps nothing for it. The context is the request's without its end, but for the
// server's closing. Where no server waits for it, f runs before Outlive returns.
func Outlive(ctx context.Context, f func(context.Context)) {
	o, ok := ctx.Value(openKey{}).(*Open)
	ctx, stop := UntilClosing(context.WithoutCancel(ctx))
	if !ok {
		defer stop()
		f(ctx)
		return
	}
	o.add(1)
	go func() { // ends with f, for which the server waits
		defer o.add(-1)
		defer stop()
		f(ctx)
	}()
}

// UntilClosing gives a context that also ends, with cause tasks.ErrShuttingDown,
// when the server closes. Endless answers use it.
func UntilClosing(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	o, ok := ctx.Value(openKey{}).(*Open)
	if !ok {
		return ctx, func() { cancel(nil) }
	}
	unwatch := context.AfterFunc(o.closing, func() { cancel(tasks.ErrShuttingDown) })
	return ctx, func() {
		unwatch()
		cancel(nil)
	}
}
