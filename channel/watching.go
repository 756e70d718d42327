package channel

import (
	"context"
	"sync"
	"time"

	"asapi/tasks"
)

// watching is one watcher: a place in its circle, and at first what it missed.
type watching struct {
	board   *board
	circle  *circle
	next    uint64
	place   string         // of one that did not come back
	backlog []*tasks.Batch // shared
	close   func()
}

var _ tasks.Watching = (*watching)(nil)

// Watch implements tasks.Channel.
func (h *Hub) Watch(ctx context.Context, r tasks.WatchRequest) (tasks.Watching, error) {
	b := &h.board
	b.mu.Lock()
	c := b.circles[r.Client]
	if c == nil {
		b.seq++ // of what happened before, nothing is known here
		c = newCircle(time.Now(), b.seq)
		b.circles[r.Client] = c
		b.active.Store(true)
	}
	if r.After != "" {
		c.tellSince(time.Now().Add(-lookMargin))
	}
	c.join()
	b.mu.Unlock()
	b.count.Add(1)
	w := &watching{board: b, circle: c, close: sync.OnceFunc(func() {
		c.leave()
		b.count.Add(-1)
	})}
	c.mu.Lock()
	w.next = c.head
	oldest := c.gone
	c.mu.Unlock()
	at, seq, mine, ok := b.parsePosition(r.After)
	switch {
	case !ok:
		w.place = b.position(time.Now(), w.next)
	case mine && seq >= oldest && seq <= w.next:
		w.next = seq
	default:
		from := at.Add(-lookMargin)
		again, err := b.replay(ctx, r.Client, c, from)
		if err != nil {
			w.Close()
			return nil, err
		}
		w.next, w.backlog = again.next, again.since(from)
	}
	return w, nil
}

// Next implements tasks.Watching.
func (w *watching) Next(ctx context.Context, most time.Duration) (*tasks.Batch, error) {
	if len(w.backlog) > 0 {
		batch := w.backlog[0]
		if w.backlog = w.backlog[1:]; len(w.backlog) == 0 {
			w.backlog = nil
		}
		return batch, nil
	}
	var timer *time.Timer
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		batch, next, news, err := w.circle.after(w.next)
		if err != nil {
			return nil, err
		}
		w.next = next
		if len(batch.Notices) > 0 {
			return batch, nil
		}
		if timer == nil {
			timer = time.NewTimer(most)
			defer timer.Stop()
		}
		select {
		case <-news:
		case <-timer.C:
			return nothing, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Place implements tasks.Watching.
func (w *watching) Place() string { return w.place }

// Close implements tasks.Watching.
func (w *watching) Close() { w.close() }
