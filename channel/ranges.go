package channel

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"asapi/tasks"
)

// span is the bytes [from, to).
type span struct{ from, to int64 }

// rangeSet is spans in their order, none touching another.
type rangeSet []span

// with adds a span.
func (s rangeSet) with(one span) rangeSet {
	if one.from >= one.to {
		return s
	}
	var out rangeSet
	for _, old := range s {
		if old.to < one.from || old.from > one.to {
			out = append(out, old)
			continue
		}
		one.from, one.to = min(one.from, old.from), max(one.to, old.to)
	}
	out = append(out, one)
	slices.SortFunc(out, func(a, b span) int { return int(min(max(a.from-b.from, -1), 1)) })
	return out
}

func (s rangeSet) covers(size int64) bool {
	return len(s) == 1 && s[0].from == 0 && s[0].to >= size
}

// ranges remembers which bytes of which results were delivered in parts: in
// this process, and in Redis for the others. It may forget; then a result that
// was delivered in parts stays until it is fetched again or expires.
type ranges struct {
	redis redis.UniversalClient
	mu    sync.Mutex
	known map[int64]rangeSet // by the result's number
}

const (
	maxRanges  = 10000              // results remembered in memory; past it, all are forgotten
	rangesKeep = 7 * 24 * time.Hour // in Redis
	// rangesPatience is for one answer of Redis: the claim on the result lasts
	// meanwhile, and the store is asked after it.
	rangesPatience = 500 * time.Millisecond
)

// add remembers a delivered span and reports whether the whole was delivered.
func (s *ranges) add(ctx context.Context, r tasks.Result, from, to int64) bool {
	spans := rangeSet{}.with(span{from, to})
	if s.redis != nil {
		ctx, stop := context.WithTimeout(ctx, rangesPatience)
		defer stop()
		key := rangesKey(r)
		var all *redis.StringSliceCmd
		_, err := s.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.RPush(ctx, key, fmt.Sprintf("%d-%d", from, to))
			p.Expire(ctx, key, rangesKeep)
			all = p.LRange(ctx, key, 0, -1)
			return nil
		})
		if err == nil {
			spans = parseSpans(spans, all.Val())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.known[r.Seq] {
		spans = spans.with(one)
	}
	if len(s.known) >= maxRanges {
		clear(s.known)
	}
	s.known[r.Seq] = spans
	return spans.covers(r.Size)
}

func (s *ranges) forget(ctx context.Context, r tasks.Result) {
	s.mu.Lock()
	delete(s.known, r.Seq)
	s.mu.Unlock()
	if s.redis != nil {
		ctx, stop := context.WithTimeout(ctx, rangesPatience)
		defer stop()
		// What stays behind expires by itself.
		_ = s.redis.Del(ctx, rangesKey(r)).Err()
	}
}

func rangesKey(r tasks.Result) string { return "asapi:ranges:" + r.Task.String() }

func parseSpans(spans rangeSet, texts []string) rangeSet {
	for _, text := range texts {
		var one span
		if _, err := fmt.Sscanf(strings.Replace(text, "-", " ", 1), "%d %d", &one.from, &one.to); err == nil {
			spans = spans.with(one)
		}
	}
	return spans
}
