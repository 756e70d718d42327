package store

import (
	"context"
	"time"
)

// Group lets the stores of services share statements and commits: callers hand
// over one piece of work each, and whoever has arrived while the work before was
// being done shares the next. Alone, a caller does not wait.
type Group[In, Out any] struct{ b *batcher[In, Out] }

// Answer is what became of one piece of work.
type Answer[Out any] struct {
	Out Out
	Err error
}

// NewGroup makes a group whose work at most the given number of goroutines do at
// once; they end when the store closes. The work of one goroutine begins no more
// often than once in pace. work gives an answer for each piece, in their order.
func NewGroup[In, Out any](s *Store, workers int, pace time.Duration, work func(ctx context.Context, in []In) []Answer[Out]) *Group[In, Out] {
	b := newBatcher(workers, pace, func(ctx context.Context, in []In) []outcome[Out] {
		answers := work(ctx, in)
		out := make([]outcome[Out], len(answers))
		for i, a := range answers {
			out[i] = outcome[Out]{a.Out, a.Err}
		}
		return out
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups = append(s.groups, b.close)
	return &Group[In, Out]{b}
}

// Do hands in over and waits for its answer.
func (g *Group[In, Out]) Do(ctx context.Context, in In) (Out, error) { return g.b.do(ctx, in) }
