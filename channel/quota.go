package channel

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"asapi/tasks"
)

// Times of asking Redis for a count.
const (
	quotaPatience = 250 * time.Millisecond // for one answer
	quotaRest     = time.Second            // without asking, after one that did not come
)

// quotaSweep is the number of keys from which the ended ones are looked for.
const quotaSweep = 1024

// Quota counts in Redis, for all processes that share it. While Redis does not
// answer it counts for this process alone: a quota is there to protect, and must
// not be what makes a request fail.
type Quota struct {
	redis  redis.UniversalClient // nil: this process is the only one
	prefix string

	mu    sync.Mutex
	spans map[string]counted
	limit int       // of spans, before they are swept
	until time.Time // Redis is not asked before
}

// counted is what this process counted by itself.
type counted struct {
	count int64
	ends  time.Time
}

var _ tasks.Quota = (*Quota)(nil)

// NewQuota makes a quota over Redis; nil: this process is the only one.
func NewQuota(client redis.UniversalClient) *Quota {
	return &Quota{redis: client, prefix: "asapi:quota:", spans: map[string]counted{}, limit: quotaSweep}
}

// spend counts one more where the count allows it, and gives the milliseconds to
// wait where it does not. A key without an end, which nobody makes, gets one.
var spend = redis.NewScript(`
local n = tonumber(redis.call('GET', KEYS[1]) or '0')
local left = redis.call('PTTL', KEYS[1])
if n > 0 and left < 0 then
	redis.call('PEXPIRE', KEYS[1], ARGV[2])
	left = tonumber(ARGV[2])
end
if n >= tonumber(ARGV[1]) then return math.max(left, 1) end
redis.call('INCR', KEYS[1])
if n == 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
`)

// Spend implements tasks.Quota.
func (q *Quota) Spend(ctx context.Context, key string, most int64, per time.Duration) time.Duration {
	now := time.Now()
	if q.redis == nil || q.resting(now) {
		return q.alone(now, key, most, per)
	}
	asking, stop := context.WithTimeout(ctx, quotaPatience)
	defer stop()
	wait, err := spend.Run(asking, q.redis, []string{q.prefix + key}, most, per.Milliseconds()).Int64()
	if err == nil {
		return time.Duration(wait) * time.Millisecond
	}
	if ctx.Err() == nil {
		q.rest(now)
	}
	return q.alone(now, key, most, per)
}

func (q *Quota) resting(now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return now.Before(q.until)
}

func (q *Quota) rest(now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.until = now.Add(quotaRest)
}

// alone counts for this process.
func (q *Quota) alone(now time.Time, key string, most int64, per time.Duration) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	s, ok := q.spans[key]
	if !ok || !now.Before(s.ends) {
		q.sweep(now)
		s = counted{ends: now.Add(per)}
	}
	if s.count >= most {
		return s.ends.Sub(now)
	}
	s.count++
	q.spans[key] = s
	return 0
}

// sweep forgets the spans that are over. It looks only when the keys have doubled
// since it last did.
func (q *Quota) sweep(now time.Time) {
	if len(q.spans) < q.limit {
		return
	}
	for key, s := range q.spans {
		if !now.Before(s.ends) {
			delete(q.spans, key)
		}
	}
	q.limit = max(quotaSweep, 2*len(q.spans))
}
