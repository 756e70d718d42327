package channel

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"asapi/tasks"
)

// lookUp makes the notices of tasks that events named.
func (b *board) lookUp(ctx context.Context, dirty map[tasks.ID]bool) ([]*tasks.Notice, error) {
	var made []*tasks.Notice
	for ids := range slices.Chunk(slices.Collect(maps.Keys(dirty)), lookUpAtMost) {
		calling, stop := context.WithTimeout(ctx, storeTime)
		found, err := b.hub.cfg.Store.Tasks(calling, tasks.EveryClient, ids)
		stop()
		if err != nil {
			return made, err
		}
		slices.SortFunc(found, func(x, y tasks.Task) int { return cmp.Compare(x.Number, y.Number) })
		for i := range found {
			made = b.seen.notices(made, &found[i], dirty[found[i].ID])
		}
	}
	return made, nil
}

// look makes the notices of all that changed since age, of at most limit tasks; 0:
// of all.
func (b *board) look(ctx context.Context, made []*tasks.Notice, age time.Duration, limit int) ([]*tasks.Notice, error) {
	b.mu.Lock()
	clients := slices.Collect(maps.Keys(b.circles))
	b.mu.Unlock()
	if slices.Contains(clients, tasks.EveryClient) {
		clients = []tasks.ClientID{tasks.EveryClient}
	}
	since := time.Now().Add(-age)
	for _, client := range clients {
		n := 0
		for t, err := range b.hub.cfg.Store.Changes(ctx, client, age) {
			if err != nil {
				return made, err
			}
			if n++; limit > 0 && n > limit {
				break
			}
			made = b.seen.notices(made, &t, t.CreatedAt.After(since))
		}
	}
	return made, nil
}

// post gives the notices to those who watch; events told of the first of them.
func (b *board) post(made []*tasks.Notice, told int) int {
	if len(made) == 0 {
		return 0
	}
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	got := map[*circle]int{}
	for i, n := range made {
		margin := lookGrain
		if i < told { // it has become known only now
			margin = lookMargin
		}
		b.seq++
		n.Position = b.position(now, b.seq)
		for _, c := range []*circle{b.circles[n.Task.Client], b.circles[tasks.EveryClient]} {
			if c != nil && c.add(b.seq, now, n, margin) {
				got[c]++
			}
		}
	}
	most := 0
	for c, n := range got {
		c.publish(now)
		most = max(most, n)
	}
	return most
}

// position names a place among the notices, also for other processes: these go by
// its time.
func (b *board) position(at time.Time, seq uint64) string {
	return strconv.FormatInt(at.UnixMilli(), 10) + "-" + b.origin + "-" + strconv.FormatUint(seq, 10)
}

// parsePosition reads a position; not ok: it is none. A position of another
// process has no number here.
func (b *board) parsePosition(s string) (at time.Time, seq uint64, mine, ok bool) {
	parts := strings.Split(s, "-")
	if len(parts) != 3 {
		return at, 0, false, false
	}
	ms, errTime := strconv.ParseInt(parts[0], 10, 64)
	seq, errSeq := strconv.ParseUint(parts[2], 10, 64)
	if errTime != nil || errSeq != nil {
		return at, 0, false, false
	}
	return time.UnixMilli(ms), seq, parts[1] == b.origin, true
}
