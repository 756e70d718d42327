package tracker

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"asapi/tasks"
)

// LookStore answers what people look at. Nothing here changes anything.
type LookStore interface {
	// Checkpoints lets fn read where the owner stopped last in each resource,
	// whatever the platform, the newest first. Trackers that are completed have
	// nothing to continue and are left out.
	Checkpoints(ctx context.Context, owner Owner, fn func(iter.Seq2[Checkpoint, error]) error) error
	// NextParts gives, for each of the places that has one, the next part that
	// is not completed, by the place's index.
	NextParts(ctx context.Context, client tasks.ClientID, places []Place) (map[int]Part, error)
	// Coverage lets fn read how often a resource was covered: by the owner, or
	// by everyone of its client. fn may range over the steps once.
	Coverage(ctx context.Context, owner Owner, resource string, everyone bool, fn func(Covered, iter.Seq2[Step, error]) error) error
	// FindParts gives what the catalogue knows of a sub-resource; for a name that
	// leaves the work open, every work's.
	FindParts(ctx context.Context, client tasks.ClientID, res Resource) ([]Part, error)
	// FindWork gives what the catalogue knows of a work, at least its name.
	FindWork(ctx context.Context, client tasks.ClientID, resource string) (Work, error)
	// CountStates counts the owner's trackers by state, and for every
	// provider's list by the states of its trackers.
	CountStates(ctx context.Context, owner Owner) (StateCounts, error)
	// Days gives how much the owner's activities covered on each day on which
	// some began, in UTC.
	Days(ctx context.Context, owner Owner) ([]Day, error)
}

// Checkpoint is the last activity on one resource.
type Checkpoint struct {
	Activity      // with its tracker
	Work     Work // what the catalogue knows
	Part     Part // its Type is empty where the catalogue does not have it
	Finished bool // the resource was completed
}

// Place is where in a work somebody is.
type Place struct {
	Tracker int64
	Work    Work
	Parts   string // episodes or chapters
	After   int64  // place among the regular parts; 0: unknown, nothing follows
	// ByNumber says that parts are named after their ordinals.
	ByNumber bool
}

// Covered sums up the activities on a resource.
type Covered struct {
	Activities int64
	Owners     int64
	End        int64 // the furthest that any reached, in seconds or pages
}

// Step is where the count of those who cover something changes.
type Step struct {
	At     int64 // seconds or pages
	Change int64
}

// StateCounts counts trackers.
type StateCounts struct {
	All     map[State]int64
	Lists   []ListCounts // by provider and kind
	Without map[State]int64
}

// ListCounts counts the trackers of one provider's list.
type ListCounts struct {
	Provider Provider
	Kind     Kind
	States   map[State]int64
}

// Day is what was covered on one day.
type Day struct {
	Day     time.Time // its first instant, in UTC
	Seconds int64
	Pages   int64
}

// The forms of looks.
const (
	formJSON = "json"
	formSVG  = "svg"
)

// looks lists the actions by which people look at what is kept.
func (s *service) looks() []tasks.Action {
	return []tasks.Action{s.continueAction(), s.histogramAction(), s.summaryAction()}
}

// tell writes a result as JSON.
func tell(run *tasks.Run, filename string, doc any) error {
	enc := json.NewEncoder(run.Output("application/json", filename))
	enc.SetEscapeHTML(false)
	return enc.Encode(doc)
}

// inPages reports whether the activities on a resource count pages, not seconds.
func inPages(collection string) bool {
	return collection == "graphicNovels" || collection == "lightNovels"
}

func unitOf(collection string) string {
	if inPages(collection) {
		return "pages"
	}
	return "seconds"
}
