package trackers

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// viewPace is the least time from one statement that finds trackers by their names
// to the next: a crowd shares fewer and larger ones. Alone, nobody waits.
const viewPace = 500 * time.Microsecond

// tracked names one tracker.
type tracked struct {
	owner tracker.Owner
	id    string // as its name has it
}

// trackedRow is a tracker's name in a batch. Number is -1 where the id is none.
type trackedRow struct {
	Place  int    `json:"place"`
	Client int64  `json:"client"`
	Parent string `json:"parent"`
	Own    string `json:"own"`
	Number int64  `json:"number"`
}

var trackedColumns = []store.Col{
	{Name: "place", Type: "int"},
	{Name: "client", Type: "int"},
	{Name: "parent", Type: "text"},
	{Name: "own", Type: "text"},
	{Name: "number", Type: "int"},
}

func (t tracked) row(place int) trackedRow {
	r := trackedRow{place, int64(t.owner.Client), t.owner.Parent, t.id, -1}
	// ParseInt takes "+7" and "07" too, which are nobody's names.
	if n, err := strconv.ParseInt(t.id, 10, 64); err == nil && strconv.FormatInt(n, 10) == t.id {
		r.Number = n
	}
	return r
}

// whichSQL are the trackers t that the rows of a batch b name; an id that the
// owner chose goes before a number.
const whichSQL = `which AS MATERIALIZED (
	SELECT b.place, t.id, 0 AS turn FROM b JOIN trackers t ON t.client_id = b.client AND t.parent = b.parent AND t.own_id = b.own AND t.own_id <> ''
	UNION ALL
	SELECT b.place, t.id, 1 AS turn FROM b JOIN trackers t ON t.id = b.number AND t.client_id = b.client AND t.parent = b.parent AND t.own_id = '')`

// errByItself says that one call cannot share its statement with others.
var errByItself = errors.New("not to be done together with others")

// View implements tracker.LibraryStore.
func (s *Store) View(ctx context.Context, owner tracker.Owner, id string) (tracker.View, error) {
	v, err := s.views.Do(ctx, tracked{owner, id})
	if errors.Is(err, errByItself) {
		v, err = s.viewOne(ctx, owner, id)
	}
	if _, ok := owner.Audience(); !ok || err != nil {
		return v, err
	}
	err = s.db.Read(ctx, func(tx *gorm.DB) error { return s.ownerThere(tx, owner) })
	if tasks.CodeOf(err) == tasks.CodeNotFound {
		err = tracker.ErrNoTracker(owner, id)
	}
	return v, err
}

// viewAll finds trackers of any owners. One that is not found may have another
// name by now, and is looked for by itself; so are all when anything goes wrong.
func (s *Store) viewAll(ctx context.Context, in []tracked) []store.Answer[tracker.View] {
	answers := make([]store.Answer[tracker.View], len(in))
	for i := range answers {
		answers[i].Err = errByItself
	}
	batch := make([]trackedRow, len(in))
	for i, t := range in {
		batch[i] = t.row(i)
	}
	param, err := rows(batch)
	if err != nil {
		return answers
	}
	var list []tracker.View
	var places []int
	err = s.db.Read(ctx, func(tx *gorm.DB) error {
		err := query(tx, func(found *sql.Rows) error {
			var v tracker.View
			var created int64
			var place int
			var err error
			v.Tracker, err = scanTracker(found, &created, &v.Work.Title, &v.Work.Regular, &place)
			v.Work.Resource, v.CreatedAt = v.Resource, store.TimeOf(created)
			list, places = append(list, v), append(places, place)
			return err
		}, "WITH "+s.db.Batch("b", trackedColumns...)+", "+whichSQL+
			" SELECT "+trackerColumns+", t.created_at, COALESCE(w.title, ''), COALESCE(w.regular, 0), which.place FROM which JOIN trackers t ON t.id = which.id"+
			" LEFT JOIN works w ON w.client_id = t.client_id AND w.resource = t.resource ORDER BY which.turn DESC", param)
		if err != nil || len(list) == 0 {
			return err
		}
		return s.addCompletedOnce(tx, list)
	})
	if err != nil {
		return answers
	}
	for i, place := range places {
		answers[place] = store.Answer[tracker.View]{Out: list[i]}
	}
	return answers
}

// addCompletedOnce is addCompleted for a list in which a tracker may stand more
// than once.
func (s *Store) addCompletedOnce(tx *gorm.DB, list []tracker.View) error {
	var once []tracker.View
	at := map[int64]int{}
	for _, v := range list {
		if _, seen := at[v.ID]; !seen {
			at[v.ID] = len(once)
			once = append(once, v)
		}
	}
	if err := s.addCompleted(tx, once); err != nil {
		return err
	}
	for i := range list {
		list[i].Completed = once[at[list[i].ID]].Completed
	}
	return nil
}
