package tasks

import (
	"context"
	"encoding/hex"
	"fmt"
	"sync"
	"time"
)

// What is listed as activities.
const (
	maxActivities  = 1000
	keepActivities = time.Minute // after their end
)

// scope gives whose activities a caller sees and cancels: an admin token's are all
// clients'.
func scope(c Caller) ClientID {
	if c.Token.Admin {
		return EveryClient
	}
	return c.Client.ID
}

// Activities lists what runs, then what waits to run, then what ended less than a
// minute ago, at most 1,000; total is how many there are.
func (d *Desk) Activities(ctx context.Context, c Caller) (list []Activity, total int64, err error) {
	found, total, err := d.cfg.Store.Activities(ctx, scope(c), keepActivities, maxActivities)
	if err != nil {
		return nil, 0, err
	}
	list = make([]Activity, len(found))
	for i := range found {
		list[i] = d.Activity(&found[i])
	}
	return list, total, nil
}

// Activity shows a task as an activity.
func (d *Desk) Activity(t *Task) Activity { return d.cfg.Catalog.Activity(t) }

// CancelActivity cancels one task: CodeNotFound where the caller sees none with
// this id, CodeInvalid where it has ended otherwise. Cancelling twice is once.
func (d *Desk) CancelActivity(ctx context.Context, c Caller, id ID) error {
	found, err := d.cfg.Store.Cancel(ctx, scope(c), []ID{id})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return ErrNoActivity
	}
	publishCancelled(d.cfg.Channel, found)
	if t := &found[0]; t.State.Ended() && t.State != Cancelled {
		return &Error{Code: CodeInvalid, Message: "Activity is not cancellable"}
	}
	return nil
}

// ErrNoActivity says that the caller sees no such activity.
var ErrNoActivity = &Error{Code: CodeNotFound, Message: "No activity with the provided id is found"}

// TaskByNumber finds a task that the caller sees by its decimal name: CodeNotFound.
func (d *Desk) TaskByNumber(ctx context.Context, c Caller, number int64) (Task, error) {
	return d.cfg.Store.TaskByNumber(ctx, scope(c), number)
}

// Identity names this installation: the same in all its processes, as long as
// SECRET_KEY stays. It gives nothing away.
func (d *Desk) Identity() string {
	sum := d.cfg.Sealer.Sum([]byte("the identity of this installation"))
	return hex.EncodeToString(sum[:min(20, len(sum))])
}

// Watch is a watcher that ends with its token.
type Watch struct {
	watching Watching
	ctx      context.Context //nolint:containedctx // it is the watcher's life, which the guard ends
	guarded  *guarded
	forget   func()
}

// Watch opens a watcher for the caller, from after a Position on (see
// WatchRequest). It ends with ctx, and within TokenCacheTime after its token. A
// client has at most DeskLimits.Watchers in this process: CodeRateLimited.
func (d *Desk) Watch(ctx context.Context, c Caller, after string) (*Watch, error) {
	if !d.watchers.add(c.Client.ID, d.cfg.Limits.Watchers) {
		return nil, &Error{
			Code: CodeRateLimited, RetryAfter: 10 * time.Second,
			Message: fmt.Sprintf("Too many watchers are open, limit is %d; close some.", d.cfg.Limits.Watchers),
		}
	}
	watching, err := d.cfg.Channel.Watch(ctx, WatchRequest{Client: scope(c), After: after})
	if err != nil {
		d.watchers.remove(c.Client.ID)
		return nil, err
	}
	ctx, one, forget := d.guard.hold(ctx, c.Token.ID, c.Token.ExpiresAt)
	w := &Watch{watching: watching, ctx: ctx, guarded: one}
	w.forget = sync.OnceFunc(func() {
		one.end(nil)
		watching.Close()
		forget()
		d.watchers.remove(c.Client.ID)
	})
	return w, nil
}

// Next is that of Watching.
func (w *Watch) Next(most time.Duration) (*Batch, error) { return w.watching.Next(w.ctx, most) }

// Place is that of Watching.
func (w *Watch) Place() string { return w.watching.Place() }

// End makes Next fail with the cause; it may be called from anywhere.
func (w *Watch) End(cause error) { w.guarded.end(cause) }

// Close forgets the watcher.
func (w *Watch) Close() { w.forget() }

// watcherCount counts the open watchers of each client.
type watcherCount struct {
	mu sync.Mutex
	by map[ClientID]int
}

func (n *watcherCount) add(c ClientID, most int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.by[c] >= most {
		return false
	}
	n.by[c]++
	return true
}

func (n *watcherCount) remove(c ClientID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.by[c]--; n.by[c] <= 0 {
		delete(n.by, c)
	}
}
