package tasks

// State is where a task stands in its life:
//
//	pending → running → work complete → publishing → published | publish failed
//	                  ↘ failed   ↘ cancelled
type State uint8

// The states. Their numbers are stored; never renumber them.
const (
	Pending       State = 0
	Running       State = 1
	WorkComplete  State = 2
	Publishing    State = 3
	Published     State = 4
	PublishFailed State = 5
	Failed        State = 6
	Cancelled     State = 7
)

// stateRow says how one state is told on every surface.
type stateRow struct {
	name     string
	sentence string // the asapi status, specs section 5
	ended    bool
	success  bool
}

// states is the one table that maps a state to what the doors say of it.
var states = [...]stateRow{
	Pending:       {"pending", "Pending", false, false},
	Running:       {"running", "In progress", false, false},
	WorkComplete:  {"work-complete", "Work complete", false, false},
	Publishing:    {"publishing", "Publish ongoing, with result available", false, false},
	Published:     {"published", "Publish complete", true, true},
	PublishFailed: {"publish-failed", "Publish failed", true, false},
	Failed:        {"failed", "Task did not complete successfully.", true, false},
	Cancelled:     {"cancelled", "Task did not complete successfully.", true, false},
}

// String gives the short name that filters and logs use.
func (s State) String() string {
	if int(s) < len(states) {
		return states[s].name
	}
	return "unknown"
}

// Sentence gives the status text of the asapi surface.
func (s State) Sentence() string { return states[s].sentence }

// Ended reports whether the task will never run again.
func (s State) Ended() bool { return states[s].ended }

// Success reports whether the task ended with its result published.
func (s State) Success() bool { return states[s].success }

// ParseState reads the short name of a state.
func ParseState(name string) (State, error) {
	for i, row := range states {
		if row.name == name {
			return State(i), nil
		}
	}
	return 0, &Error{Code: CodeInvalid, Field: "state", Message: "Unknown state: " + Clip(name, 64)}
}

// Priority orders tasks of all clients; within one, clients take turns.
type Priority uint8

// The priorities, in their order. Their numbers are stored.
const (
	Critical Priority = 0
	Default  Priority = 1
	Low      Priority = 2
)

var priorityNames = [...]string{"critical", "default", "low"}

// String gives the name that a submission uses.
func (p Priority) String() string { return priorityNames[p] }

// Priorities lists them all, most urgent first.
func Priorities() []Priority { return []Priority{Critical, Default, Low} }

// ParsePriority reads a priority's name; the empty string is Default.
func ParsePriority(name string) (Priority, error) {
	if name == "" {
		return Default, nil
	}
	for i, n := range priorityNames {
		if n == name {
			return Priority(i), nil
		}
	}
	return 0, &Error{Code: CodeInvalidParameter, Field: "_priority", Message: "_priority must be critical, default or low."}
}
