package tasks

import (
	"context"
	"time"
)

// LoadMinutes is how many minutes of load are kept and told.
const LoadMinutes = 60

// Load says what a client's tasks, or those of all clients, are up to.
type Load struct {
	Minutes []Minute      // LoadMinutes of them, oldest first; the last one is not over
	Lag     time.Duration // for how long the oldest due task waits now; 0: none waits
	Open    int64         // tasks that have not ended
}

// Minute is what happened in one minute. It may lack what was counted by a
// process that was killed then.
type Minute struct {
	At        time.Time // its beginning
	Submitted int64
	Succeeded int64
	Failed    int64
	Cancelled int64
	Lag       time.Duration // the longest that was seen
}

// LoadStore keeps the load of the last hour.
type LoadStore interface {
	// Load gives a client's load, or that of EveryClient.
	Load(ctx context.Context, client ClientID) (Load, error)
	// ObserveLag takes for how long the oldest due task of each client waits,
	// and of EveryClient; clients that are not named wait for nothing.
	ObserveLag(lags map[ClientID]time.Duration)
}

// Load tells the load of the caller's client; an admin token sees that of all
// clients.
func (d *Desk) Load(ctx context.Context, c Caller) (Load, error) {
	return d.cfg.Store.Load(ctx, scope(c))
}
