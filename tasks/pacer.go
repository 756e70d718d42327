package tasks

import (
	"context"
	"time"
)

// Lane names whose requests to a provider share a pace: those of one credential.
type Lane struct {
	Provider   string
	Credential string // a name that gives nothing away; empty: everybody's together
}

// Rate is how often something may happen: Burst times at once, and then once in
// Every. A Burst below 1 is 1.
type Rate struct {
	Every time.Duration
	Burst int
	Wide  bool // for all credentials of the provider together
}

// Leave is the answer to who asks whether a request may go out. It may when Wait is
// 0; then it has been counted.
type Leave struct {
	Wait   time.Duration
	Reason string // why, where somebody said so
}

// Pacer keeps the pace that providers allow, for all processes together. An error of
// its methods says that nothing is known: then no request goes out.
type Pacer interface {
	// Enter takes the one place of a lane for holder, for ttl; it takes it again
	// when holder has it. free says how long to wait when another has it, or when
	// most other lanes of the provider are taken.
	Enter(ctx context.Context, lane Lane, holder string, most int, ttl time.Duration) (wait time.Duration, err error)
	// Exit gives the place back; it is no error when it was over.
	Exit(ctx context.Context, lane Lane, holder string) error
	// Take asks for one request at these rates.
	Take(ctx context.Context, lane Lane, rates []Rate) (Leave, error)
	// Hold lets nothing more out on the lane for a time; a longer hold stays. A
	// lane without a credential holds the whole provider.
	Hold(ctx context.Context, lane Lane, wait time.Duration, reason string) error
	// Report tells how a request ended: whether the provider answered as one that
	// works. When too many in a row did not, the provider is held, longer each
	// time; then one request tries whether it works again. failing is for how
	// long nothing has worked.
	Report(ctx context.Context, provider string, works bool) (failing time.Duration, err error)
}
