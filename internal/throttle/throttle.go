// Package throttle limits how often something may happen, per key, within one
// process. It implements tasks.Throttle.
package throttle

import (
	"math"
	"sync"
	"time"

	"asapi/tasks"

	"golang.org/x/time/rate"
)

// sweepFrom is the number of keys from which full buckets are looked for.
const sweepFrom = 1024

// Throttle keeps a bucket for each key. A bucket is full at first and holds what
// flows in within one second, but at least one token. Its methods may be called
// from several goroutines.
type Throttle struct {
	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	sweepAt int
}

var _ tasks.Throttle = (*Throttle)(nil)

// New makes a throttle.
func New() *Throttle {
	return &Throttle{buckets: map[string]*rate.Limiter{}, sweepAt: sweepFrom}
}

// Take implements tasks.Throttle. A refusal takes nothing. A rate of 0 or below
// is no limit; a changed rate holds at once.
func (t *Throttle) Take(key string, perSecond float64) time.Duration {
	if perSecond <= 0 {
		return 0
	}
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	burst := int(math.Ceil(min(perSecond, math.MaxInt32)))
	b := t.buckets[key]
	switch {
	case b == nil:
		t.sweep(now)
		b = rate.NewLimiter(rate.Limit(perSecond), burst)
		t.buckets[key] = b
	case b.Limit() != rate.Limit(perSecond):
		b.SetLimitAt(now, rate.Limit(perSecond))
		b.SetBurstAt(now, burst)
	}
	if b.AllowN(now, 1) {
		return 0
	}
	missing := 1 - b.TokensAt(now)
	return max(time.Duration(min(missing/perSecond*float64(time.Second), float64(math.MaxInt64/2))), time.Nanosecond)
}

// sweep forgets the keys whose buckets are full again, which a new bucket would be
// too. It looks only when the keys have doubled since, so that it costs a take
// little; what stays are the keys of about the last second.
func (t *Throttle) sweep(now time.Time) {
	if len(t.buckets) < t.sweepAt {
		return
	}
	for key, b := range t.buckets {
		if b.TokensAt(now) >= float64(b.Burst()) {
			delete(t.buckets, key)
		}
	}
	t.sweepAt = max(sweepFrom, 2*len(t.buckets))
}

// Len counts the keys that are remembered.
func (t *Throttle) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.buckets)
}
