package tracker

import (
	"fmt"
	"time"
)

// Date is a calendar day of which the day, or the month too, may be unknown.
// The zero Date is unset. Lists keep days, not moments: no zone ever moves one.
type Date struct {
	Year  int `json:"y,omitempty"`
	Month int `json:"m,omitempty"` // 0: unknown
	Day   int `json:"d,omitempty"` // 0: unknown
}

// DateOf gives the day of a moment in UTC; the zero time is unset.
func DateOf(t time.Time) Date {
	if t.IsZero() {
		return Date{}
	}
	t = t.UTC()
	return Date{t.Year(), int(t.Month()), t.Day()}
}

// IsZero reports whether the date is unset.
func (d Date) IsZero() bool { return d == Date{} }

// Valid reports whether the known parts are a day that exists.
func (d Date) Valid() bool {
	if d.IsZero() {
		return true
	}
	if d.Year < 1 || d.Year > 9999 || d.Month < 0 || d.Month > 12 || d.Day < 0 || (d.Month == 0 && d.Day > 0) {
		return false
	}
	return d.Day == 0 || time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC).Day() == d.Day
}

// Earliest gives the first instant of the known part, in UTC.
func (d Date) Earliest() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, time.Month(max(d.Month, 1)), max(d.Day, 1), 0, 0, 0, 0, time.UTC)
}

// Covers reports whether other lies in the period that d's known part is.
func (d Date) Covers(other Date) bool {
	return !d.IsZero() && d.Year == other.Year &&
		(d.Month == 0 || d.Month == other.Month) && (d.Day == 0 || d.Day == other.Day)
}

// String gives the date with zeros for what is unknown, such as 2024-05-00.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// mergeDate never clears a date and never makes it less precise.
func mergeDate(old, given Date) Date {
	if given.IsZero() || given.Covers(old) {
		return old
	}
	return given
}
