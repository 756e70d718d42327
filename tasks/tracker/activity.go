package tracker

import (
	"fmt"
	"strings"
	"time"

	"asapi/tasks"
)

// Activity says that its owner covered a part of a resource: seconds, or pages,
// from one to another, on some platform, in some time. It never changes, and
// the same again is a repeat.
type Activity struct {
	ID       int64 // 0: not kept yet, or not asked for
	Tracker  *Tracker
	Resource string
	Platform string
	From     int64 // seconds or pages; 0 or more
	To       int64 // not below From
	Start    time.Time
	End      time.Time // not before Start
}

// Deed is an activity as it is reported: with what says whether it reached the
// end of its resource.
type Deed struct {
	Activity
	Length    int64 // of the resource; 0: look it up
	Completed bool  // said outright
}

// track applies one deed to what the owner holds and settles its item.
func track(h *Held, index int64, d Deed) {
	item := tasks.Item{Index: index, Key: d.Resource, Outcome: tasks.Created}
	res, _ := ParseResource(d.Resource)
	res = h.Refs.Canonical(res)
	part, reason := findPart(h, res)
	if reason != "" {
		item.Outcome, item.Reason = tasks.ItemFailed, reason
		h.Settle(item, nil)
		return
	}
	res, _ = ParseResource(part.Resource)
	t, made := h.Tracker(res.Work())
	t.begin(d.Activity, made)
	d.Tracker, d.Resource = t, part.Resource
	h.Activities = append(h.Activities, d.Activity)
	if d.reachesEnd(part) && complete(h, t, res, part, d.End) {
		item.Reason = "Completed " + part.Resource + "."
	}
	h.Settle(item, t)
}

// findPart gives what is known of the resource, and which it is where its name
// leaves the work open.
func findPart(h *Held, res Resource) (part Part, reason string) {
	known := h.Parts[res.String()]
	switch {
	case !res.IsPart():
		return Part{Resource: res.String()}, ""
	case len(known) == 1:
		return known[0], ""
	case !res.AnyWork():
		return Part{Resource: res.String(), Type: RegularType}, ""
	case len(known) == 0:
		return part, fmt.Sprintf("It is not known which work %s is part of; name the work, as in %s/{id}/%s.", res.Part(), res.Collection, res.Part())
	}
	works := make([]string, 0, 3)
	for _, p := range known[:min(len(known), 3)] {
		works = append(works, p.Resource)
	}
	return part, fmt.Sprintf("Several works have %s (%s); name the one that is meant.", res.Part(), strings.Join(works, ", "))
}

// reachesEnd decides whether the activity completes its resource. Where the
// length is unknown nothing completes by itself.
func (d Deed) reachesEnd(part Part) bool {
	length := d.Length
	if length == 0 {
		length = part.Length
	}
	return d.Completed || (length > 0 && d.To >= length)
}

// begin makes the tracker one of something that is being watched or read. A
// completed one stays so: this is a repeat.
func (t *Tracker) begin(a Activity, made bool) {
	if t.State == Completed {
		return
	}
	t.State = InProgress
	if (made || t.Start.IsZero()) && (t.End.IsZero() || !t.End.Before(a.Start)) {
		t.Start = a.Start
	}
}

// complete adds the resource to the tracker's completed ones, once, and
// completes the tracker when nothing regular is left.
func complete(h *Held, t *Tracker, res Resource, part Part, at time.Time) (added bool) {
	name := res.String()
	if h.Completed[name] {
		return false
	}
	h.Completed[name] = true
	work := h.Works[t.Resource]
	if work == nil {
		work = &Work{}
	}
	c := Completion{Tracker: t, Resource: name, At: at, Regular: res.IsPart() && part.Type == RegularType, Ordinal: part.Ordinal}
	if c.Regular && c.Ordinal == 0 {
		c.Ordinal = res.Ordinal(work.Regular)
	}
	h.Completions = append(h.Completions, c)
	if number := part.Numbered(); c.Regular && h.Numbered[number] {
		// It is the same part, which keeps the name that says more.
		h.Undone = append(h.Undone, Completion{Tracker: t, Resource: number})
		delete(h.Numbered, number)
	} else if c.Regular {
		t.Counted++
		if c.Ordinal > t.FirstDone {
			t.Beyond++
		}
	}
	if t.State != Completed && (!res.IsPart() || (work.Regular > 0 && t.Done() >= work.Regular)) {
		t.State = Completed
		if t.End.IsZero() || t.End.Before(at) {
			t.End = at
		}
	}
	return true
}
