package trackers

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

type trackerRow struct {
	ID         int64    `json:"id"`
	Place      int      `json:"place"`
	Parent     string   `json:"parent"`
	Own        string   `json:"own_id"`
	Resource   string   `json:"resource"`
	State      int8     `json:"state"`
	Start      int64    `json:"start_time"`
	End        int64    `json:"end_time"`
	Percentage *float64 `json:"percentage"`
	FirstDone  int64    `json:"first_done"`
}

var trackerBatch = []store.Col{
	{Name: "id", Type: "int"},
	{Name: "place", Type: "int"},
	{Name: "parent", Type: "text"},
	{Name: "own_id", Type: "text"},
	{Name: "resource", Type: "text"},
	{Name: "state", Type: "int"},
	{Name: "start_time", Type: "int"},
	{Name: "end_time", Type: "int"},
	{Name: "percentage", Type: "float"},
	{Name: "first_done", Type: "int"},
}

func trackerRows(list []*tracker.Tracker) (string, error) {
	param := make([]trackerRow, len(list))
	for i, t := range list {
		param[i] = trackerRow{t.ID, i, t.Parent, t.Own, t.Resource, int8(t.State), store.Micros(t.Start), store.Micros(t.End), nil, t.FirstDone}
		if t.ByHand {
			param[i].Percentage = &t.Percentage
		}
	}
	return rows(param)
}

// insertTrackers gives new trackers of one client their ids.
func (s *Store) insertTrackers(tx *gorm.DB, client tasks.ClientID, made []*tracker.Tracker) error {
	if len(made) == 0 {
		return nil
	}
	param, err := trackerRows(made)
	if err != nil {
		return err
	}
	type key struct{ parent, resource string }
	by := make(map[key]*tracker.Tracker, len(made))
	for _, t := range made {
		by[key{t.Parent, t.Resource}] = t
	}
	err = query(tx, func(found *sql.Rows) error {
		var id int64
		var k key
		var own string
		if err := found.Scan(&id, &own, &k.parent, &k.resource); err != nil {
			return err
		}
		by[k].ID, by[k].Own = id, own // an id that is taken is not given twice
		return nil
	}, "WITH "+s.db.Batch("b", trackerBatch...)+
		" INSERT INTO trackers (client_id, parent, own_id, resource, state, start_time, end_time, percentage, first_done, created_at, updated_at)"+
		" SELECT o.client_id, b.parent, CASE WHEN EXISTS (SELECT 1 FROM trackers t WHERE t.client_id = o.client_id AND t.parent = b.parent AND t.own_id = b.own_id AND t.own_id <> '')"+
		" THEN '' ELSE b.own_id END, b.resource, b.state, b.start_time, b.end_time, b.percentage, b.first_done, "+s.db.Now()+", "+s.db.Now()+
		" FROM b CROSS JOIN (SELECT "+s.num()+" AS client_id) o ORDER BY b.place RETURNING id, own_id, parent, resource", param, client)
	if err != nil {
		return err
	}
	return s.renameTaken(tx, client, made)
}

// num and text are parameters in a select list, where PostgreSQL cannot tell
// their types.
func (s *Store) num() string  { return "CAST(? AS BIGINT)" }
func (s *Store) text() string { return "CAST(? AS TEXT)" }

func (s *Store) updateTrackers(tx *gorm.DB, changed []*tracker.Tracker) error {
	if len(changed) == 0 {
		return nil
	}
	slices.SortFunc(changed, func(a, b *tracker.Tracker) int { return cmp.Compare(a.ID, b.ID) })
	param, err := trackerRows(changed)
	if err != nil {
		return err
	}
	return tx.Exec("WITH "+s.db.Batch("b", trackerBatch...)+
		" UPDATE trackers SET state = b.state, start_time = b.start_time, end_time = b.end_time, percentage = b.percentage, first_done = b.first_done, updated_at = "+s.db.Now()+
		" FROM b WHERE trackers.id = b.id", param).Error
}

type recordRow struct {
	keyRow
	entryRow
	Tracker int64 `json:"tracker_id"`
}

func (s *Store) saveRecords(tx *gorm.DB, h *tracker.Held, before held) error {
	var list []recordRow
	for key, r := range h.Records {
		if was, ok := before.records[key]; ok && was.Entry.Equal(r.Entry) && was.Base == r.Base {
			continue
		}
		entry, err := json.Marshal(r.Entry)
		if err != nil {
			return fmt.Errorf("encode the entry %v: %w", key, err)
		}
		base, err := baseText(r.Base)
		if err != nil {
			return fmt.Errorf("encode the base of %v: %w", key, err)
		}
		list = append(list, recordRow{keyRow{string(key.Provider), string(key.Kind), key.NativeID}, entryRow{string(entry), base}, r.Tracker.ID})
	}
	if len(list) == 0 {
		return nil
	}
	slices.SortFunc(list, func(a, b recordRow) int { return cmp.Compare(a.Tracker, b.Tracker) })
	param, err := rows(list)
	if err != nil {
		return err
	}
	if err := tx.Exec("WITH "+s.db.Batch("b", recordColumns...)+s.upsertRecords(), param, h.Owner.Client, h.Owner.Parent).Error; err != nil {
		return err
	}
	return s.rejoin(tx, h.Owner, param)
}

var recordColumns = append(slices.Clip(keyColumns), store.Col{Name: "tracker_id", Type: "int"}, store.Col{Name: "entry", Type: "text"}, store.Col{Name: "base", Type: "text"})

// baseText is how a base is kept; one that is not known is empty.
func baseText(f tracker.Facts) (string, error) {
	if f.Status == "" {
		return "", nil
	}
	text, err := json.Marshal(f)
	return string(text), err
}

// baseOf reads what baseText wrote.
func baseOf(text string) (f tracker.Facts, err error) {
	if text != "" {
		err = json.Unmarshal([]byte(text), &f)
	}
	return f, err
}

// upsertRecords follows the batch b. WHERE true keeps SQLite from reading ON
// CONFLICT as part of a join.
func (s *Store) upsertRecords() string {
	return " INSERT INTO provider_records (client_id, parent, tracker_id, provider, kind, native_id, entry, base, updated_at)" +
		" SELECT " + s.num() + ", " + s.text() + ", tracker_id, provider, kind, native_id, entry, COALESCE(base, ''), " + s.db.Now() + " FROM b WHERE true ORDER BY tracker_id" +
		" ON CONFLICT (client_id, parent, provider, kind, native_id) DO UPDATE SET tracker_id = excluded.tracker_id, entry = excluded.entry, base = excluded.base," +
		" updated_at = CASE WHEN provider_records.entry = excluded.entry THEN provider_records.updated_at ELSE excluded.updated_at END"
}

func (s *Store) saveWorks(tx *gorm.DB, h *tracker.Held, before held) error {
	var list []tracker.Work
	for name, w := range h.Works {
		was, known := before.works[name]
		if !known || was.Title != w.Title || was.Regular != w.Regular {
			list = append(list, *w)
		}
	}
	return s.learn(tx, h.Owner.Client, list)
}

type workRow struct {
	Resource string `json:"resource"`
	Title    string `json:"title"`
	Regular  int64  `json:"regular"`
}

// learn adds to the catalogue. The rows are in the order of their names, so
// that two imports that teach the same works do not wait for each other in turn.
func (s *Store) learn(tx *gorm.DB, client tasks.ClientID, works []tracker.Work) error {
	if len(works) == 0 {
		return nil
	}
	return s.upsertWorks(tx, client, works, " title = CASE WHEN works.title = '' THEN excluded.title ELSE works.title END,"+
		" regular = CASE WHEN excluded.regular > works.regular THEN excluded.regular ELSE works.regular END"+
		" WHERE works.title = '' AND excluded.title <> '' OR excluded.regular > works.regular")
}

// upsertWorks adds works to the catalogue, and sets of those that are there what set
// says of works and excluded.
func (s *Store) upsertWorks(tx *gorm.DB, client tasks.ClientID, works []tracker.Work, set string) error {
	param, err := workRows(works)
	if err != nil {
		return err
	}
	return tx.Exec("WITH "+s.db.Batch("b", workColumns...)+
		" INSERT INTO works (client_id, resource, title, regular) SELECT "+s.num()+", resource, title, regular FROM b WHERE true ORDER BY resource"+
		" ON CONFLICT (client_id, resource) DO UPDATE SET"+set, param, client).Error
}

var workColumns = []store.Col{{Name: "resource", Type: "text"}, {Name: "title", Type: "text"}, {Name: "regular", Type: "int"}}

func workRows(works []tracker.Work) (string, error) {
	list := make([]workRow, len(works))
	for i, w := range works {
		list[i] = workRow{w.Resource, w.Title, w.Regular}
	}
	return rows(list)
}

type completionRow struct {
	Tracker  int64  `json:"tracker_id"`
	Resource string `json:"resource"`
	Ordinal  int64  `json:"ordinal"`
	Regular  bool   `json:"regular"`
	At       int64  `json:"completed_at"`
}

func (s *Store) insertCompletions(tx *gorm.DB, completions []tracker.Completion) error {
	if len(completions) == 0 {
		return nil
	}
	list := make([]completionRow, len(completions))
	for i, c := range completions {
		list[i] = completionRow{c.Tracker.ID, c.Resource, c.Ordinal, c.Regular, store.Micros(c.At)}
	}
	param, err := rows(list)
	if err != nil {
		return err
	}
	return tx.Exec("WITH "+s.db.Batch("b", completionBatch...)+
		" INSERT INTO tracker_completed (tracker_id, resource, ordinal, regular, completed_at)"+
		" SELECT tracker_id, resource, ordinal, regular, completed_at FROM b WHERE true ON CONFLICT (tracker_id, resource) DO NOTHING", param).Error
}

// deleteCompletions takes completions back.
func (s *Store) deleteCompletions(tx *gorm.DB, undone []tracker.Completion) error {
	if len(undone) == 0 {
		return nil
	}
	list := make([]completionRow, len(undone))
	for i, c := range undone {
		list[i] = completionRow{Tracker: c.Tracker.ID, Resource: c.Resource}
	}
	param, err := rows(list)
	if err != nil {
		return err
	}
	return tx.Exec("WITH "+s.db.Batch("b", store.Col{Name: "tracker_id", Type: "int"}, store.Col{Name: "resource", Type: "text"})+
		" DELETE FROM tracker_completed WHERE (tracker_id, resource) IN (SELECT tracker_id, resource FROM b)", param).Error
}

var activityBatch = []store.Col{
	{Name: "tracker_id", Type: "int"},
	{Name: "resource", Type: "text"},
	{Name: "platform", Type: "text"},
	{Name: "from_at", Type: "int"},
	{Name: "to_at", Type: "int"},
	{Name: "start_time", Type: "int"},
	{Name: "end_time", Type: "int"},
}

type activityRow struct {
	Tracker  int64  `json:"tracker_id"`
	Resource string `json:"resource"`
	Platform string `json:"platform"`
	From     int64  `json:"from_at"`
	To       int64  `json:"to_at"`
	Start    int64  `json:"start_time"`
	End      int64  `json:"end_time"`
}

func activityRowOf(a *tracker.Activity) activityRow {
	return activityRow{a.Tracker.ID, a.Resource, a.Platform, a.From, a.To, store.Micros(a.Start), store.Micros(a.End)}
}

func (s *Store) insertActivities(tx *gorm.DB, h *tracker.Held) error {
	if len(h.Activities) == 0 {
		return nil
	}
	list := make([]activityRow, len(h.Activities))
	for i, a := range h.Activities {
		list[i] = activityRowOf(&a)
	}
	param, err := rows(list)
	if err != nil {
		return err
	}
	return tx.Exec("WITH "+s.db.Batch("b", activityBatch...)+
		" INSERT INTO activities (client_id, tracker_id, resource, platform, from_at, to_at, start_time, end_time)"+
		" SELECT "+s.num()+", tracker_id, resource, platform, from_at, to_at, start_time, end_time FROM b", param, h.Owner.Client).Error
}
