package xref

import (
	"context"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// Everyone is the client of references that hold for all clients.
const Everyone tasks.ClientID = 0

// Store keeps cross references. A load counts from its end on, all of it at
// once; one that was not ended counts for nothing.
type Store interface {
	// BeginLoad starts to load a file of a source for a client, or for
	// Everyone. A load of the same client and source that was not ended is
	// forgotten, and cannot be ended any more.
	BeginLoad(ctx context.Context, client tasks.ClientID, source string) (Load, error)
	// Said gives, for each of the ids, the rows that name it: those of the
	// load's client and source that were there before it.
	Said(ctx context.Context, l Load, keys []tracker.RecordKey) (map[tracker.RecordKey][]int64, error)
	// Add keeps rows of a load.
	Add(ctx context.Context, l Load, rows []Kept) error
	// EndLoad makes the load count, and lets go of the rows that it replaces.
	// CodeBusy when another load of the same file took over.
	EndLoad(ctx context.Context, l Load, gone []int64) error
	// Conflicts calls each with every id that is kept apart from what is said
	// to be the same work, in the order of the ids, for a client or for
	// Everyone.
	Conflicts(ctx context.Context, client tasks.ClientID, each func(Conflict) error) error
}

// Load is a file that is being loaded.
type Load struct {
	ID     int64
	Client tasks.ClientID
	Source string
}

// Kept is a row of references as it is kept.
type Kept struct {
	ID   int64
	Keys []tracker.RecordKey
}

// Conflict is an id that is kept apart.
type Conflict struct {
	Key tracker.RecordKey
	tracker.Resolved
}
