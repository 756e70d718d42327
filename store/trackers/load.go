package trackers

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// nameRow is a row of a batch of names.
type nameRow struct {
	Name string `json:"name"`
	Work string `json:"work,omitempty"`
	Part string `json:"part,omitempty"`
}

// of begins a statement that looks rows of a batch b up among those of one owner.
// The owner is given as columns of b: as constants they would make PostgreSQL
// read everything the owner has and look for it in the batch.
func (s *Store) of(cols ...store.Col) string {
	return "WITH " + s.db.Batch("given", cols...) + ", b AS MATERIALIZED (SELECT given.*, " + s.num() + " AS client_id, " + s.text() + " AS parent FROM given)"
}

// load reads what a change wants to see, with one statement for each table.
func (s *Store) load(tx *gorm.DB, owner tracker.Owner, want tracker.Want) (*tracker.Held, error) {
	h := &tracker.Held{
		Owner: owner, Trackers: map[string]*tracker.Tracker{}, Works: map[string]*tracker.Work{},
		Records: map[tracker.RecordKey]*tracker.Record{}, Parts: map[string][]tracker.Part{}, Completed: map[string]bool{}, Numbered: map[string]bool{}, Singles: map[string][]tracker.Completion{},
		Same:      map[tracker.Activity]int64{},
		AskedDone: map[string]tracker.Completion{},
	}
	works := slices.Clone(want.Works)
	var asked tracker.Tracker
	if want.ID != "" {
		var err error
		if asked, err = s.find(tx, owner, want.ID); err != nil && tasks.CodeOf(err) != tasks.CodeNotFound {
			return nil, err
		} else if err == nil {
			works = append(works, asked.Resource)
		}
	}
	if len(want.Parts) > 0 {
		if err := s.loadParts(tx, h, want.Parts); err != nil {
			return nil, err
		}
		for _, parts := range h.Parts {
			for _, p := range parts {
				res, _ := tracker.ParseResource(p.Resource)
				works = append(works, res.Work())
			}
		}
	}
	slices.Sort(works)
	names := namesOf(slices.Compact(works))
	if err := s.loadTrackers(tx, h, names); err != nil {
		return nil, err
	}
	if err := s.loadSingle(tx, h, asked); err != nil {
		return nil, err
	}
	if err := s.loadWorks(tx, h, names); err != nil {
		return nil, err
	}
	if err := s.loadRecords(tx, h, want.Records); err != nil {
		return nil, err
	}
	if want.Singles {
		if err := s.loadSingles(tx, h, want.Completed); err != nil {
			return nil, err
		}
	}
	if len(want.Same) > 0 {
		if err := s.loadSame(tx, h, want.Same); err != nil {
			return nil, err
		}
	}
	if len(want.Parts) > 0 || len(want.Records) == 0 {
		if err := s.loadCompleted(tx, h, want.Parts, names); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func namesOf(works []string) []nameRow {
	names := make([]nameRow, len(works))
	for i, w := range works {
		names[i].Name = w
	}
	return names
}

func (s *Store) loadTrackers(tx *gorm.DB, h *tracker.Held, names []nameRow) error {
	param, err := rows(names)
	if err != nil {
		return err
	}
	return query(tx, func(found *sql.Rows) error {
		t, err := scanTracker(found)
		h.Trackers[t.Resource] = &t
		return err
	}, s.of(store.Col{Name: "name", Type: "text"})+" SELECT "+trackerColumns+
		" FROM b JOIN trackers t ON t.client_id = b.client_id AND t.parent = b.parent AND t.resource = b.name",
		param, h.Owner.Client, h.Owner.Parent)
}

func (s *Store) loadWorks(tx *gorm.DB, h *tracker.Held, names []nameRow) error {
	param, err := rows(names)
	if err != nil {
		return err
	}
	return query(tx, func(found *sql.Rows) error {
		var w tracker.Work
		err := found.Scan(&w.Resource, &w.Title, &w.Regular)
		h.Works[w.Resource] = &w
		return err
	}, s.of(store.Col{Name: "name", Type: "text"})+
		" SELECT w.resource, w.title, w.regular FROM b JOIN works w ON w.client_id = b.client_id AND w.resource = b.name",
		param, h.Owner.Client, h.Owner.Parent)
}

type keyRow struct {
	Provider string `json:"provider"`
	Kind     string `json:"kind"`
	NativeID string `json:"native_id"`
}

func (s *Store) loadRecords(tx *gorm.DB, h *tracker.Held, keys []tracker.RecordKey) error {
	if len(keys) == 0 {
		return nil
	}
	param, err := rows(keyRows(keys))
	if err != nil {
		return err
	}
	return query(tx, func(found *sql.Rows) error {
		r := tracker.Record{}
		var entry, base string
		t, err := scanTracker(found, &r.Key.Provider, &r.Key.Kind, &r.Key.NativeID, &entry, &base)
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(entry), &r.Entry); err != nil {
			return fmt.Errorf("decode the entry %v: %w", r.Key, err)
		}
		if r.Base, err = baseOf(base); err != nil {
			return fmt.Errorf("decode the base of %v: %w", r.Key, err)
		}
		if known, ok := h.Trackers[t.Resource]; ok {
			r.Tracker = known
		} else {
			r.Tracker = &t
			h.Trackers[t.Resource] = &t
		}
		h.Records[r.Key] = &r
		return nil
	}, s.of(keyColumns...)+" SELECT "+trackerColumns+", r.provider, r.kind, r.native_id, r.entry, r.base"+
		" FROM b JOIN provider_records r ON r.client_id = b.client_id AND r.parent = b.parent AND r.provider = b.provider AND r.kind = b.kind AND r.native_id = b.native_id"+
		" JOIN trackers t ON t.id = r.tracker_id",
		param, h.Owner.Client, h.Owner.Parent)
}

var keyColumns = []store.Col{{Name: "provider", Type: "text"}, {Name: "kind", Type: "text"}, {Name: "native_id", Type: "text"}}

// keyRows lists each key once.
func keyRows(keys []tracker.RecordKey) []keyRow {
	seen := make(map[tracker.RecordKey]bool, len(keys))
	list := make([]keyRow, 0, len(keys))
	for _, k := range keys {
		if !seen[k] {
			seen[k] = true
			list = append(list, keyRow{string(k.Provider), string(k.Kind), k.NativeID})
		}
	}
	return list
}

type idRow struct {
	ID int64 `json:"id"`
}

var idColumn = store.Col{Name: "id", Type: "int"}

// loadSingles reads the completed regular sub-resources of the trackers, and the
// names of all that is completed when those are asked for.
func (s *Store) loadSingles(tx *gorm.DB, h *tracker.Held, all bool) error {
	of := make(map[int64]*tracker.Tracker, len(h.Trackers))
	ids := make([]idRow, 0, len(h.Trackers))
	for _, t := range h.Trackers {
		of[t.ID] = t
		ids = append(ids, idRow{t.ID})
	}
	param, err := rows(ids)
	if err != nil || len(ids) == 0 {
		return err
	}
	return query(tx, func(found *sql.Rows) error {
		id, c, err := scanCompleted(found)
		if err != nil {
			return err
		}
		c.Tracker = of[id]
		if all {
			h.Completed[c.Resource] = true
		}
		if c.Regular {
			h.Singles[c.Tracker.Resource] = append(h.Singles[c.Tracker.Resource], c)
		}
		return nil
	}, "WITH "+s.db.Batch("b", idColumn)+" SELECT c.tracker_id, c.resource, c.ordinal, c.regular, c.completed_at"+
		" FROM b JOIN tracker_completed c ON c.tracker_id = b.id", param)
}

// loadSame counts how often the owner has the same activities.
func (s *Store) loadSame(tx *gorm.DB, h *tracker.Held, asked []tracker.Activity) error {
	list := make([]activityRow, 0, len(asked))
	at := map[activityRow]tracker.Activity{}
	for _, a := range asked {
		res, ok := tracker.ParseResource(a.Resource)
		if !ok || h.Trackers[res.Work()] == nil {
			continue
		}
		row := activityRow{h.Trackers[res.Work()].ID, a.Resource, a.Platform, a.From, a.To, store.Micros(a.Start), store.Micros(a.End)}
		if _, again := at[row]; !again {
			at[row] = a
			list = append(list, row)
		}
	}
	param, err := rows(list)
	if err != nil || len(list) == 0 {
		return err
	}
	return query(tx, func(found *sql.Rows) error {
		var r activityRow
		var n int64
		err := found.Scan(&r.Tracker, &r.Resource, &r.Platform, &r.From, &r.To, &r.Start, &r.End, &n)
		h.Same[at[r]] = n
		return err
	}, "WITH "+s.db.Batch("b", activityBatch...)+" SELECT b.tracker_id, b.resource, b.platform, b.from_at, b.to_at, b.start_time, b.end_time, COUNT(*)"+
		" FROM b JOIN activities a ON a.tracker_id = b.tracker_id AND a.resource = b.resource AND a.end_time = b.end_time"+
		" WHERE a.platform = b.platform AND a.from_at = b.from_at AND a.to_at = b.to_at AND a.start_time = b.start_time"+
		" GROUP BY b.tracker_id, b.resource, b.platform, b.from_at, b.to_at, b.start_time, b.end_time", param)
}

// loadCompleted finds which of the parts, and of the works themselves, were
// completed before.
func (s *Store) loadCompleted(tx *gorm.DB, h *tracker.Held, parts []string, works []nameRow) error {
	var asked []doneRow
	add := func(name string, ordinal int64) {
		if res, ok := tracker.ParseResource(name); ok && !res.AnyWork() {
			asked = append(asked, doneRow{name, res.Work(), ordinal})
		}
	}
	for _, w := range works {
		add(w.Name, 0)
	}
	for _, name := range parts {
		add(name, 0)
		for _, p := range h.Parts[name] {
			if p.Resource != name {
				add(p.Resource, 0)
			}
			if number := p.Numbered(); number != "" {
				add(number, p.Ordinal)
			}
		}
	}
	param, err := rows(asked)
	if err != nil {
		return err
	}
	return query(tx, func(found *sql.Rows) error {
		var name string
		var ordinal int64
		err := found.Scan(&name, &ordinal)
		noteDone(h, name, ordinal)
		return err
	}, s.of(doneColumns...)+
		" SELECT b.name, b.ordinal FROM b JOIN trackers t ON t.client_id = b.client_id AND t.parent = b.parent AND t.resource = b.work"+
		" JOIN tracker_completed c ON c.tracker_id = t.id AND c.resource = b.name AND "+sameDone("b"),
		param, h.Owner.Client, h.Owner.Parent)
}

// doneRow asks whether something was completed; a name by number also has the place
// that it must stand for, since it may be the name of another part.
type doneRow struct {
	Name    string `json:"name"`
	Work    string `json:"work"`
	Ordinal int64  `json:"ordinal"`
}

var doneColumns = []store.Col{{Name: "name", Type: "text"}, {Name: "work", Type: "text"}, {Name: "ordinal", Type: "int"}}

// sameDone is the condition that a completion c is what a batch asks for.
func sameDone(batch string) string {
	return "(" + batch + ".ordinal = 0 OR (c.regular AND c.ordinal = " + batch + ".ordinal))"
}

func noteDone(h *tracker.Held, name string, ordinal int64) {
	if ordinal == 0 {
		h.Completed[name] = true
	} else {
		h.Numbered[name] = true
	}
}
