package store

import (
	"context"
	"sync"
	"time"

	"asapi/tasks"
)

// batcher is the group commit: callers hand over one piece of work each, and
// whoever has arrived while the previous commit was on its way to disk shares
// the next one. Alone, a caller does not wait.
type batcher[In, Out any] struct {
	calls chan call[In, Out]
	pace  time.Duration // the least time from one commit's begin to the next one's
	work  func(ctx context.Context, in []In) []outcome[Out]
	wg    sync.WaitGroup
	once  sync.Once
	done  chan struct{} // no more work is taken
	gone  chan struct{} // the committers have ended
}

var errClosed = &tasks.Error{Code: tasks.CodeUnavailable, Message: "The server is shutting down."}

type call[In, Out any] struct {
	in    In
	reply chan outcome[Out]
}

// outcome is what became of one piece of work.
type outcome[Out any] struct {
	out Out
	err error
}

// maxBatch is how many callers share one commit at most.
const maxBatch = 512

func newBatcher[In, Out any](committers int, pace time.Duration, work func(context.Context, []In) []outcome[Out]) *batcher[In, Out] {
	b := &batcher[In, Out]{calls: make(chan call[In, Out], maxBatch), pace: pace, work: work, done: make(chan struct{}), gone: make(chan struct{})}
	for range committers {
		b.wg.Go(b.commit)
	}
	return b
}

// do hands in over and waits for its commit. A caller that gives up does not
// stop the commit.
func (b *batcher[In, Out]) do(ctx context.Context, in In) (Out, error) {
	c := call[In, Out]{in, make(chan outcome[Out], 1)}
	var none Out
	select {
	case b.calls <- c:
	case <-ctx.Done():
		return none, ctx.Err()
	case <-b.done:
		return none, errClosed
	}
	select {
	case r := <-c.reply:
		return r.out, r.err
	case <-ctx.Done():
		return none, ctx.Err()
	case <-b.gone:
		select {
		case r := <-c.reply:
			return r.out, r.err
		default:
			return none, errClosed
		}
	}
}

func (b *batcher[In, Out]) commit() {
	var began time.Time
	for {
		var batch []call[In, Out]
		select {
		case c := <-b.calls:
			batch = append(batch, c)
		case <-b.done:
			return
		}
		if early := b.pace - time.Since(began); early > 0 {
			// Not a timer for the first one, which never waits, but a pace
			// for a crowd: its commits become fewer and larger.
			time.Sleep(early) //nolint:forbidigo // at most b.pace, and nobody to wake it for
		}
		began = time.Now()
	more:
		for len(batch) < maxBatch {
			select {
			case c := <-b.calls:
				batch = append(batch, c)
			default:
				break more
			}
		}
		in := make([]In, len(batch))
		for i := range batch {
			in[i] = batch[i].in
		}
		for i, r := range b.work(context.Background(), in) {
			batch[i].reply <- r
		}
	}
}

// close ends the committers after the commits that are on their way.
func (b *batcher[In, Out]) close() {
	b.once.Do(func() {
		close(b.done)
		b.wg.Wait()
		close(b.gone)
	})
}

// failAll gives every piece of work the same error.
func failAll[Out any](n int, err error) []outcome[Out] {
	out := make([]outcome[Out], n)
	for i := range out {
		out[i].err = err
	}
	return out
}
