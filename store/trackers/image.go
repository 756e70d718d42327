package trackers

import (
	"cmp"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	"gorm.io/gorm"

	"asapi/store"
)

// image is all that is kept of one tracker but its activities.
type image struct {
	ID         int64                    `json:"-"`
	Resource   string                   `json:"resource"`
	State      int8                     `json:"state"`
	Start      int64                    `json:"start"`
	End        int64                    `json:"end"`
	Percentage *float64                 `json:"percentage"`
	FirstDone  int64                    `json:"first_done"`
	Records    map[keyRow]entryRow      `json:"-"`
	Completed  map[string]completionRow `json:"-"` // by resource
}

// hash is equal for equal images.
func (m *image) hash() (string, error) {
	records := make([]keptRecord, 0, len(m.Records))
	for _, key := range sortedKeys(m.Records) {
		// A base is no part of what a tracker is: that both sides were compared is
		// nothing that changed it.
		records = append(records, keptRecord{keyRow: key, entryRow: entryRow{Entry: m.Records[key].Entry}})
	}
	completed := make([]completionRow, 0, len(m.Completed))
	for _, name := range slices.Sorted(maps.Keys(m.Completed)) {
		completed = append(completed, m.Completed[name])
	}
	b, err := json.Marshal([]any{m, records, completed})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16]), nil
}

// keptRecord is a record as a journal keeps it; an empty entry: there was none.
type keptRecord struct {
	keyRow
	entryRow
}

// entryRow is what is kept of a record.
type entryRow struct {
	Entry string `json:"entry"`
	Base  string `json:"base,omitempty"`
}

func sortedKeys(records map[keyRow]entryRow) []keyRow {
	return slices.SortedFunc(maps.Keys(records), func(a, b keyRow) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.NativeID, b.NativeID))
	})
}

// images reads the trackers with these ids; those that are gone are absent.
func (s *Store) images(tx *gorm.DB, ids []int64) (map[int64]*image, error) {
	found := make(map[int64]*image, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	list := make([]idRow, len(ids))
	for i, id := range ids {
		list[i].ID = id
	}
	param, err := rows(list)
	if err != nil {
		return nil, err
	}
	with := "WITH " + s.db.Batch("b", idColumn)
	err = query(tx, func(row *sql.Rows) error {
		m := &image{Records: map[keyRow]entryRow{}, Completed: map[string]completionRow{}}
		err := row.Scan(&m.ID, &m.Resource, &m.State, &m.Start, &m.End, &m.Percentage, &m.FirstDone)
		found[m.ID] = m
		return err
	}, with+" SELECT t.id, t.resource, t.state, t.start_time, t.end_time, t.percentage, t.first_done FROM b JOIN trackers t ON t.id = b.id", param)
	if err != nil {
		return nil, err
	}
	err = query(tx, func(row *sql.Rows) error {
		var id int64
		var key keyRow
		var entry entryRow
		err := row.Scan(&id, &key.Provider, &key.Kind, &key.NativeID, &entry.Entry, &entry.Base)
		if m := found[id]; m != nil {
			m.Records[key] = entry
		}
		return err
	}, with+" SELECT r.tracker_id, r.provider, r.kind, r.native_id, r.entry, r.base FROM b JOIN provider_records r ON r.tracker_id = b.id", param)
	if err != nil {
		return nil, err
	}
	err = query(tx, func(row *sql.Rows) error {
		var c completionRow
		err := row.Scan(&c.Tracker, &c.Resource, &c.Ordinal, &c.Regular, &c.At)
		if m := found[c.Tracker]; m != nil {
			m.Completed[c.Resource] = c
		}
		return err
	}, with+" SELECT c.tracker_id, c.resource, c.ordinal, c.regular, c.completed_at FROM b JOIN tracker_completed c ON c.tracker_id = b.id", param)
	return found, err
}

// lastActivity gives the greatest id of an activity.
func lastActivity(tx *gorm.DB) (id int64, err error) {
	err = tx.Raw("SELECT COALESCE(MAX(id), 0) FROM activities").Row().Scan(&id)
	return id, err
}

// columns of batches of what images hold.
var (
	imageBatch = []store.Col{
		{Name: "id", Type: "int"},
		{Name: "state", Type: "int"},
		{Name: "start_time", Type: "int"},
		{Name: "end_time", Type: "int"},
		{Name: "percentage", Type: "float"},
		{Name: "first_done", Type: "int"},
	}
	completionBatch = []store.Col{
		{Name: "tracker_id", Type: "int"},
		{Name: "resource", Type: "text"},
		{Name: "ordinal", Type: "int"},
		{Name: "regular", Type: "bool"},
		{Name: "completed_at", Type: "int"},
	}
)
