package trackers

import (
	"context"
	"database/sql"
	"strconv"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// find finds a tracker by the id in its name: the one its owner chose, or else
// its number, or what it was called before it became part of another one.
func (s *Store) find(tx *gorm.DB, owner tracker.Owner, id string) (t tracker.Tracker, err error) {
	found := false
	scan := func(rows *sql.Rows) error {
		found = true
		t, err = scanTracker(rows)
		return err
	}
	err = query(tx, scan, "SELECT "+trackerColumns+" FROM trackers t WHERE t.client_id = ? AND t.parent = ? AND t.own_id = ? AND t.own_id <> ''",
		owner.Client, owner.Parent, id)
	if err != nil || found {
		return t, err
	}
	// ParseInt takes "+7" and "07" too, which are nobody's names.
	if n, bad := strconv.ParseInt(id, 10, 64); bad == nil && strconv.FormatInt(n, 10) == id {
		err = query(tx, scan, "SELECT "+trackerColumns+" FROM trackers t WHERE t.client_id = ? AND t.parent = ? AND t.own_id = '' AND t.id = ?",
			owner.Client, owner.Parent, n)
	}
	if err == nil && !found { // it may have become part of another one
		err = query(tx, scan, "SELECT "+trackerColumns+" FROM trackers t WHERE t.client_id = ? AND t.parent = ? AND t.id ="+
			" (SELECT r.tracker_id FROM tracker_redirects r WHERE r.client_id = ? AND r.parent = ? AND r.old = ?)",
			owner.Client, owner.Parent, owner.Client, owner.Parent, id)
	}
	if err == nil && !found {
		err = tracker.ErrNoTracker(owner, id)
	}
	return t, err
}

// loadSingle finds what the asked tracker completed one by one.
func (s *Store) loadSingle(tx *gorm.DB, h *tracker.Held, asked tracker.Tracker) error {
	if asked.ID == 0 {
		return nil
	}
	h.Asked = h.Trackers[asked.Resource]
	return query(tx, func(found *sql.Rows) error {
		c := tracker.Completion{Tracker: h.Asked}
		var at int64
		err := found.Scan(&c.Resource, &c.Ordinal, &c.Regular, &at)
		c.At = store.TimeOf(at)
		h.AskedDone[c.Resource], h.Completed[c.Resource] = c, true
		return err
	}, "SELECT resource, ordinal, regular, completed_at FROM tracker_completed WHERE tracker_id = ?", asked.ID)
}

// ensureUser registers the account that a user is.
func (s *Store) ensureUser(tx *gorm.DB, owner tracker.Owner) error {
	user, ok := owner.User()
	if !ok {
		return nil
	}
	return s.db.EnsureAccount(tx, tasks.Account{Client: owner.Client, Service: tracker.Slug, Username: user})
}

// renameTaken gives new trackers whose number is what their owner calls another
// one a longer number for a name: names are told apart within their parent.
func (s *Store) renameTaken(tx *gorm.DB, client tasks.ClientID, made []*tracker.Tracker) error {
	type row struct {
		ID     int64  `json:"id"`
		Parent string `json:"parent"`
	}
	var list []row
	by := map[int64]*tracker.Tracker{}
	for _, t := range made {
		if t.Own == "" {
			list, by[t.ID] = append(list, row{t.ID, t.Parent}), t
		}
	}
	param, err := rows(list)
	if err != nil {
		return err
	}
	return query(tx, func(found *sql.Rows) error {
		var id int64
		var own string
		err := found.Scan(&id, &own)
		if t := by[id]; t != nil {
			t.Own = own
		}
		return err
	}, "WITH "+s.db.Batch("b", store.Col{Name: "id", Type: "int"}, store.Col{Name: "parent", Type: "text"})+
		" UPDATE trackers SET own_id = CAST(id + 4611686018427387904 AS TEXT) WHERE id IN (SELECT b.id FROM b JOIN trackers o"+
		" ON o.client_id = "+s.num()+" AND o.parent = b.parent AND o.own_id = CAST(b.id AS TEXT) AND o.own_id <> '') RETURNING id, own_id", param, client)
}

// viewOne is View for one tracker by itself, under whatever name it is known.
func (s *Store) viewOne(ctx context.Context, owner tracker.Owner, id string) (v tracker.View, err error) {
	err = s.db.Read(ctx, func(tx *gorm.DB) error {
		if v.Tracker, err = s.find(tx, owner, id); err != nil {
			return err
		}
		v.Work.Resource = v.Resource
		var created int64
		err := query(tx, func(found *sql.Rows) error { return found.Scan(&created, &v.Work.Title, &v.Work.Regular) },
			"SELECT t.created_at, COALESCE(w.title, ''), COALESCE(w.regular, 0) FROM trackers t"+
				" LEFT JOIN works w ON w.client_id = t.client_id AND w.resource = t.resource WHERE t.id = ?", v.ID)
		if err != nil {
			return err
		}
		v.CreatedAt = store.TimeOf(created)
		list := []tracker.View{v}
		err = s.addCompleted(tx, list)
		v = list[0]
		return err
	})
	return v, err
}

// PartsOf implements tracker.LibraryStore.
func (s *Store) PartsOf(ctx context.Context, client tasks.ClientID, work string) ([]tracker.Part, error) {
	var list []tracker.Part
	err := s.db.Read(ctx, func(tx *gorm.DB) error {
		return query(tx, func(found *sql.Rows) error {
			var p tracker.Part
			var part string
			err := found.Scan(&part, &p.Type, &p.Ordinal, &p.Length)
			p.Resource = work + "/" + part
			list = append(list, p)
			return err
		}, "SELECT part, type, ordinal, length FROM work_parts WHERE client_id + 0 = ? AND work = ? ORDER BY part", client, work)
	})
	return list, err
}
