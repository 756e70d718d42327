package trackers

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks/tracker"
)

const (
	// wholePage is how many trackers are read at once.
	wholePage = 100
	// wholePieces is how many completed resources, and how many activities, of
	// a tracker are held at once; of more it goes on.
	wholePieces = 1000
)

// Wholes implements tracker.Store.
func (s *Store) Wholes(ctx context.Context, owner tracker.Owner, activities bool, fn func(int64, iter.Seq2[tracker.Whole, error]) error) error {
	read := func(tx *gorm.DB) error {
		ids, err := allIDs(tx, owner)
		if err != nil {
			return err
		}
		return fn(int64(len(ids)), func(yield func(tracker.Whole, error) bool) {
			for from := 0; from < len(ids); from += wholePage {
				err := s.wholes(tx, owner, ids[from:min(from+wholePage, len(ids))], activities, yield)
				if errors.Is(err, errStopped) {
					return
				}
				if err != nil {
					yield(tracker.Whole{}, err)
					return
				}
			}
		})
	}
	return s.db.Gorm(ctx).Transaction(read, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
}

// allIDs lists the owner's trackers, the first first.
func allIDs(tx *gorm.DB, owner tracker.Owner) ([]int64, error) {
	var ids []int64
	err := query(tx, func(found *sql.Rows) error {
		var id int64
		err := found.Scan(&id)
		ids = append(ids, id)
		return err
	}, "SELECT id FROM trackers WHERE client_id = ? AND parent = ? ORDER BY id", owner.Client, owner.Parent)
	return ids, err
}

// page is some trackers on their way out.
type page struct {
	store  *Store
	tx     *gorm.DB
	wholes []*tracker.Whole
	by     map[int64]*tracker.Whole
	larger map[int64]larger
	yield  func(tracker.Whole, error) bool
}

// larger says of what a tracker has too much to hold all of it.
type larger struct{ completed, activities bool }

func (s *Store) wholes(tx *gorm.DB, owner tracker.Owner, ids []int64, activities bool, yield func(tracker.Whole, error) bool) error {
	p := &page{store: s, tx: tx, by: map[int64]*tracker.Whole{}, larger: map[int64]larger{}, yield: yield}
	param, err := idsOf(ids)
	if err != nil {
		return err
	}
	if err := p.trackers(param, owner); err != nil {
		return err
	}
	if err := p.records(param); err != nil {
		return err
	}
	if err := p.few(activities); err != nil {
		return err
	}
	for _, w := range p.wholes {
		if err := p.give(w); err != nil {
			return err
		}
	}
	return nil
}

func idsOf(ids []int64) (string, error) {
	list := make([]idRow, len(ids))
	for i, id := range ids {
		list[i].ID = id
	}
	return rows(list)
}

func (p *page) with() string { return "WITH " + p.store.db.Batch("b", idColumn) }

func (p *page) trackers(param string, owner tracker.Owner) error {
	return query(p.tx, func(found *sql.Rows) error {
		w := &tracker.Whole{}
		var completed, activities int64
		var err error
		w.Tracker, err = scanTracker(found, &w.Work.Title, &w.Work.Regular, &completed, &activities)
		w.Work.Resource = w.Tracker.Resource
		p.wholes, p.by[w.Tracker.ID] = append(p.wholes, w), w
		p.larger[w.Tracker.ID] = larger{completed > wholePieces, activities > wholePieces}
		return err
	}, p.with()+" SELECT "+trackerColumns+", COALESCE(w.title, ''), COALESCE(w.regular, 0),"+
		" (SELECT COUNT(*) FROM (SELECT 1 FROM tracker_completed c WHERE c.tracker_id = t.id LIMIT ?) n),"+
		" (SELECT COUNT(*) FROM (SELECT 1 FROM activities a WHERE a.tracker_id = t.id LIMIT ?) n)"+
		" FROM b JOIN trackers t ON t.id = b.id LEFT JOIN works w ON w.client_id = ? AND w.resource = t.resource ORDER BY t.id",
		param, wholePieces+1, wholePieces+1, owner.Client)
}

func (p *page) records(param string) error {
	return query(p.tx, func(found *sql.Rows) error {
		var id int64
		var r tracker.Record
		var entry string
		if err := found.Scan(&id, &r.Key.Provider, &r.Key.Kind, &r.Key.NativeID, &entry); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(entry), &r.Entry); err != nil {
			return fmt.Errorf("decode the entry %v: %w", r.Key, err)
		}
		p.by[id].Records = append(p.by[id].Records, r)
		return nil
	}, p.with()+" SELECT r.tracker_id, r.provider, r.kind, r.native_id, r.entry FROM b JOIN provider_records r ON r.tracker_id = b.id ORDER BY r.tracker_id, r.provider, r.kind, r.native_id", param)
}

const (
	completedOf = " SELECT c.tracker_id, c.resource, c.ordinal, c.regular, c.completed_at FROM b JOIN tracker_completed c ON c.tracker_id = b.id ORDER BY c.tracker_id, c.resource"
	repeatedOf  = " SELECT a.tracker_id, a.resource, a.platform, a.from_at, a.to_at, a.start_time, a.end_time, COUNT(*) FROM b JOIN activities a ON a.tracker_id = b.id" +
		" GROUP BY a.tracker_id, a.resource, a.platform, a.from_at, a.to_at, a.start_time, a.end_time" +
		" ORDER BY a.tracker_id, a.start_time, a.resource, a.end_time, a.platform, a.from_at, a.to_at"
)

// few reads the completed resources and activities of trackers that have few.
func (p *page) few(activities bool) error {
	var completed, doers []int64
	for _, w := range p.wholes {
		large := p.larger[w.Tracker.ID]
		if !large.completed {
			completed = append(completed, w.Tracker.ID)
		}
		if activities && !large.activities {
			doers = append(doers, w.Tracker.ID)
		}
		if !activities {
			p.larger[w.Tracker.ID] = larger{completed: large.completed}
		}
	}
	param, err := idsOf(completed)
	if err != nil {
		return err
	}
	err = query(p.tx, func(found *sql.Rows) error {
		id, c, err := scanCompleted(found)
		if err == nil {
			p.by[id].Completed = append(p.by[id].Completed, c)
		}
		return err
	}, p.with()+completedOf, param)
	if err != nil || len(doers) == 0 {
		return err
	}
	if param, err = idsOf(doers); err != nil {
		return err
	}
	return query(p.tx, func(found *sql.Rows) error {
		id, a, err := scanRepeated(found)
		if err == nil {
			p.by[id].Activities = append(p.by[id].Activities, a)
		}
		return err
	}, p.with()+repeatedOf, param)
}

func scanCompleted(found *sql.Rows) (id int64, c tracker.Completion, err error) {
	var at int64
	err = found.Scan(&id, &c.Resource, &c.Ordinal, &c.Regular, &at)
	c.At = store.TimeOf(at)
	return id, c, err
}

func scanRepeated(found *sql.Rows) (id int64, a tracker.Repeated, err error) {
	var start, end int64
	err = found.Scan(&id, &a.Resource, &a.Platform, &a.From, &a.To, &start, &end, &a.Times)
	a.Start, a.End = store.TimeOf(start), store.TimeOf(end)
	return id, a, err
}

// give hands out one tracker, and what it has more piece by piece.
func (p *page) give(w *tracker.Whole) error {
	large := p.larger[w.Tracker.ID]
	pieces := &pieces{page: p, now: *w}
	param, err := idsOf([]int64{w.Tracker.ID})
	if err != nil {
		return err
	}
	if large.completed {
		err := query(p.tx, func(found *sql.Rows) error {
			_, c, err := scanCompleted(found)
			if err == nil {
				err = pieces.room(len(pieces.now.Completed))
			}
			pieces.now.Completed = append(pieces.now.Completed, c)
			return err
		}, p.with()+completedOf, param)
		if err != nil {
			return err
		}
	}
	if large.activities {
		err := query(p.tx, func(found *sql.Rows) error {
			_, a, err := scanRepeated(found)
			if err == nil {
				err = pieces.room(len(pieces.now.Activities))
			}
			pieces.now.Activities = append(pieces.now.Activities, a)
			return err
		}, p.with()+repeatedOf, param)
		if err != nil {
			return err
		}
	}
	return pieces.give()
}

// pieces gathers what one element holds.
type pieces struct {
	page *page
	now  tracker.Whole
}

// room hands the element out when it is full, and begins the next.
func (p *pieces) room(held int) error {
	if held < wholePieces {
		return nil
	}
	p.now.More = true
	if err := p.give(); err != nil {
		return err
	}
	p.now = tracker.Whole{Tracker: p.now.Tracker, Continued: true}
	return nil
}

func (p *pieces) give() error {
	if !p.page.yield(p.now, nil) {
		return errStopped
	}
	return nil
}
