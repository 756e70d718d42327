package trackers

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// traceOf is what a journal keeps of one tracker that an import changed: how it
// was before, as far as it became something else.
type traceOf struct {
	image
	Made    bool            `json:"made,omitempty"`
	Records []keptRecord    `json:"records,omitempty"`
	Added   []string        `json:"added,omitempty"`   // completed resources
	Removed []completionRow `json:"removed,omitempty"` // likewise
	After   string          `json:"after"`             // the hash of what it became
	First   int64           `json:"first"`             // the greatest id of an activity before,
	Last    int64           `json:"last"`              // and after
}

// journal watches one change, so that it can be put back.
type journal struct {
	store    *Store
	client   tasks.ClientID
	list     []*tracker.Tracker // those that the change touches
	ids      []int64            // of those that were there
	before   map[int64]*image
	activity int64
}

// watch reads how the trackers that are about to be saved are.
func (s *Store) watch(tx *gorm.DB, client tasks.ClientID, touched []*tracker.Tracker) (*journal, error) {
	j := &journal{store: s, client: client, list: touched}
	for _, t := range touched {
		if t.ID != 0 {
			j.ids = append(j.ids, t.ID)
		}
	}
	var err error
	if j.before, err = s.images(tx, j.ids); err != nil {
		return nil, err
	}
	j.activity, err = lastActivity(tx)
	return j, err
}

// touched lists the trackers that a change is about to make something else of.
func touched(h *tracker.Held, before held) []*tracker.Tracker {
	set := map[*tracker.Tracker]bool{}
	for _, t := range h.Trackers {
		if was, ok := before.trackers[t.ID]; !ok || !sameTracker(was, *t) {
			set[t] = true
		}
	}
	for key, r := range h.Records {
		if was, ok := before.records[key]; !ok || !was.Entry.Equal(r.Entry) {
			set[r.Tracker] = true
		}
	}
	for _, c := range slices.Concat(h.Completions, h.Undone) {
		set[c.Tracker] = true
	}
	for _, a := range h.Activities {
		set[a.Tracker] = true
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b *tracker.Tracker) int { return cmp.Compare(a.Resource, b.Resource) })
}

type journalRow struct {
	Seq     int64  `json:"seq"`
	Parent  string `json:"parent"`
	Tracker int64  `json:"tracker_id"`
	Trace   string `json:"trace"`
}

// keep writes what became of the trackers of the change, in its transaction, into
// the journal of the task. place gives each its number there: no two share one.
func (j *journal) keep(tx *gorm.DB, task string, place func(*tracker.Tracker) int64) error {
	if len(j.list) == 0 {
		return nil
	}
	ids := make([]int64, len(j.list))
	for i, t := range j.list {
		ids[i] = t.ID
	}
	after, err := j.store.images(tx, ids)
	if err != nil {
		return err
	}
	last, err := lastActivity(tx)
	if err != nil {
		return err
	}
	list := make([]journalRow, 0, len(j.list))
	for _, t := range j.list {
		trace, err := diff(j.before[t.ID], after[t.ID])
		if err != nil {
			return err
		}
		trace.First, trace.Last = j.activity, last
		text, err := json.Marshal(trace)
		if err != nil {
			return fmt.Errorf("encode the trace of tracker %d: %w", t.ID, err)
		}
		list = append(list, journalRow{place(t), t.Parent, t.ID, string(text)})
	}
	param, err := rows(list)
	if err != nil {
		return err
	}
	return tx.Exec("WITH "+j.store.db.Batch("b", store.Col{Name: "seq", Type: "int"}, store.Col{Name: "parent", Type: "text"}, store.Col{Name: "tracker_id", Type: "int"}, store.Col{Name: "trace", Type: "text"})+
		" INSERT INTO import_changes (task_id, seq, client_id, parent, tracker_id, trace)"+
		" SELECT "+j.store.uuid()+", seq, "+j.store.num()+", parent, tracker_id, trace FROM b",
		param, task, j.client).Error
}

// firstItems gives the index of the first item of each tracker: no two trackers
// of one task share it.
func firstItems(h *tracker.Held) map[int64]int64 {
	place := map[int64]int64{}
	for _, o := range h.Outcomes {
		if o.Tracker == nil {
			continue
		}
		if _, ok := place[o.Tracker.ID]; !ok {
			place[o.Tracker.ID] = o.Item.Index
		}
	}
	return place
}

// diff says how before was where after is something else; no before: it was made.
func diff(before, after *image) (t traceOf, err error) {
	if t.After, err = after.hash(); err != nil {
		return t, err
	}
	if before == nil {
		t.Made, t.Resource = true, after.Resource
		return t, nil
	}
	t.image = *before
	for _, key := range sortedKeys(after.Records) {
		if was, ok := before.Records[key]; !ok || was != after.Records[key] {
			t.Records = append(t.Records, keptRecord{key, was})
		}
	}
	for _, key := range sortedKeys(before.Records) {
		if _, still := after.Records[key]; !still {
			t.Records = append(t.Records, keptRecord{key, before.Records[key]})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after.Completed)) {
		if _, ok := before.Completed[name]; !ok {
			t.Added = append(t.Added, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before.Completed)) {
		if _, still := after.Completed[name]; !still {
			t.Removed = append(t.Removed, before.Completed[name])
		}
	}
	return t, nil
}

// uuid is a parameter that is a task's id.
func (s *Store) uuid() string {
	if s.db.Postgres() {
		return "CAST(? AS UUID)"
	}
	return "?"
}
