package tracker

import (
	"slices"
	"time"
)

// View is a tracker as its owner sees it.
type View struct {
	Tracker
	// Completed names the sub-resources that were completed one by one,
	// sorted. What a list says of the first ones (FirstDone) is not among them.
	Completed []string
	Work      Work // without its parts
	CreatedAt time.Time
}

// Percent gives the progress in percent; false: it is unknown.
func (v *View) Percent() (float64, bool) { return v.Progress(v.Work) }

// ParseState reads a state's name.
func ParseState(name string) (State, bool) {
	i := slices.Index(stateNames[:], name)
	return State(max(i, 0)), i >= 0
}
