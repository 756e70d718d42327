package tracker

import (
	"context"
	"strconv"
	"strings"

	"asapi/tasks"
)

// ActivityName gives the name of an activity of a tracker.
func ActivityName(tracker string, id int64) string {
	return tracker + "/activities/" + strconv.FormatInt(id, 10)
}

// CreateActivity adds an activity to the tracker that is its parent, by the
// rules of process-activities. Its resource must be the tracker's work or a part
// of it. It gives the activity as it was kept, with its name.
func (l *Library) CreateActivity(ctx context.Context, client tasks.ClientID, parent string, d Deed) (string, Activity, error) {
	n, err := ParseTrackerName(parent)
	if err != nil {
		return "", Activity{}, err
	}
	if faults := d.check(); len(faults) > 0 {
		return "", Activity{}, faults.Err()
	}
	owner := Owner{client, n.Parent}
	if res, _ := ParseResource(d.Resource); res.AnyWork() { // the parent says which work it is
		v, err := l.store.View(ctx, owner, n.ID)
		if err != nil {
			return "", Activity{}, err
		}
		if collection, id, _ := strings.Cut(v.Resource, "/"); collection == res.Collection {
			res.ID = id
			d.Resource = res.String()
		}
	}
	if res, _ := ParseResource(d.Resource); atOnce(res) && d.Length == 0 && !d.Completed {
		number, noted, err := l.store.NoteActivity(ctx, owner, n.ID, d.Activity)
		if err != nil {
			return "", Activity{}, err
		}
		if noted {
			d.ID = number
			return ActivityName(n.String(), number), d.Activity, nil
		}
	}
	var kept *Activity
	err = l.store.Write(ctx, owner, Want{ID: n.ID, Parts: partsIn([]string{d.Resource})}, func(h *Held) error {
		t := h.Asked
		if t == nil {
			return errNoTracker(n)
		}
		if res, _ := ParseResource(d.Resource); res.Work() != t.Resource && h.Refs.Canonical(res).Work() != t.Resource {
			return invalid(fieldResource, "The activity's resource is no part of %s, the resource of its tracker.", t.Resource)
		}
		track(h, 0, d)
		kept = &h.Activities[len(h.Activities)-1]
		h.Activities, h.Noted = nil, kept
		return nil
	})
	if err != nil {
		return "", Activity{}, err
	}
	return ActivityName(n.String(), kept.ID), *kept, nil
}

// atOnce reports whether a resource names one work, by an id that the provider it may
// be derived from can have.
func atOnce(r Resource) bool {
	_, known := KeyOf(r.Work())
	return !r.AnyWork() && (known || !r.Derived())
}

// DeleteActivity deletes one activity. What it completed stays completed.
func (l *Library) DeleteActivity(ctx context.Context, client tasks.ClientID, name string) error {
	n, id, err := ParseActivityName(name)
	if err != nil {
		return err
	}
	return l.store.DropActivity(ctx, Owner{client, n.Parent}, n.ID, id)
}

// check gives every fault of an activity that is created.
func (d *Deed) check() tasks.Faults {
	var faults tasks.Faults
	if _, ok := ParseResource(d.Resource); !ok {
		faults = append(faults, invalid(fieldResource, "resource must read like animes/7/episodes/12 or graphicNovels/7/chapters/3."))
	}
	if !validPlatform(d.Platform) {
		faults = append(faults, invalid("platform", "platform must be a name of 1 to %d bytes.", maxPlatform))
	}
	if d.From < 0 || d.From > maxSpan {
		faults = append(faults, invalid("from", "from must be a second or a page, 0 or more."))
	}
	if d.To < d.From || d.To > maxSpan {
		faults = append(faults, invalid("to", "to must be a second or a page, not below from."))
	}
	if !plausible(d.Start) {
		faults = append(faults, invalid(fieldStart, "start_time must be given, in the years 1900 to 9999."))
	}
	switch {
	case !plausible(d.End):
		faults = append(faults, invalid(fieldEnd, "end_time must be given, in the years 1900 to 9999."))
	case d.End.Before(d.Start):
		faults = append(faults, invalid(fieldEnd, "end_time must not be before start_time."))
	}
	d.Start, d.End = micros(d.Start), micros(d.End)
	return faults
}
