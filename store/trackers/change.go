package trackers

import (
	"context"
	"maps"
	"slices"

	"gorm.io/gorm"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// Change implements tracker.Store.
func (s *Store) Change(ctx context.Context, run tasks.Fence, owner tracker.Owner, want tracker.Want, fn func(*tracker.Held) error) ([]tasks.Item, error) {
	var items []tasks.Item
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		h, err := s.change(tx, run, owner, want, fn)
		if err != nil {
			return err
		}
		items = named(h.Outcomes)
		if err := s.db.RecordItems(tx, run, items); err != nil {
			return err
		}
		return s.db.KeepNotes(tx, run, want.Notes)
	})
	return items, err
}

// Write implements tracker.LibraryStore.
func (s *Store) Write(ctx context.Context, owner tracker.Owner, want tracker.Want, fn func(*tracker.Held) error) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := s.ensureUser(tx, owner); err != nil {
			return err
		}
		_, err := s.change(tx, tasks.Fence{}, owner, want, fn)
		return err
	})
}

// change lets fn change what the owner holds, and keeps it.
func (s *Store) change(tx *gorm.DB, run tasks.Fence, owner tracker.Owner, want tracker.Want, fn func(*tracker.Held) error) (*tracker.Held, error) {
	if err := s.lock(tx, owner); err != nil {
		return nil, err
	}
	if err := s.ownerThere(tx, owner); err != nil {
		return nil, err
	}
	refs, err := s.resolve(tx, owner.Client, want)
	if err != nil {
		return nil, err
	}
	h, err := s.load(tx, owner, want.Under(refs))
	if err != nil {
		return nil, err
	}
	h.Refs = refs
	before := snapshot(h)
	if err := fn(h); err != nil {
		return nil, err
	}
	return h, s.keep(tx, run, h, before, want)
}

// keep saves what fn changed, as far as the change is to be kept.
func (s *Store) keep(tx *gorm.DB, run tasks.Fence, h *tracker.Held, before held, want tracker.Want) error {
	switch {
	case want.Dry:
		return nil
	case !want.Journal:
		return s.save(tx, h, before, "")
	}
	j, err := s.watch(tx, h.Owner.Client, touched(h, before))
	if err != nil {
		return err
	}
	task := run.Task.String()
	if err := s.save(tx, h, before, task); err != nil {
		return err
	}
	place := firstItems(h)
	return j.keep(tx, task, func(t *tracker.Tracker) int64 { return place[t.ID] })
}

// sameTracker reports whether a tracker needs no update.
func sameTracker(a, b tracker.Tracker) bool {
	return a.State == b.State && a.Start.Equal(b.Start) && a.End.Equal(b.End) && a.FirstDone == b.FirstDone &&
		a.ByHand == b.ByHand && a.Percentage == b.Percentage
}

// held is how things were before a change.
type held struct {
	trackers map[int64]tracker.Tracker
	works    map[string]tracker.Work
	records  map[tracker.RecordKey]tracker.Record
}

func snapshot(h *tracker.Held) held {
	before := held{map[int64]tracker.Tracker{}, map[string]tracker.Work{}, map[tracker.RecordKey]tracker.Record{}}
	for _, t := range h.Trackers {
		before.trackers[t.ID] = *t
	}
	for name, w := range h.Works {
		before.works[name] = *w
	}
	for key, r := range h.Records {
		before.records[key] = *r
	}
	return before
}

// named gives the items of the outcomes with the names of their trackers.
func named(outcomes []tracker.Outcome) []tasks.Item {
	items := make([]tasks.Item, len(outcomes))
	for i, o := range outcomes {
		items[i] = o.Item
		if o.Tracker != nil && o.Tracker.ID != 0 {
			refs := maps.Clone(o.Item.Refs)
			if refs == nil {
				refs = map[string]string{}
			}
			refs["tracker"] = o.Tracker.Name()
			items[i].Refs = refs
		}
	}
	return items
}

// save writes what differs from before: nothing where nothing changed. What it brings
// to members of an audience is journaled for the task, where one is given.
func (s *Store) save(tx *gorm.DB, h *tracker.Held, before held, task string) error {
	var made, changed []*tracker.Tracker
	for _, t := range h.Trackers {
		if was, ok := before.trackers[t.ID]; t.ID == 0 {
			made = append(made, t)
		} else if !ok || !sameTracker(was, *t) {
			changed = append(changed, t)
		}
	}
	steps := []func() error{
		func() error { return s.insertTrackers(tx, h.Owner.Client, inOrder(made, h)) },
		func() error { return s.updateTrackers(tx, changed) },
		func() error { return s.saveRecords(tx, h, before) },
		func() error { return s.saveWorks(tx, h, before) },
		func() error { return s.deleteCompletions(tx, h.Undone) },
		func() error { return s.insertCompletions(tx, h.Completions) },
		func() error { return s.insertActivities(tx, h) },
		func() error { return s.insertNoted(tx, h) },
		func() error { return s.noteConsumed(tx, h, before, task) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// inOrder sorts new trackers as their items stand in the input, so that a list
// is given back in the order it came.
func inOrder(made []*tracker.Tracker, h *tracker.Held) []*tracker.Tracker {
	place := make(map[*tracker.Tracker]int, len(made))
	for i, o := range h.Outcomes {
		if _, ok := place[o.Tracker]; !ok {
			place[o.Tracker] = i
		}
	}
	slices.SortFunc(made, func(a, b *tracker.Tracker) int { return place[a] - place[b] })
	return made
}
