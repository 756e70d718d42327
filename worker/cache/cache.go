// Package cache keeps in Redis what costs much to find out, for all processes together.
// It implements tasks.Cache.
package cache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"asapi/tasks"
)

// Cache implements tasks.Cache.
type Cache struct{ redis redis.UniversalClient }

var _ tasks.Cache = (*Cache)(nil)

// New makes a cache.
func New(r redis.UniversalClient) *Cache { return &Cache{r} }

func key(name string) string { return "asapi:cache:" + name }

// Get implements tasks.Cache.
func (c *Cache) Get(ctx context.Context, name string) (value string, known bool, err error) {
	value, err = c.redis.Get(ctx, key(name)).Result()
	if errors.Is(err, redis.Nil) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read what is kept for a while: %w", err)
	}
	return value, true, nil
}

// Put implements tasks.Cache.
func (c *Cache) Put(ctx context.Context, name, value string, ttl time.Duration) error {
	if err := c.redis.Set(ctx, key(name), value, ttl).Err(); err != nil {
		return fmt.Errorf("keep something for a while: %w", err)
	}
	return nil
}
