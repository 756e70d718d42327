package xref

import (
	"fmt"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// maxIDs bounds how many ids one row may name.
const maxIDs = 100

// Row is one row of a reference file.
type Row struct {
	Line int64 // where it begins, from 1
	// Keys are the ids that are the same work, and where it lives, sorted.
	Keys []tracker.RecordKey
	// Fault says why the row cannot be taken; empty: it can.
	Fault string
	// Title, Type and Regular are what the file says of the work besides: its
	// type in the file's own word, and its count of episodes; 0: unknown.
	Title   string
	Type    string
	Regular int64
}

func (r *Row) wrong(format string, args ...any) {
	if r.Fault == "" {
		r.Fault = fmt.Sprintf(format, args...)
	}
}

// add takes over an id; empty and 0 stand for an unknown one.
func (r *Row) add(p tracker.Provider, kind tracker.Kind, id string) {
	switch id = strings.TrimSpace(id); {
	case id == "" || id == "0":
	case p == tracker.MangaDex && tracker.ValidID(p, strings.ToLower(id)):
		r.Keys = append(r.Keys, tracker.RecordKey{Provider: p, Kind: kind, NativeID: strings.ToLower(id)})
	case !tracker.ValidID(p, id):
		r.wrong("%q is no id of %s.", tasks.Clip(id, 40), tracker.Titles[p])
	default:
		r.Keys = append(r.Keys, tracker.RecordKey{Provider: p, Kind: kind, NativeID: id})
	}
}

// done sorts the ids and drops repetitions.
func (r *Row) done() {
	tracker.SortKeys(r.Keys)
	kept := r.Keys[:0]
	for i, k := range r.Keys {
		if i == 0 || k != r.Keys[i-1] {
			kept = append(kept, k)
		}
	}
	if r.Keys = kept; len(kept) > maxIDs {
		r.wrong("The row names %d ids, more than the %d that a row may name.", len(kept), maxIDs)
	}
}
