package tasks

import (
	"context"
	"time"
)

// Cache keeps for a while, for all processes together, what anybody may know and what
// costs much to find out. It may forget everything at any time.
type Cache interface {
	// Get gives what is kept under a name; known is false when there is nothing.
	Get(ctx context.Context, name string) (value string, known bool, err error)
	// Put keeps a value for ttl.
	Put(ctx context.Context, name, value string, ttl time.Duration) error
}
