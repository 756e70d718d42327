package trackers

import (
	"context"
	"database/sql"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks/tracker"
)

// progressSQL is the progress in percent as tracker.Tracker.Progress computes
// it; NULL: unknown. Of ownedSQL called t and works called w.
const progressSQL = `CASE WHEN t.percentage IS NOT NULL THEN t.percentage WHEN t.state = 2 THEN 100
	WHEN w.regular > 0 AND substr(t.resource, 1, 13) <> 'visualNovels/' THEN
		CASE WHEN t.done >= w.regular THEN 100 ELSE CAST(100 AS DOUBLE PRECISION) * t.done / w.regular END
	WHEN t.done = 0 AND t.state = 0 THEN 0 END`

// doneSQL is what tracker.Tracker.Done counts.
const doneSQL = `(SELECT CASE WHEN t.first_done + COUNT(CASE WHEN c.ordinal > t.first_done THEN 1 END) > COUNT(*)
		THEN t.first_done + COUNT(CASE WHEN c.ordinal > t.first_done THEN 1 END) ELSE COUNT(*) END
	FROM tracker_completed c WHERE c.tracker_id = t.id AND c.regular)`

// ownedSQL are an owner's trackers in the order of their numbers, with their
// done. The limit keeps the planner from putting the sum of done into each of
// the comparisons that read it; the sum of what is not read is not made.
const ownedSQL = "(SELECT t.*, " + doneSQL + " AS done FROM trackers t" +
	" WHERE t.client_id + 0 = ? AND t.parent = ? AND t.id > ? ORDER BY t.id LIMIT 9223372036854775807) t"

// Page implements tracker.LibraryStore. It reads along the numbers, which never
// change and only grow, so that a page is not moved by what others write.
func (s *Store) Page(ctx context.Context, owner tracker.Owner, f *tracker.Filter, after int64, limit int) ([]tracker.View, error) {
	var list []tracker.View
	var condition condition
	where := condition.sql(f)
	params := append([]any{owner.Client, owner.Parent, after}, condition.params...)
	err := s.db.Read(ctx, func(tx *gorm.DB) error {
		list = nil
		if err := s.ownerThere(tx, owner); err != nil {
			return err
		}
		err := query(tx, func(found *sql.Rows) error {
			var v tracker.View
			var err error
			var created int64
			v.Tracker, err = scanTracker(found, &created, &v.Work.Title, &v.Work.Regular)
			v.Work.Resource, v.CreatedAt = v.Resource, store.TimeOf(created)
			list = append(list, v)
			return err
		}, "SELECT "+trackerColumns+", t.created_at, COALESCE(w.title, ''), COALESCE(w.regular, 0) FROM "+ownedSQL+
			" LEFT JOIN works w ON w.client_id = t.client_id AND w.resource = t.resource WHERE "+where+" ORDER BY t.id LIMIT ?", append(params, limit)...)
		if err != nil {
			return err
		}
		return s.addCompleted(tx, list)
	})
	return list, err
}

// addCompleted tells each of the trackers what it completed one by one.
func (s *Store) addCompleted(tx *gorm.DB, list []tracker.View) error {
	type row struct {
		ID int64 `json:"id"`
	}
	ids := make([]row, len(list))
	at := make(map[int64]int, len(list))
	for i := range list {
		ids[i].ID = list[i].ID
		at[list[i].ID] = i
	}
	param, err := rows(ids)
	if err != nil {
		return err
	}
	return query(tx, func(found *sql.Rows) error {
		var id int64
		var name string
		err := found.Scan(&id, &name)
		v := &list[at[id]]
		v.Completed = append(v.Completed, name)
		return err
	}, "WITH "+s.db.Batch("b", store.Col{Name: "id", Type: "int"})+
		" SELECT c.tracker_id, c.resource FROM b JOIN tracker_completed c ON c.tracker_id = b.id ORDER BY c.tracker_id, c.resource", param)
}
