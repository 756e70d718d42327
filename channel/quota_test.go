package channel_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"asapi/channel"
)

// quotas gives two processes' quotas over one Redis, and the Redis.
func quotas(t *testing.T) (a, b *channel.Quota, server *miniredis.Miniredis) {
	t.Helper()
	server = miniredis.RunT(t)
	list := make([]*channel.Quota, 2)
	for i := range list {
		client := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1})
		t.Cleanup(func() { _ = client.Close() })
		list[i] = channel.NewQuota(client)
	}
	return list[0], list[1], server
}

func TestAQuotaIsCountedInAllProcessesTogether(t *testing.T) {
	a, b, server := quotas(t)
	var granted atomic.Int64
	var all sync.WaitGroup
	for i := range 40 {
		q := []*channel.Quota{a, b}[i%2]
		all.Go(func() {
			if q.Spend(t.Context(), "ada", 25, time.Minute) == 0 {
				granted.Add(1)
			}
		})
	}
	all.Wait()
	if granted.Load() != 25 {
		t.Errorf("%d of 40 were granted, not 25", granted.Load())
	}
	if wait := a.Spend(t.Context(), "ada", 25, time.Minute); wait <= 0 || wait > time.Minute {
		t.Errorf("wait %v", wait)
	}
	if wait := a.Spend(t.Context(), "bob", 25, time.Minute); wait != 0 {
		t.Errorf("another key has to wait %v", wait)
	}
	server.FastForward(time.Minute)
	if wait := b.Spend(t.Context(), "ada", 25, time.Minute); wait != 0 {
		t.Errorf("after the span one has to wait %v", wait)
	}
}

func TestAQuotaHoldsWithinTheProcessWhileRedisIsGone(t *testing.T) {
	a, _, server := quotas(t)
	server.Close()
	alone := channel.NewQuota(nil)
	for _, q := range []*channel.Quota{a, alone} {
		for range 3 {
			if wait := q.Spend(t.Context(), "ada", 3, time.Hour); wait != 0 {
				t.Errorf("one has to wait %v", wait)
			}
		}
		if wait := q.Spend(t.Context(), "ada", 3, time.Hour); wait <= 0 || wait > time.Hour {
			t.Errorf("wait %v", wait)
		}
	}
}

func TestAQuotaForgetsWhatIsOver(t *testing.T) {
	q := channel.NewQuota(nil)
	for i := range 5000 {
		if wait := q.Spend(t.Context(), fmt.Sprint(i), 1, time.Nanosecond); wait != 0 {
			t.Fatalf("the key %d has to wait %v", i, wait)
		}
	}
	if wait := q.Spend(t.Context(), "7", 1, time.Nanosecond); wait != 0 {
		t.Errorf("what is over still counts: wait %v", wait)
	}
}
