package tracker

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"asapi/tasks"
)

// Draft is how a caller wants a tracker to be.
type Draft struct {
	Name     string // its own name for a new tracker; empty: the server makes one
	Resource string // of a work
	State    State
	Start    time.Time // zero: unset
	End      time.Time // zero: unset; not before Start
	// Percentage is the progress set by hand, 0 to 100; nil: it is computed.
	Percentage *float64
	// Completed names the sub-resources that are completed one by one, or the
	// work itself.
	Completed []string
}

// The fields of a tracker, as update masks name them. JSON names are the same
// to a mask: startTime is start_time.
const (
	fieldName       = "name"
	fieldResource   = "resource"
	fieldState      = "state"
	fieldStart      = "start_time"
	fieldEnd        = "end_time"
	fieldPercentage = "progress_percentage"
	fieldCompleted  = "completed_resources"
)

var maskFields = []string{fieldName, fieldResource, fieldState, fieldStart, fieldEnd, fieldPercentage, fieldCompleted}

// maxCompleted is the most completed resources that one call may name.
const maxCompleted = 10_000

// Mask is the fields that an update sets.
type Mask map[string]bool

// ParseMask reads the paths of an update mask; none, or "*", are all fields
// that can change. An unknown path is CodeInvalid of the field "update_mask".
func ParseMask(paths []string) (Mask, error) {
	m := Mask{}
	for _, path := range paths {
		if path == "*" && len(paths) > 1 {
			return nil, &tasks.Error{Code: tasks.CodeInvalid, Field: "update_mask", Message: `update_mask may be "*" alone, or name fields.`}
		}
		if path == "*" {
			continue
		}
		field := snake(path)
		if !slices.Contains(maskFields, field) {
			return nil, &tasks.Error{
				Code: tasks.CodeInvalid, Field: "update_mask",
				Message: fmt.Sprintf("update_mask names %q, which is no field of a tracker; it may name %s.", tasks.Clip(path, 64), strings.Join(maskFields, ", ")),
			}
		}
		m[field] = true
	}
	if len(m) == 0 {
		for _, field := range maskFields[2:] { // name and resource never change
			m[field] = true
		}
	}
	return m, nil
}

// snake turns startTime into start_time.
func snake(path string) string {
	var b strings.Builder
	for _, c := range path {
		if c >= 'A' && c <= 'Z' {
			b.WriteByte('_')
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// invalid makes the fault of one field.
func invalid(field, format string, args ...any) *tasks.Error {
	return &tasks.Error{Code: tasks.CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// check gives the faults of the fields that the mask names, as far as they can
// be seen without the tracker.
func (d *Draft) check(m Mask) tasks.Faults {
	var faults tasks.Faults
	if m[fieldState] && (d.State < Unspecified || int(d.State) >= len(stateNames)) {
		faults = append(faults, invalid(fieldState, "state must be one of %s.", strings.Join(stateNames[:], ", ")))
	}
	for _, at := range []struct {
		field string
		time  time.Time
	}{{fieldStart, d.Start}, {fieldEnd, d.End}} {
		if m[at.field] && !at.time.IsZero() && !plausible(at.time) {
			faults = append(faults, invalid(at.field, "%s must lie in the years 1900 to 9999.", at.field))
		}
	}
	if m[fieldStart] && m[fieldEnd] && plausible(d.End) && d.End.Before(d.Start) {
		faults = append(faults, endBeforeStart())
	}
	if p := d.Percentage; m[fieldPercentage] && p != nil && !(*p >= 0 && *p <= 100) {
		faults = append(faults, invalid(fieldPercentage, "progress_percentage must be 0 to 100, or unset so that it is computed."))
	}
	if m[fieldCompleted] && len(d.Completed) > maxCompleted {
		faults = append(faults, invalid(fieldCompleted, "completed_resources may name at most %d resources.", maxCompleted))
	}
	return faults
}

func endBeforeStart() *tasks.Error {
	return invalid(fieldEnd, "end_time must not be before start_time.")
}

// checkCompleted gives the fault of the first completed resource that is none
// of the work.
func (d *Draft) checkCompleted(m Mask, work string) tasks.Faults {
	if !m[fieldCompleted] {
		return nil
	}
	for _, name := range d.Completed {
		if res, ok := ParseResource(name); !ok || res.AnyWork() || res.Work() != work {
			return tasks.Faults{invalid(fieldCompleted, "completed_resources names %q, which is no part of %s.", tasks.Clip(name, 80), work)}
		}
	}
	return nil
}

// apply brings the fields that the mask names to the tracker. h has what is
// known of the named resources, and of what the tracker completed before.
func (d *Draft) apply(h *Held, t *Tracker, m Mask, now time.Time) error {
	start, end := t.Start, t.End
	if m[fieldStart] {
		start = micros(d.Start)
	}
	if m[fieldEnd] {
		end = micros(d.End)
	}
	if !end.IsZero() && end.Before(start) {
		return endBeforeStart()
	}
	t.Start, t.End = start, end
	if m[fieldState] {
		t.State = d.State
	}
	if m[fieldPercentage] {
		if t.ByHand, t.Percentage = d.Percentage != nil, 0; t.ByHand {
			t.Percentage = *d.Percentage
		}
	}
	if m[fieldCompleted] {
		d.setCompleted(h, t, now)
	}
	return nil
}

// setCompleted makes exactly the named resources the completed ones.
func (d *Draft) setCompleted(h *Held, t *Tracker, now time.Time) {
	given := make(map[string]bool, len(d.Completed))
	for _, name := range d.Completed {
		given[name] = true
	}
	for name, c := range h.AskedDone {
		if given[name] {
			continue
		}
		delete(h.AskedDone, name)
		delete(h.Completed, name)
		h.Undone = append(h.Undone, c)
		if c.Regular {
			t.Counted--
			if c.Ordinal > t.FirstDone {
				t.Beyond--
			}
		}
	}
	end := t.End
	for _, name := range d.Completed {
		res, _ := ParseResource(name)
		part := Part{Resource: name, Type: RegularType}
		if known := h.Parts[name]; len(known) > 0 {
			part = known[0]
		}
		complete(h, t, res, part, now)
	}
	if !end.IsZero() {
		t.End = end // a time that stands was set by somebody who knew
	}
	if t.End.Before(t.Start) {
		t.End = end
	}
}

// micros cuts a time to what is kept.
func micros(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Microsecond)
}
