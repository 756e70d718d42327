package channel

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"asapi/tasks"
)

// Bounds of a replay.
const (
	replayMost  = keptNotices      // tasks; of more, the latest
	replayStep  = 10 * time.Second // to which its beginning is rounded, so that many share it
	replayFresh = time.Second      // so long it is given to those who come back
)

// replay is what the store tells of the last while to watchers that come back to a
// process that does not know where they were. All that come at about the same time
// share it: after a restart these are all.
type replay struct {
	made    time.Time
	age     time.Duration  // what changed in so long a time is in it, or as much as is kept
	next    uint64         // the circle tells what happened after this number
	batches []*tasks.Batch // by the time of what happened; updates last
	ends    []time.Time    // of the last notice of each batch
}

// since gives the batches with all that happened after a time.
func (r *replay) since(at time.Time) []*tasks.Batch {
	if at.After(r.made) {
		at = r.made // clocks differ, and updates are for everybody
	}
	n := 0
	for n < len(r.ends) && r.ends[n].Before(at) {
		n++
	}
	return r.batches[n:]
}

// replay gives a replay from a time on, or from as long ago as notices are kept.
func (b *board) replay(ctx context.Context, client tasks.ClientID, c *circle, from time.Time) (*replay, error) {
	age := min(max(time.Since(from), 0).Truncate(replayStep)+replayStep, keepNotices)
	if r := c.replayed(age); r != nil {
		return r, nil
	}
	key := strconv.FormatInt(int64(client), 10) + " " + age.String()
	got, err, _ := b.replays.Do(key, func() (any, error) {
		if r := c.replayed(age); r != nil {
			return r, nil
		}
		// It is for all who wait, whatever becomes of the one who came first.
		calling, stop := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
		defer stop()
		r, err := b.makeReplay(calling, client, c, age)
		if err == nil {
			c.keepReplay(r)
		}
		return r, err
	})
	if err != nil {
		return nil, err
	}
	return got.(*replay), nil //nolint:forcetypeassert // it is what stands above
}

// happening is a notice with the time of what it tells.
type happening struct {
	at     time.Time
	notice *tasks.Notice
}

// makeReplay reads from the store. Where there is too much it reads of less time.
func (b *board) makeReplay(ctx context.Context, client tasks.ClientID, c *circle, age time.Duration) (*replay, error) {
	for part := age; part >= lookMargin/2; part /= 2 {
		r := &replay{made: time.Now(), age: age, next: c.published()}
		list, whole, err := b.happenings(ctx, client, r.made, part)
		if err != nil {
			return nil, err
		}
		if whole {
			b.arrange(r, list)
			return r, nil
		}
	}
	return nil, tasks.ErrTooSlow
}

// happenings gives what happened in the last while, in its order, and then how far
// those are that run; not whole: there is more than is kept.
func (b *board) happenings(ctx context.Context, client tasks.ClientID, now time.Time, age time.Duration) (list []happening, whole bool, err error) {
	since := now.Add(-age)
	once := seen{}
	once.init()
	running := map[tasks.ID]happening{}
	n := 0
	for t, err := range b.hub.cfg.Store.Changes(ctx, client, age) {
		if err != nil {
			return nil, false, err
		}
		if n++; n > replayMost {
			return nil, false, nil
		}
		for _, one := range once.notices(nil, &t, t.CreatedAt.After(since)) {
			switch one.Kind {
			case tasks.NoticeStarted:
				list = append(list, happening{t.CreatedAt, one})
			case tasks.NoticeEnded:
				list = append(list, happening{t.EndedAt, one})
			case tasks.NoticeUpdated: // below, whether it began before or not
			}
		}
		delete(running, t.ID)
		if !t.State.Ended() && t.State != tasks.Pending {
			running[t.ID] = happening{now, &tasks.Notice{Kind: tasks.NoticeUpdated, Task: t}}
		}
	}
	slices.SortStableFunc(list, func(x, y happening) int { return x.at.Compare(y.at) })
	updates := make([]happening, 0, len(running))
	for _, one := range running {
		updates = append(updates, one)
	}
	slices.SortFunc(updates, func(x, y happening) int { return cmp.Compare(x.notice.Task.Number, y.notice.Task.Number) })
	return append(list, updates...), true, nil
}

// arrange makes batches. A watcher whose connection breaks in the middle of them
// goes on by the time of what it got; only the last stands for all of them.
func (b *board) arrange(r *replay, list []happening) {
	for part := range slices.Chunk(list, perBatch) {
		batch := &tasks.Batch{}
		for _, one := range part {
			one.notice.Position = strconv.FormatInt(one.at.UnixMilli(), 10) + "-store-0"
			batch.Notices = append(batch.Notices, one.notice)
		}
		r.batches, r.ends = append(r.batches, batch), append(r.ends, part[len(part)-1].at)
	}
	if n := len(list); n > 0 {
		list[n-1].notice.Position = b.position(r.made, r.next)
	}
}

// replayed gives the circle's replay where it is new, goes back far enough, and
// the circle still keeps what comes after it.
func (c *circle) replayed(age time.Duration) *replay {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.replay; r != nil && time.Since(r.made) < replayFresh && r.next >= c.gone && r.age >= age {
		return r
	}
	return nil
}

func (c *circle) keepReplay(r *replay) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replay = r
}

// forgetReplay drops a replay that nobody is given any more.
func (c *circle) forgetReplay() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.replay != nil && time.Since(c.replay.made) >= replayFresh {
		c.replay = nil
	}
}

// published gives the number of the last notice that watchers can see.
func (c *circle) published() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.head
}
