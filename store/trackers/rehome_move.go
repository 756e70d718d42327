package trackers

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks/tracker"
)

// housed is a tracker with the entries that it has.
type housed struct {
	tracker.Tracker
	keys    []tracker.RecordKey
	entries []tracker.Entry
	holds   bool // more than its entries
}

// rehome brings a tracker to where it belongs; more: not all of its activities
// came along yet. It does nothing where the tracker is right.
func (s *Store) rehome(tx *gorm.DB, owner tracker.Owner, id int64) (more bool, err error) {
	t, err := s.housed(tx, owner, id)
	if err != nil || t == nil {
		return false, err
	}
	keys := t.keys
	if k, ok := tracker.KeyOf(t.Resource); ok {
		keys = append(slices.Clip(keys), k)
	}
	refs, err := s.refs(tx, owner.Client, keys)
	if err != nil {
		return false, err
	}
	main, apart := refs.Home(t.Resource, t.keys, t.holds)
	if len(apart) > 0 {
		if err := s.split(tx, owner, t, apart); err != nil {
			return false, err
		}
	}
	if main == t.Resource {
		return false, nil
	}
	if err := s.moveWork(tx, owner.Client, t.Resource, main); err != nil {
		return false, err
	}
	target, err := s.trackerAt(tx, owner, main)
	if err != nil {
		return false, err
	}
	to := t.ID
	if target != nil {
		to = target.ID
	}
	moved, err := s.moveActivities(tx, t.ID, to, t.Resource, main)
	if err != nil || moved >= rehomeActivities {
		return true, err
	}
	if target == nil {
		return false, s.rename(tx, owner, t, main)
	}
	return false, s.join(tx, owner, t, target)
}

// housed reads a tracker; nil: it is gone.
func (s *Store) housed(tx *gorm.DB, owner tracker.Owner, id int64) (*housed, error) {
	var t *housed
	err := query(tx, func(found *sql.Rows) error {
		t = &housed{}
		var completed, active bool
		var err error
		t.Tracker, err = scanTracker(found, &completed, &active)
		t.holds = completed || active || t.ByHand
		return err
	}, "SELECT "+trackerColumns+", EXISTS (SELECT 1 FROM tracker_completed c WHERE c.tracker_id = t.id), EXISTS (SELECT 1 FROM activities a WHERE a.tracker_id = t.id)"+
		" FROM trackers t WHERE t.id = ? AND t.client_id = ? AND t.parent = ?", id, owner.Client, owner.Parent)
	if err != nil || t == nil {
		return nil, err
	}
	return t, query(tx, func(found *sql.Rows) error {
		var k tracker.RecordKey
		var text string
		if err := found.Scan(&k.Provider, &k.Kind, &k.NativeID, &text); err != nil {
			return err
		}
		var e tracker.Entry
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			return fmt.Errorf("decode the entry %v: %w", k, err)
		}
		t.keys, t.entries = append(t.keys, k), append(t.entries, e)
		return nil
	}, "SELECT provider, kind, native_id, entry FROM provider_records WHERE tracker_id = ? ORDER BY id", id)
}

// trackerAt reads the owner's tracker of a work; nil: there is none.
func (s *Store) trackerAt(tx *gorm.DB, owner tracker.Owner, resource string) (*tracker.Tracker, error) {
	var t *tracker.Tracker
	err := query(tx, func(found *sql.Rows) error {
		one, err := scanTracker(found)
		t = &one
		return err
	}, "SELECT "+trackerColumns+" FROM trackers t WHERE t.client_id = ? AND t.parent = ? AND t.resource = ?", owner.Client, owner.Parent, resource)
	return t, err
}

// split gives entries that stand for other works to the trackers of those. What
// is left shows what its own entries say, where nothing else had a part in it.
func (s *Store) split(tx *gorm.DB, owner tracker.Owner, t *housed, apart map[tracker.RecordKey]string) error {
	want := tracker.Want{Singles: true}
	for _, work := range apart {
		want.Works = append(want.Works, work)
	}
	h, err := s.load(tx, owner, want)
	if err != nil {
		return err
	}
	before := snapshot(h)
	var stay []tracker.Entry
	for i, k := range t.keys {
		if work, ok := apart[k]; ok {
			to, _ := h.Tracker(work)
			h.Show(to, t.entries[i])
		} else {
			stay = append(stay, t.entries[i])
		}
	}
	if err := s.save(tx, h, before, ""); err != nil {
		return err
	}
	for k, work := range apart {
		err := tx.Exec("UPDATE provider_records SET tracker_id = ? WHERE tracker_id = ? AND provider = ? AND kind = ? AND native_id = ?",
			h.Trackers[work].ID, t.ID, string(k.Provider), string(k.Kind), k.NativeID).Error
		if err != nil {
			return err
		}
	}
	if all := tracker.ShownBy(t.entries); t.holds || len(stay) == 0 || !sameShown(&all, &t.Tracker) {
		return nil
	}
	left := tracker.ShownBy(stay)
	left.ID = t.ID
	return s.updateTrackers(tx, []*tracker.Tracker{&left})
}

func sameShown(a, b *tracker.Tracker) bool {
	return a.State == b.State && a.Start.Equal(b.Start) && a.End.Equal(b.End) && a.FirstDone == b.FirstDone
}

// renamed is the expression of a part's name, in a column, below another work;
// its parameters are the old name with a slash, its length with it, the new name
// and the old one's length with one more.
const renamed = "CASE WHEN substr(resource || '/', 1, CAST(? AS INTEGER)) = CAST(? AS TEXT) THEN CAST(? AS TEXT) || substr(resource, CAST(? AS INTEGER)) ELSE resource END"

func renaming(from, to string) []any { return []any{len(from) + 1, from + "/", to, len(from) + 1} }

// moveActivities moves activities to another tracker, or below another name, at
// most so many at a time.
func (s *Store) moveActivities(tx *gorm.DB, from, to int64, old, name string) (int64, error) {
	which, params := "tracker_id = ?", []any{from}
	if from == to {
		which, params = "tracker_id = ? AND substr(resource || '/', 1, CAST(? AS INTEGER)) = CAST(? AS TEXT)", []any{from, len(old) + 1, old + "/"}
	}
	params = append(append(append([]any{to}, renaming(old, name)...), params...), rehomeActivities)
	done := tx.Exec("UPDATE activities SET tracker_id = ?, resource = "+renamed+" WHERE id IN (SELECT id FROM activities WHERE "+which+" LIMIT ?)", params...)
	return done.RowsAffected, done.Error
}

// rename brings a tracker to another name. Its activities are there already.
func (s *Store) rename(tx *gorm.DB, owner tracker.Owner, t *housed, name string) error {
	if err := s.moveCompleted(tx, owner, &t.Tracker, t.ID, name); err != nil {
		return err
	}
	return tx.Exec("UPDATE trackers SET resource = ?, updated_at = "+s.db.Now()+" WHERE id = ?", name, t.ID).Error
}

// join makes a tracker part of another one of its owner. Its activities are
// there already; its name leads to the other from now on.
func (s *Store) join(tx *gorm.DB, owner tracker.Owner, t *housed, into *tracker.Tracker) error {
	if err := s.moveCompleted(tx, owner, &t.Tracker, into.ID, into.Resource); err != nil {
		return err
	}
	now, err := s.trackerAt(tx, owner, into.Resource) // with what came along
	if err != nil {
		return err
	}
	now.Join(t.Tracker)
	var percentage any
	if now.ByHand {
		percentage = now.Percentage
	}
	err = tx.Exec("UPDATE trackers SET state = ?, start_time = ?, end_time = ?, percentage = ?, first_done = ?, updated_at = "+s.db.Now()+" WHERE id = ?",
		int8(now.State), store.Micros(now.Start), store.Micros(now.End), percentage, now.FirstDone, now.ID).Error
	if err != nil {
		return err
	}
	for _, step := range []struct {
		statement string
		params    []any
	}{
		{"UPDATE provider_records SET tracker_id = ? WHERE tracker_id = ?", []any{into.ID, t.ID}},
		{"UPDATE tracker_redirects SET tracker_id = ? WHERE tracker_id = ?", []any{into.ID, t.ID}},
		{"INSERT INTO tracker_redirects (client_id, parent, old, tracker_id) VALUES (?, ?, ?, ?)" +
			" ON CONFLICT (client_id, parent, old) DO UPDATE SET tracker_id = excluded.tracker_id", []any{owner.Client, owner.Parent, t.LocalID(), into.ID}},
		{"DELETE FROM trackers WHERE id = ?", []any{t.ID}},
	} {
		if err := tx.Exec(step.statement, step.params...).Error; err != nil {
			return err
		}
	}
	return s.finish(tx, owner, into.Resource)
}

// moveCompleted moves the single completed resources of a tracker to another, or
// below another name. They keep their places; where the catalogue knows the part
// that is in that place it is the one that was completed.
func (s *Store) moveCompleted(tx *gorm.DB, owner tracker.Owner, t *tracker.Tracker, to int64, name string) error {
	known := "(SELECT MIN(p.part) FROM work_parts p WHERE (p.client_id + 0) = ? AND p.work = ? AND p.type = '" + tracker.RegularType + "' AND p.ordinal = c.ordinal AND c.ordinal > 0)"
	params := append([]any{to, name + "/", owner.Client, name}, renaming(t.Resource, name)...)
	var moved []completionRow
	err := query(tx, func(found *sql.Rows) error {
		var c completionRow
		err := found.Scan(&c.Tracker, &c.Resource, &c.Ordinal, &c.Regular, &c.At)
		moved = append(moved, c)
		return err
	}, "SELECT "+s.num()+", COALESCE("+s.text()+" || "+known+", "+renamed+"), c.ordinal, c.regular, c.completed_at FROM tracker_completed c WHERE c.tracker_id = ?", append(params, t.ID)...)
	if err != nil || len(moved) == 0 {
		return err
	}
	if err := tx.Exec("DELETE FROM tracker_completed WHERE tracker_id = ?", t.ID).Error; err != nil {
		return err
	}
	return s.keepCompleted(tx, moved)
}

// keepCompleted adds completed resources to those that a tracker has; of one
// that both have the earlier time stays.
func (s *Store) keepCompleted(tx *gorm.DB, moved []completionRow) error {
	var list []completionRow
	at := map[string]int{}
	for _, c := range moved {
		if i, ok := at[c.Resource]; ok {
			list[i].At = earlier(list[i].At, c.At)
			continue
		}
		at[c.Resource] = len(list)
		list = append(list, c)
	}
	param, err := rows(list)
	if err != nil {
		return err
	}
	return tx.Exec("WITH "+s.db.Batch("b", completionBatch...)+
		" INSERT INTO tracker_completed (tracker_id, resource, ordinal, regular, completed_at)"+
		" SELECT tracker_id, resource, ordinal, regular, completed_at FROM b WHERE true ON CONFLICT (tracker_id, resource) DO UPDATE SET completed_at = excluded.completed_at"+
		" WHERE excluded.completed_at > 0 AND (tracker_completed.completed_at = 0 OR excluded.completed_at < tracker_completed.completed_at)", param).Error
}

// earlier compares times of which 0 is unknown.
func earlier(a, b int64) int64 {
	if a == 0 || (b > 0 && b < a) {
		return b
	}
	return a
}

// finish completes a tracker of which, with what came along, nothing regular is
// left.
func (s *Store) finish(tx *gorm.DB, owner tracker.Owner, resource string) error {
	t, err := s.trackerAt(tx, owner, resource)
	if err != nil || t.State != tracker.InProgress || t.Counted == 0 {
		return err
	}
	var regular, last int64
	err = query(tx, func(found *sql.Rows) error { return found.Scan(&regular, &last) },
		"SELECT w.regular, (SELECT COALESCE(MAX(c.completed_at), 0) FROM tracker_completed c WHERE c.tracker_id = ?) FROM works w WHERE w.client_id = ? AND w.resource = ?",
		t.ID, owner.Client, resource)
	if err != nil || regular == 0 || t.Done() < regular {
		return err
	}
	t.State = tracker.Completed
	if end := store.TimeOf(last); t.End.IsZero() && !end.Before(t.Start) {
		t.End = end
	}
	return s.updateTrackers(tx, []*tracker.Tracker{t})
}
