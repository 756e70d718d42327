package tracker

import (
	"strings"
	"time"
)

// FilterKind says what a node of a Filter is.
type FilterKind int

// The kinds of nodes.
const (
	Everything FilterKind = iota // no condition at all
	AllOf                        // every part holds
	AnyOf                        // one part holds
	NoneOf                       // its one part does not hold
	Compares                     // a field is compared
)

// FilterField is a field of a tracker that can be compared.
type FilterField string

// The fields, as filters name them.
const (
	ByResource FilterField = "resource"
	ByState    FilterField = "state"
	ByStart    FilterField = "start_time"
	ByEnd      FilterField = "end_time"
	ByProgress FilterField = "progress_percentage"
)

// Comparison is how a field is compared.
type Comparison string

// The comparisons. A field that has no value compares as false with
// everything, also as not equal.
const (
	Equal        Comparison = "="
	NotEqual     Comparison = "!="
	Less         Comparison = "<"
	LessEqual    Comparison = "<="
	Greater      Comparison = ">"
	GreaterEqual Comparison = ">="
	Begins       Comparison = "begins" // of resources only
	HasValue     Comparison = "has"    // the field has a value
)

// Filter selects trackers; the zero Filter selects all. ParseFilter makes it.
type Filter struct {
	Kind  FilterKind
	Parts []Filter

	// Of a comparison: the field, how, and with what, by the field's type.
	Field  FilterField
	Op     Comparison
	Text   string
	State  State
	Time   time.Time // whole microseconds, as times are kept
	Number float64
}

// Match reports whether the filter selects a tracker of a work.
func (f *Filter) Match(t *Tracker, w Work) bool {
	switch f.Kind {
	case AllOf:
		for i := range f.Parts {
			if !f.Parts[i].Match(t, w) {
				return false
			}
		}
		return true
	case AnyOf:
		for i := range f.Parts {
			if f.Parts[i].Match(t, w) {
				return true
			}
		}
		return false
	case NoneOf:
		return !f.Parts[0].Match(t, w)
	case Compares:
		return f.compare(t, w)
	case Everything:
	}
	return true
}

func (f *Filter) compare(t *Tracker, w Work) bool {
	switch f.Field {
	case ByResource:
		if f.Op == Begins {
			return strings.HasPrefix(t.Resource, f.Text)
		}
		return ordered(f.Op, strings.Compare(t.Resource, f.Text))
	case ByState:
		return ordered(f.Op, int(t.State)-int(f.State))
	case ByStart:
		return !t.Start.IsZero() && ordered(f.Op, t.Start.Compare(f.Time))
	case ByEnd:
		return !t.End.IsZero() && ordered(f.Op, t.End.Compare(f.Time))
	case ByProgress:
		p, known := t.Progress(w)
		switch {
		case !known:
			return false
		case p < f.Number:
			return ordered(f.Op, -1)
		case p > f.Number:
			return ordered(f.Op, 1)
		}
		return ordered(f.Op, 0)
	}
	return false
}

// ordered tells whether a value that is below (-), at (0) or above (+) the
// filter's is selected.
func ordered(op Comparison, order int) bool {
	switch op {
	case Equal:
		return order == 0
	case NotEqual:
		return order != 0
	case Less:
		return order < 0
	case LessEqual:
		return order <= 0
	case Greater:
		return order > 0
	case GreaterEqual:
		return order >= 0
	case HasValue:
		return true
	case Begins:
	}
	return false
}
