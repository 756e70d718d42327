package web

import (
	"context"

	"asapi/tasks"
)

type closingKey struct{}

// WithClosing makes closing known to the requests below ctx: when it ends, the
// server wants its endless answers to end.
func WithClosing(ctx, closing context.Context) context.Context {
	return context.WithValue(ctx, closingKey{}, closing)
}

// UntilClosing gives a context that also ends, with cause tasks.ErrShuttingDown,
// when the server closes. Endless answers use it.
func UntilClosing(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	closing, ok := ctx.Value(closingKey{}).(context.Context)
	if !ok {
		return ctx, func() { cancel(nil) }
	}
	unwatch := context.AfterFunc(closing, func() { cancel(tasks.ErrShuttingDown) })
	return ctx, func() {
		unwatch()
		cancel(nil)
	}
}
