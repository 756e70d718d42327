package tracker

import (
	"context"
	"iter"
	"slices"

	"asapi/tasks"
)

// work is what our side and the providers say of one work.
type work struct {
	resource string
	tracked  *Listed // our tracker, as one of the lines has it; nil: there is none
	members  []*member
	left     []tasks.Item // of sides that cannot have it
	stands   map[int]said // what stands, by the part
	write    bool         // something is sent
}

// member is what one provider and our side say of a work.
type member struct {
	*side
	mute  mutes
	key   RecordKey
	line  *Listed // nil: our side knows nothing of the entry
	there *stood  // nil: it is not on the list
	ours  Entry   // what our side would write
	item  tasks.Item

	theirs Facts        // what stands there, with ours where the provider has no words
	said   map[int]said // what goes there, by the part
	gone   bool         // it was on the list when it was last compared
	now    Facts        // what our side says in the end
	apart  bool         // it is left as it is, here and there
	send   bool
	want   Entry
	delta  Change
	got    Entry // how it stands there in the end
}

// gather finds the works of a kind, and what is to be done for each.
func (s *liveSync) gather(ctx context.Context, kind Kind) error {
	found := map[string]*work{}
	at := func(resource string, line *Listed) *work {
		w := found[resource]
		if w == nil {
			w = &work{resource: resource}
			found[resource] = w
			s.works = append(s.works, w)
		}
		if line != nil && w.tracked == nil {
			w.tracked = line
		}
		return w
	}
	claims := s.claims(kind)
	for _, side := range s.sides {
		lines, err := side.listed(ctx, kind, claims)
		if err != nil {
			return err
		}
		for _, line := range lines {
			w := at(line.Tracker.Resource, line)
			if w.has(side) { // two entries of one list for one work are compared apart
				w = &work{resource: w.resource, tracked: line}
				s.works = append(s.works, w)
			}
			w.members = append(w.members, side.member(line.Key, line))
		}
	}
	if err := s.strangers(ctx, kind, claims, at); err != nil {
		return err
	}
	for _, side := range s.sides {
		err := s.store.LeftOut(ctx, s.owner, side.format.Provider(), kind, func(t Tracker, reason string) error {
			if w := found[t.Resource]; w == nil || !w.has(side) {
				s.leave(tasks.Item{Key: t.Resource, Outcome: tasks.Skipped, Reason: reason, Refs: map[string]string{"tracker": t.Name()}})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *work) has(s *side) bool {
	return slices.ContainsFunc(w.members, func(m *member) bool { return m.side == s })
}

// leave plans an item of what no side is asked about.
func (s *liveSync) leave(item tasks.Item) {
	if _, over := s.done[itemName(item)]; over {
		return
	}
	s.total++
	s.left = append(s.left, item)
}

// listed gives our side's lines of a list. They are held in memory: the database must
// not wait for a provider.
func (s *side) listed(ctx context.Context, kind Kind, claims []Claim) (lines []*Listed, err error) {
	err = s.store.ListSaid(ctx, s.owner, s.format.Provider(), kind, claims, func(all iter.Seq2[Listed, error]) error {
		lines = nil
		for line, err := range all {
			if err != nil {
				return err
			}
			lines = append(lines, &line)
		}
		return context.Cause(ctx)
	})
	return lines, err
}

// member makes what a side has of an entry.
func (s *side) member(key RecordKey, line *Listed) *member {
	m := &member{side: s, mute: s.mutes[key.Kind], key: key, line: line, there: s.rows[key], said: map[int]said{}}
	m.item = tasks.Item{Key: key.String(), Outcome: tasks.Unchanged, Refs: map[string]string{}}
	if m.there != nil {
		m.there.taken = true
		m.item.Reason = m.there.Note
	}
	if line != nil {
		m.ours = currentOf(s.format, line)
		m.item.Refs["tracker"] = line.Tracker.Name()
		m.gone = !line.Bare && m.there == nil && line.Base.Status != ""
	}
	if m.there != nil {
		m.theirs = m.mute.heard(m.ours, m.there.Entry)
	}
	return m
}

// base gives what both sides had when they were last alike.
func (m *member) base() (base Facts, known bool) {
	if m.line == nil {
		return Facts{}, false
	}
	return m.line.Base, m.line.Base.Status != ""
}

// strangers finds the works of entries that our side knows nothing of.
func (s *liveSync) strangers(ctx context.Context, kind Kind, claims []Claim, at func(string, *Listed) *work) error {
	for _, side := range s.sides {
		var open []RecordKey
		for _, key := range side.order {
			row := side.rows[key]
			switch {
			case key.Kind != kind || row.taken:
			case row.Fault != "":
				s.leave(faulty(key, row))
			case side.parted[key]:
				s.leave(tasks.Item{Key: key.String(), Outcome: tasks.Skipped, Reason: "Its tracker was deleted here, so it is not brought back; it stays on the list at " + side.format.Title() + ". An import takes it again."})
			default:
				open = append(open, key)
			}
		}
		for some := range slices.Chunk(open, importBatch) {
			want := Want{Records: some, Claims: about(claims, some), Dry: true}
			stands := make([]Resolved, len(some))
			_, err := s.store.Change(ctx, s.run.Fence(), s.owner, want, func(h *Held) error {
				for i, key := range some {
					stands[i] = h.Resolve(key)
				}
				return nil
			})
			if err != nil {
				return err
			}
			for i, key := range some {
				s.stranger(side, key, stands[i], at)
			}
		}
	}
	return nil
}

func faulty(key RecordKey, row *stood) tasks.Item {
	item := tasks.Item{Key: key.String(), Outcome: tasks.ItemFailed, Reason: row.Fault}
	if row.Foreign {
		item.Outcome = tasks.Skipped
	}
	return item
}

// stranger adds an entry to its work, which is new here, and to the lists of the
// other side where the id there is known.
func (s *liveSync) stranger(from *side, key RecordKey, stands Resolved, at func(string, *Listed) *work) {
	w := at(stands.Resource, nil)
	if i := slices.IndexFunc(w.members, func(m *member) bool { return m.side == from }); i >= 0 {
		if w.members[i].key == key {
			return
		}
		w = &work{resource: stands.Resource, tracked: w.tracked}
		s.works = append(s.works, w)
	}
	var line *Listed
	if w.tracked != nil { // our side has the work, from elsewhere
		bare := *w.tracked
		bare.Key, bare.Bare, bare.Base = key, true, Facts{}
		line = &bare
	}
	m := from.member(key, line)
	m.item.Reason = sentences(m.item.Reason, stands.Reason())
	w.members = append(w.members, m)
	for _, other := range s.sides {
		if other == from || w.has(other) || w.tracked != nil {
			continue
		}
		if id, ok := stands.Find(other.format.Provider()); ok && !other.parted[id] {
			w.members = append(w.members, other.member(id, nil))
			continue
		}
		w.left = append(w.left, tasks.Item{Key: w.resource, Outcome: tasks.Skipped, Reason: "No id of this work at " + other.format.Title() + " is known."})
	}
}
