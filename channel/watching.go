package channel

import (
	"context"
	"slices"
	"sync"
	"time"

	"asapi/tasks"
)

// watching is one watcher: a place in its circle, and at first what it missed.
type watching struct {
	board   *board
	circle  *circle
	next    uint64
	backlog []*tasks.Notice
	close   func()
}

var _ tasks.Watching = (*watching)(nil)

// replayMost is how many tasks are looked through for a watcher that comes back.
const replayMost = 10_000

// Watch implements tasks.Channel.
func (h *Hub) Watch(ctx context.Context, r tasks.WatchRequest) (tasks.Watching, error) {
	b := &h.board
	b.mu.Lock()
	c := b.circles[r.Client]
	if c == nil {
		c = newCircle(time.Now(), b.seq)
		b.circles[r.Client] = c
		b.active.Store(true)
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
	case mine && seq >= oldest && seq <= w.next:
		w.next = seq
	default:
		if err := w.replay(ctx, r.Client, at); err != nil {
			w.Close()
			return nil, err
		}
	}
	return w, nil
}

// replay collects what happened since a time from the store. Of what is longer ago
// than notices are kept, the listing tells.
func (w *watching) replay(ctx context.Context, client tasks.ClientID, at time.Time) error {
	age := min(max(time.Since(at), 0)+lookMargin, keepNotices)
	since := time.Now().Add(-age)
	once := seen{}
	once.init()
	var made []*tasks.Notice
	n := 0
	for t, err := range w.board.hub.cfg.Store.Changes(ctx, client, age) {
		if err != nil {
			return err
		}
		if n++; n > replayMost {
			break
		}
		made = once.notices(made, &t, t.CreatedAt.After(since))
	}
	position := w.board.position(time.Now(), w.next)
	for _, n := range made {
		n.Position = position
	}
	w.backlog = made
	return nil
}

// Next implements tasks.Watching.
func (w *watching) Next(ctx context.Context, most time.Duration) (*tasks.Batch, error) {
	if len(w.backlog) > 0 {
		n := min(perBatch, len(w.backlog))
		batch := &tasks.Batch{Notices: slices.Clone(w.backlog[:n])}
		w.backlog = w.backlog[n:]
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

// Close implements tasks.Watching.
func (w *watching) Close() { w.close() }
