package tracker

import (
	"context"
	"time"

	"asapi/tasks"
)

// Library holds the use cases of trackers, audiences and credentials. Doors and
// actions make one call to it. Every call names the client, and sees and changes
// what is that client's only; somebody else's is CodeNotFound, like what does
// not exist. Faults of fields are CodeInvalid with the field's name, all at once
// (tasks.Faults); a second of its kind is CodeUnique.
type Library struct {
	store  Store
	sealer tasks.Sealer
	now    func() time.Time
	// reached are the providers whose APIs are reached.
	reached map[Provider]bool
}

// NewLibrary makes a Library. The sealer keeps credentials, and binds page
// tokens to what they were made for.
func NewLibrary(store Store, sealer tasks.Sealer) *Library {
	return &Library{store: store, sealer: sealer, now: time.Now}
}

// CreateTracker makes a tracker of a work under users/{user} or
// audiences/{audience}. A user's account is registered where it does not exist.
// There is one tracker for a parent and a resource: CodeUnique for a second one.
func (l *Library) CreateTracker(ctx context.Context, client tasks.ClientID, parent string, d Draft) (View, error) {
	owner, err := ownerNamed(client, parent)
	if err != nil {
		return View{}, err
	}
	all, err := ParseMask(nil)
	if err != nil {
		return View{}, err
	}
	faults := d.check(all)
	res, ok := ParseResource(d.Resource)
	if ok && !res.IsPart() {
		faults = append(faults, d.checkCompleted(all, d.Resource)...)
	} else {
		faults = append(faults, invalid(fieldResource, "resource must name a work, such as animes/7, graphicNovels/7, lightNovels/7 or visualNovels/7."))
	}
	own, fault := d.ownID(owner)
	if fault != nil {
		faults = append(faults, fault)
	}
	if len(faults) > 0 {
		return View{}, faults.Err()
	}
	var made *Tracker
	err = l.store.Write(ctx, owner, Want{ID: own, Works: []string{d.Resource}, Parts: partsIn(d.Completed)}, func(h *Held) error {
		if h.Asked != nil {
			return &tasks.Error{Code: tasks.CodeUnique, Field: fieldName, Message: "There is a tracker with this name already."}
		}
		d.Resource, d.Completed = h.Refs.Canonical(res).String(), h.Refs.canonical(d.Completed)
		t, fresh := h.Tracker(d.Resource)
		if !fresh {
			return &tasks.Error{Code: tasks.CodeUnique, Field: fieldResource, Message: "There is a tracker of this resource already: " + t.Name() + "."}
		}
		made, t.Own = t, own
		return d.apply(h, t, all, l.now())
	})
	if err != nil {
		return View{}, err
	}
	return l.store.View(ctx, owner, made.LocalID())
}

// ownID gives the id that the caller wants a new tracker to have.
func (d *Draft) ownID(owner Owner) (string, *tasks.Error) {
	if d.Name == "" {
		return "", nil
	}
	n, err := ParseTrackerName(d.Name)
	if err != nil || n.Parent != owner.Parent {
		return "", invalid(fieldName, "name must be empty or read %s/trackers/{tracker}, with an id of letters, digits and -_.~ of at most %d bytes.", owner.Parent, maxOwnID)
	}
	return n.ID, nil
}

// GetTracker finds a tracker by its name.
func (l *Library) GetTracker(ctx context.Context, client tasks.ClientID, name string) (View, error) {
	n, err := ParseTrackerName(name)
	if err != nil {
		return View{}, err
	}
	return l.store.View(ctx, Owner{client, n.Parent}, n.ID)
}

// UpdateTracker sets the fields of a tracker that the mask names (see ParseMask)
// to those of the draft. The name of the draft is not looked at, and its
// resource only when the mask names it: it cannot change.
func (l *Library) UpdateTracker(ctx context.Context, client tasks.ClientID, name string, d Draft, mask []string) (View, error) {
	n, err := ParseTrackerName(name)
	if err != nil {
		return View{}, err
	}
	m, err := ParseMask(mask)
	if err != nil {
		return View{}, err
	}
	faults := d.check(m)
	if m[fieldName] && d.Name != "" && d.Name != name {
		faults = append(faults, invalid(fieldName, "The name of a tracker cannot change."))
	}
	if len(faults) > 0 {
		return View{}, faults.Err()
	}
	owner := Owner{client, n.Parent}
	var want Want
	if want.ID = n.ID; m[fieldCompleted] {
		want.Parts = partsIn(d.Completed)
	}
	err = l.store.Write(ctx, owner, want, func(h *Held) error {
		t := h.Asked
		if t == nil {
			return errNoTracker(n)
		}
		if m[fieldResource] && d.Resource != t.Resource {
			return invalid(fieldResource, "The resource of a tracker cannot change; delete it and create another.")
		}
		if faults := d.checkCompleted(m, t.Resource); len(faults) > 0 {
			return faults.Err()
		}
		return d.apply(h, t, m, l.now())
	})
	if err != nil {
		return View{}, err
	}
	return l.store.View(ctx, owner, n.ID)
}

// DeleteTracker deletes a tracker with its activities and what lists said of it,
// in bounded steps. Interrupted, it can be called again.
func (l *Library) DeleteTracker(ctx context.Context, client tasks.ClientID, name string) error {
	n, err := ParseTrackerName(name)
	if err != nil {
		return err
	}
	return l.store.Discard(ctx, Owner{client, n.Parent}, n.ID)
}

// partsIn gives those of the names that are sub-resources.
func partsIn(names []string) []string {
	parts := make([]string, 0, len(names))
	for _, name := range names {
		if res, ok := ParseResource(name); ok && res.IsPart() && !res.AnyWork() {
			parts = append(parts, name)
		}
	}
	return parts
}

func ownerNamed(client tasks.ClientID, parent string) (Owner, error) {
	canonical, err := ParseParent(parent)
	return Owner{client, canonical}, err
}

// errNoTracker is what a tracker that is not there answers.
func errNoTracker(n TrackerName) error {
	return &tasks.Error{Code: tasks.CodeNotFound, Field: fieldName, Message: "There is no tracker " + n.String() + "."}
}

// ErrNoTracker is the error of a tracker that the owner does not have.
func ErrNoTracker(owner Owner, id string) error { return errNoTracker(TrackerName{owner.Parent, id}) }

// ErrNoAudience is the error of an audience that the client does not have.
func ErrNoAudience(id string) error {
	return &tasks.Error{Code: tasks.CodeNotFound, Field: "audience", Message: "There is no audience " + audiences + id + "."}
}
