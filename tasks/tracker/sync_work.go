package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"asapi/tasks"
)

// syncBatch is how many works share a transaction, of which nothing is sent.
const syncBatch = 200

// work decides every work that has no items yet, and does what was decided: what needs
// no request first, then work by work.
func (s *liveSync) work(ctx context.Context) error {
	var here, there []*work
	for _, w := range s.works {
		if _, over := s.done[w.members[0].item.Key]; over {
			continue
		}
		s.decide(w)
		s.total += int64(len(w.members) + len(w.left))
		for _, m := range w.members {
			if m.item.Refs["conflict"] != "" {
				s.conflicts++
			}
		}
		if w.write && !s.dry {
			there = append(there, w)
		} else {
			here = append(here, w)
		}
	}
	s.run.Expect(s.total)
	for some := range slices.Chunk(s.left, importBatch) {
		if err := s.record(ctx, some); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(here, syncBatch) {
		if err := s.keep(ctx, some); err != nil {
			return err
		}
	}
	return s.send(ctx, there)
}

// send sends what providers have to learn of works, and keeps what became of each.
func (s *liveSync) send(ctx context.Context, works []*work) error {
	kept, err := s.sent(ctx, works)
	if err != nil {
		return err
	}
	for _, w := range works {
		for _, side := range s.sides {
			if err := side.step(ctx); err != nil {
				return err
			}
		}
		for _, m := range w.members {
			if err := m.bring(ctx, kept, w.sends() > 1); err != nil {
				return err
			}
		}
		if err := s.keep(ctx, []*work{w}); err != nil {
			return err
		}
	}
	return nil
}

// record records items of which nothing is kept besides.
func (s *liveSync) record(ctx context.Context, items []tasks.Item) error {
	for i := range items {
		items[i].Index = s.next
		s.next++
	}
	return s.run.Record(ctx, items...)
}

// did names the note of how an entry stands that was sent, until its work is kept.
func did(key string) string { return "did:" + key }

// sends counts the entries of a work that are sent.
func (w *work) sends() (n int) {
	for _, m := range w.members {
		if m.send {
			n++
		}
	}
	return n
}

// sent gives what attempts before this one noted of works that they did not live to
// keep.
func (s *liveSync) sent(ctx context.Context, works []*work) (tasks.Notes, error) {
	names := []string{doing}
	for _, w := range works {
		for _, m := range w.members {
			if w.sends() > 1 {
				names = append(names, did(m.item.Key))
			}
		}
	}
	return s.run.Noted(ctx, names...)
}

// bring sends what a member has to learn; kept are the notes of attempts before this
// one. More is to be sent of the work when several says so: then it is noted what was.
func (m *member) bring(ctx context.Context, kept tasks.Notes, several bool) error {
	if !m.send {
		return nil
	}
	name := m.item.Key
	doubted := kept[doing] == name
	if kept[did(name)] != "" {
		if err := json.Unmarshal([]byte(kept[did(name)]), &m.got); err != nil {
			return fmt.Errorf("decode how %s was written: %w", name, err)
		}
		return nil
	}
	if !doubted {
		if err := m.run.Note(ctx, tasks.Notes{doing: name}); err != nil {
			return err
		}
	}
	d := &deed{key: m.key, name: name, want: m.want, change: m.delta, item: m.item}
	if err := m.liveRun.send(ctx, d, doubted); err != nil {
		return err
	}
	if m.item = d.item; m.item.Outcome == tasks.ItemFailed {
		m.apart = true
		return nil
	}
	if m.got = d.got; !several {
		return nil
	}
	text, err := json.Marshal(m.got)
	if err != nil {
		return fmt.Errorf("encode how %s was written: %w", name, err)
	}
	return m.run.Note(ctx, tasks.Notes{doing: "", did(name): string(text)})
}

// keep keeps what became of works, with their items.
func (s *liveSync) keep(ctx context.Context, works []*work) error {
	want := Want{Singles: true, Journal: true, Dry: s.dry}
	for _, w := range works {
		if w.tracked != nil {
			want.Works = append(want.Works, w.tracked.Tracker.Resource)
		}
		for _, m := range w.members {
			want.Records = append(want.Records, m.key)
			if m.there != nil {
				want.Claims = append(want.Claims, Claim{m.key, m.there.Collection, m.there.Same})
			}
		}
	}
	index := s.next
	items, err := s.store.Change(ctx, s.run.Fence(), s.owner, want, func(h *Held) error {
		index = s.next
		for _, w := range works {
			index = w.keep(h, index)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep what was brought together: %w", err)
	}
	s.next = index
	return s.run.Recorded(ctx, items...)
}

// keep keeps what our side learnt of a work, and settles its items from an index on; it
// gives the index after them.
func (w *work) keep(h *Held, index int64) int64 {
	t, moved := w.keeper(h)
	for _, m := range w.members {
		item := m.item
		item.Index = index
		index++
		if moved {
			item.Reason = sentences(item.Reason, "The tracker was changed here meanwhile, so nothing of it was changed; the next sync compares it again.")
		}
		h.Settle(item, t)
	}
	for _, item := range w.left {
		item.Index = index
		index++
		h.Settle(item, t)
	}
	if t == nil || moved {
		return index
	}
	before := map[*member]Entry{}
	for _, m := range w.members {
		if m.apart || m.there == nil && !m.send {
			continue
		}
		record, known := h.Records[m.key]
		if !known {
			record = &Record{Key: m.key, Tracker: t}
			h.Records[m.key] = record
		}
		before[m] = record.Entry
		record.Entry = unlost(m.format, Entry{m.now, m.got.Native}, m.got)
	}
	w.show(h, t, before)
	for m := range before {
		h.meet(m.format, m.mute, h.Records[m.key], m.got, m.ours.Facts)
		h.Learn(Work{Resource: t.Resource, Title: m.got.Title, Regular: m.got.Total})
	}
	return index
}

// keeper gives the tracker of a work, which is made where there is none and some list
// has the work; moved: it is not as it was when the work was compared.
func (w *work) keeper(h *Held) (t *Tracker, moved bool) {
	for _, m := range w.members {
		if record, known := h.Records[m.key]; known {
			t = record.Tracker
		}
	}
	if w.tracked != nil {
		was := w.tracked.Tracker
		if t == nil {
			t = h.Trackers[was.Resource]
		}
		moved = t == nil || t.State != was.State || t.FirstDone != was.FirstDone || t.Counted != was.Counted || !t.Start.Equal(was.Start) || !t.End.Equal(was.End)
		return t, moved
	}
	if t == nil && slices.ContainsFunc(w.members, func(m *member) bool { return !m.apart }) {
		t, _ = h.Tracker(h.Resolve(w.members[0].key).Resource)
	}
	return t, false
}

// show brings to the tracker what providers said of what it shows.
func (w *work) show(h *Held, t *Tracker, before map[*member]Entry) {
	for i, p := range sayings {
		m := w.stands[i].by
		if m == nil {
			continue
		}
		was, record := before[m], h.Records[m.key]
		if record == nil {
			continue
		}
		now := VisibleOf(record.Entry.Facts)
		switch p.name {
		case progress:
			t.apply(VisibleOf(was.Facts), now)
			h.tick(t, now.Singles)
			if !p.alike(h.current(m.format, record).Facts, record.Entry.Facts) {
				t.become(h, now)
			}
		case start:
			if !now.Start.IsZero() && (t.End.IsZero() || !t.End.Before(now.Start)) {
				setMoment(&t.Start, now.Start)
			}
		case finish:
			if !now.End.IsZero() && !now.End.Before(t.Start) {
				setMoment(&t.End, now.End)
			}
		}
	}
}
