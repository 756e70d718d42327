package trackers

import (
	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks/tracker"
)

// restoring is a statement over a batch of rows.
type restoring struct {
	param     func() (string, error)
	columns   []store.Col
	statement string // follows the batch b
	more      []any
}

// restore gives trackers that an import changed what they had before.
func (s *Store) restore(tx *gorm.DB, owner tracker.Owner, list []kept) error {
	if len(list) == 0 {
		return nil
	}
	var images []imageRow
	var added, removed []completionRow
	var gone, old []recordRow
	var spans []spanRow
	for _, k := range list {
		images = append(images, imageRowOf(k))
		for _, name := range k.trace.Added {
			added = append(added, completionRow{Tracker: k.tracker, Resource: name})
		}
		removed = append(removed, k.trace.Removed...)
		for _, r := range k.trace.Records {
			row := recordRow{r.keyRow, r.entryRow, k.tracker}
			if r.Entry == "" {
				gone = append(gone, row)
			} else {
				old = append(old, row)
			}
		}
		if k.trace.Last > k.trace.First {
			spans = append(spans, spanRow{k.tracker, k.trace.First, k.trace.Last})
		}
	}
	steps := []restoring{
		{
			func() (string, error) { return rows(images) }, imageBatch,
			" UPDATE trackers SET state = b.state, start_time = b.start_time, end_time = b.end_time, percentage = b.percentage," +
				" first_done = b.first_done, updated_at = " + s.db.Now() + " FROM b WHERE trackers.id = b.id", nil,
		},
		{
			func() (string, error) { return rows(added) }, completionBatch[:2],
			" DELETE FROM tracker_completed WHERE (tracker_id, resource) IN (SELECT tracker_id, resource FROM b)", nil,
		},
		{
			func() (string, error) { return rows(removed) }, completionBatch,
			" INSERT INTO tracker_completed (tracker_id, resource, ordinal, regular, completed_at)" +
				" SELECT tracker_id, resource, ordinal, regular, completed_at FROM b WHERE true ON CONFLICT (tracker_id, resource) DO NOTHING", nil,
		},
		{
			func() (string, error) { return rows(gone) }, recordColumns,
			" DELETE FROM provider_records WHERE id IN (SELECT r.id FROM b JOIN provider_records r ON r.tracker_id = b.tracker_id" +
				" WHERE r.provider = b.provider AND r.kind = b.kind AND r.native_id = b.native_id)", nil,
		},
		{func() (string, error) { return rows(old) }, recordColumns, s.upsertRecords(), []any{owner.Client, owner.Parent}},
		{
			func() (string, error) { return rows(spans) }, spanColumns,
			" DELETE FROM activities WHERE id IN (SELECT a.id FROM b JOIN activities a ON a.tracker_id = b.id WHERE a.id > b.first AND a.id <= b.last)", nil,
		},
	}
	for _, step := range steps {
		param, err := step.param()
		if err != nil {
			return err
		}
		if param == "[]" {
			continue
		}
		if err := tx.Exec("WITH "+s.db.Batch("b", step.columns...)+step.statement, append([]any{param}, step.more...)...).Error; err != nil {
			return err
		}
	}
	return nil
}

type imageRow struct {
	ID         int64    `json:"id"`
	State      int8     `json:"state"`
	Start      int64    `json:"start_time"`
	End        int64    `json:"end_time"`
	Percentage *float64 `json:"percentage"`
	FirstDone  int64    `json:"first_done"`
}

func imageRowOf(k kept) imageRow {
	m := k.trace.image
	return imageRow{k.tracker, m.State, m.Start, m.End, m.Percentage, m.FirstDone}
}

// spanRow says which activities of a tracker an import added.
type spanRow struct {
	ID    int64 `json:"id"`
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

var spanColumns = []store.Col{{Name: "id", Type: "int"}, {Name: "first", Type: "int"}, {Name: "last", Type: "int"}}
