package tracker

import (
	"fmt"
	"time"

	"asapi/tasks"
)

// The neutral form is our own: one JSON document with all that is kept of the
// trackers of an account. docs/services/tracker.md describes it.
const (
	neutralFormat  = "asapi-trackers"
	neutralVersion = 1
)

// Whole is all that is kept of a tracker, or a further piece of it.
type Whole struct {
	Tracker    Tracker
	Work       Work
	Records    []Record // without their tracker
	Completed  []Completion
	Activities []Repeated
	Continued  bool // the tracker began in an element before: only its resource, and Completed or Activities
	More       bool // the tracker goes on in the next element
}

// Repeated is an activity and how often there is the same.
type Repeated struct {
	Activity
	Times int64
}

// wholeDoc is one element of the document.
type wholeDoc struct {
	Tracker    string         `json:"tracker,omitempty"`
	ID         string         `json:"id,omitempty"` // one that the owner chose
	Resource   string         `json:"resource"`
	Continued  bool           `json:"continued,omitempty"`
	More       bool           `json:"more,omitempty"`
	Title      string         `json:"title,omitempty"`
	Regular    int64          `json:"regular,omitempty"`
	State      string         `json:"state,omitempty"`
	Begun      string         `json:"startTime,omitempty"`
	Ended      string         `json:"endTime,omitempty"`
	Percent    *float64       `json:"progressPercentage,omitempty"`
	ByHand     bool           `json:"setByHand,omitempty"`
	Done       int64          `json:"done,omitempty"`
	Completed  []completedDoc `json:"completed,omitempty"`
	Records    []recordDoc    `json:"records,omitempty"`
	Activities []repeatedDoc  `json:"activities,omitempty"`
}

type completedDoc struct {
	Resource string `json:"resource"`
	Number   int64  `json:"number,omitempty"`
	Regular  bool   `json:"regular,omitempty"`
	Time     string `json:"time,omitempty"`
}

type recordDoc struct {
	Provider Provider `json:"provider"`
	Kind     Kind     `json:"kind"`
	ID       string   `json:"id"`
	Entry
}

type repeatedDoc struct {
	Resource string `json:"resource"`
	Platform string `json:"platform"`
	From     int64  `json:"from"`
	To       int64  `json:"to"`
	Start    string `json:"start"`
	End      string `json:"end"`
	Times    int64  `json:"times,omitempty"` // 0: once
}

func docOf(w *Whole) wholeDoc {
	d := wholeDoc{Resource: w.Tracker.Resource, Continued: w.Continued, More: w.More}
	if !w.Continued {
		d.Tracker, d.ID, d.Title, d.Regular = w.Tracker.Name(), w.Tracker.Own, w.Work.Title, w.Work.Regular
		d.State, d.Begun, d.Ended = w.Tracker.State.String(), stamp(w.Tracker.Start), stamp(w.Tracker.End)
		d.Done, d.ByHand = w.Tracker.FirstDone, w.Tracker.ByHand
		if p, known := w.Tracker.Progress(w.Work); known {
			d.Percent = &p
		}
	}
	for _, c := range w.Completed {
		d.Completed = append(d.Completed, completedDoc{c.Resource, c.Ordinal, c.Regular, stamp(c.At)})
	}
	for _, r := range w.Records {
		d.Records = append(d.Records, recordDoc{r.Key.Provider, r.Key.Kind, r.Key.NativeID, r.Entry})
	}
	for _, a := range w.Activities {
		doc := repeatedDoc{a.Resource, a.Platform, a.From, a.To, stamp(a.Start), stamp(a.End), a.Times}
		if doc.Times == 1 {
			doc.Times = 0
		}
		d.Activities = append(d.Activities, doc)
	}
	return d
}

// whole checks an element; fault says what is wrong with it.
func (d *wholeDoc) whole() (w Whole, fault string) {
	res, ok := ParseResource(d.Resource)
	if !ok || res.IsPart() {
		return w, fmt.Sprintf("resource must be the name of a work, such as animes/7, not %q.", tasks.Clip(d.Resource, 80))
	}
	w = Whole{Continued: d.Continued, More: d.More, Work: Work{Resource: d.Resource, Title: d.Title, Regular: max(d.Regular, 0)}}
	w.Tracker.Resource = d.Resource
	checks := []func() string{
		func() string { return d.visible(&w.Tracker) },
		func() string { return d.completed(&w, res) },
		func() string { return d.records(&w) },
		func() string { return d.activities(&w, res) },
	}
	for _, check := range checks {
		if fault := check(); fault != "" {
			return w, fault
		}
	}
	return w, ""
}

func (d *wholeDoc) visible(t *Tracker) (fault string) {
	if d.Continued {
		return ""
	}
	state, ok := stateOf(d.State)
	if !ok {
		return fmt.Sprintf("state must be STATE_UNSPECIFIED, IN_PROGRESS, COMPLETED or ON_HOLD, not %q.", tasks.Clip(d.State, 40))
	}
	t.State = state
	if t.Own = d.ID; t.Own != "" && !validOwnID(t.Own) {
		return fmt.Sprintf("id must hold letters, digits and -_.~ only, and at most %d bytes.", maxOwnID)
	}
	var good bool
	if t.Start, good = momentOf(d.Begun); !good {
		return "startTime must be a date-time such as 2026-11-22T10:00:00Z."
	}
	if t.End, good = momentOf(d.Ended); !good || (!t.End.IsZero() && t.End.Before(t.Start)) {
		return "endTime must be a date-time such as 2026-11-22T10:20:00Z that is not before startTime."
	}
	if t.FirstDone = d.Done; d.Done < 0 || d.Done > maxSpan {
		return "done must be a count of episodes or chapters."
	}
	if t.ByHand = d.ByHand; d.ByHand {
		if d.Percent == nil || !(*d.Percent >= 0 && *d.Percent <= 100) {
			return "progressPercentage must be from 0 to 100."
		}
		t.Percentage = *d.Percent
	}
	return ""
}

func (d *wholeDoc) completed(w *Whole, work Resource) (fault string) {
	for _, c := range d.Completed {
		res, ok := ParseResource(c.Resource)
		at, good := momentOf(c.Time)
		if !ok || res.Work() != work.Work() || !good || c.Number < 0 || c.Number > maxSpan {
			return fmt.Sprintf("The completed resource %q is no part of %s, or its number or time is none.", tasks.Clip(c.Resource, 80), work)
		}
		w.Completed = append(w.Completed, Completion{Resource: c.Resource, Ordinal: c.Number, Regular: c.Regular && res.IsPart(), At: at})
	}
	return ""
}

func (d *wholeDoc) records(w *Whole) (fault string) {
	for _, r := range d.Records {
		key := RecordKey{r.Provider, r.Kind, r.ID}
		name := tasks.Clip(key.String(), 80)
		if Titles[r.Provider] == "" || r.Provider == ownName || collectionsOf[r.Kind] == nil {
			return fmt.Sprintf("The record %q names no provider or kind of list that is known here.", name)
		}
		if fault := keyFault(r.ID); fault != "" {
			return fault
		}
		if !r.Sane() {
			return fmt.Sprintf("The record %q holds a status, a count, a score or a date that is none.", name)
		}
		w.Records = append(w.Records, Record{Key: key, Entry: r.Entry})
	}
	return ""
}

// maxRepeats bounds how many activities one element may stand for.
const maxRepeats = 100_000

func (d *wholeDoc) activities(w *Whole, work Resource) (fault string) {
	var sum int64
	for _, a := range d.Activities {
		var deed Deed
		res, ok := ParseResource(a.Resource)
		if !ok || res.Work() != work.Work() {
			return fmt.Sprintf("The activity's resource %q is no part of %s.", tasks.Clip(a.Resource, 80), work)
		}
		if fault := spanFault(a.Platform, a.From, a.To); fault != "" {
			return "An activity: " + fault
		}
		if fault := deed.span(a.Start, a.End); fault != "" {
			return "An activity: " + fault
		}
		times := max(a.Times, 1)
		if sum += times; times > maxRepeats || sum > maxRepeats {
			return fmt.Sprintf("One element stands for more than %d activities.", maxRepeats)
		}
		deed.Resource, deed.Platform, deed.From, deed.To = a.Resource, a.Platform, a.From, a.To
		w.Activities = append(w.Activities, Repeated{deed.Activity, times})
	}
	return ""
}

// momentOf reads a date-time; empty: none.
func momentOf(text string) (t time.Time, ok bool) {
	if text == "" {
		return t, true
	}
	t, err := time.Parse(time.RFC3339, text)
	return t.UTC().Truncate(time.Microsecond), err == nil && t.Year() >= 1 && t.Year() <= 9999
}
