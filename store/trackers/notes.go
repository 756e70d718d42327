package trackers

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks/tracker"
)

// notePace is the least time from one commit of activities to the next: the crowd
// that makes it wait is answered sooner by fewer and larger commits.
const notePace = time.Millisecond

// note is an activity for a tracker, on its way.
type note struct {
	tracked
	user     string // empty: an audience's
	audience string
	activity tracker.Activity
}

type noteRow struct {
	trackedRow
	Key      string `json:"key"` // of the owner's lock
	User     string `json:"username"`
	Audience string `json:"audience"`
	Work     string `json:"work"`
	Part     string `json:"part"`
	Resource string `json:"resource"`
	To       int64  `json:"to_at"`
	keyRow          // where the work's id is derived from a provider's
}

var noteColumns = append(slices.Clip(trackedColumns),
	store.Col{Name: "key", Type: "text"},
	store.Col{Name: "username", Type: "text"},
	store.Col{Name: "audience", Type: "text"},
	store.Col{Name: "work", Type: "text"},
	store.Col{Name: "part", Type: "text"},
	store.Col{Name: "resource", Type: "text"},
	store.Col{Name: "to_at", Type: "int"},
	store.Col{Name: "provider", Type: "text"},
	store.Col{Name: "kind", Type: "text"},
	store.Col{Name: "native_id", Type: "text"},
)

// NoteActivity implements tracker.LibraryStore.
func (s *Store) NoteActivity(ctx context.Context, owner tracker.Owner, id string, a tracker.Activity) (number int64, noted bool, err error) {
	n := note{tracked: tracked{owner, id}, activity: a}
	if audience, ok := owner.Audience(); ok {
		n.audience = audience
	} else {
		n.user, _ = owner.User()
	}
	number, err = s.notes.Do(ctx, n)
	if errors.Is(err, errByItself) {
		return 0, false, nil
	}
	return number, err == nil, err
}

// noteAll keeps, in one transaction, those of the activities that change nothing
// else. The others, and all when anything goes wrong, are for those who look at
// everything.
func (s *Store) noteAll(ctx context.Context, in []note) []store.Answer[int64] {
	answers := make([]store.Answer[int64], len(in))
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		for i := range answers {
			answers[i] = store.Answer[int64]{Err: errByItself}
		}
		plain, err := s.plain(tx, in)
		if err != nil || len(plain) == 0 {
			return err
		}
		return s.insertNotes(tx, in, plain, answers)
	})
	if err != nil {
		for i := range answers {
			answers[i] = store.Answer[int64]{Err: errByItself}
		}
	}
	return answers
}

// plain gives the trackers of those activities that change nothing else, by their
// places: the owner's account, or the audience, is there, the tracker has begun, and the end of the
// resource is not reached, or was before. Of a work whose id is derived from a
// provider's, nothing may be known of that id, nor of the work's parts: it would have
// to be found out what they stand for. The owners' locks are shared with others
// who do this, and not waited for: whoever holds one may change the trackers.
func (s *Store) plain(tx *gorm.DB, in []note) (map[int]int64, error) {
	batch := make([]noteRow, len(in))
	for i, n := range in {
		res, _ := tracker.ParseResource(n.activity.Resource)
		batch[i] = noteRow{trackedRow: n.row(i), Key: lockKey(n.owner), User: n.user, Audience: n.audience, Work: res.Work(), Resource: n.activity.Resource, To: n.activity.To}
		if res.IsPart() {
			batch[i].Part = res.Part()
		}
		if k, ok := tracker.KeyOf(res.Work()); ok {
			batch[i].keyRow = keyRow{string(k.Provider), string(k.Kind), k.NativeID}
		}
	}
	param, err := rows(batch)
	if err != nil {
		return nil, err
	}
	free, err := s.lockShared(tx, param, batch)
	if err != nil || len(free) == 0 {
		return nil, err
	}
	plain := map[int]int64{}
	err = query(tx, func(found *sql.Rows) error {
		var place int
		var id int64
		var is bool
		err := found.Scan(&place, &id, &is)
		if delete(plain, place); is && free[batch[place].Key] { // the last line is that of the id that its owner chose
			plain[place] = id
		}
		return err
	}, "WITH "+s.db.Batch("b", noteColumns...)+", "+whichSQL+" SELECT which.place, t.id,"+
		" t.resource = b.work AND (t.state = 2 OR (t.state = 1 AND t.start_time <> 0))"+
		" AND (b.audience <> '' OR EXISTS (SELECT 1 FROM accounts a WHERE a.client_id = b.client AND a.service = '"+tracker.Slug+"' AND a.username = b.username AND a.deregistered_at = 0 AND NOT a.erasing))"+
		" AND (b.audience = '' OR EXISTS (SELECT 1 FROM audiences u WHERE u.client_id = b.client AND u.id = b.audience AND u.deleted_at = 0))"+
		" AND (NOT EXISTS (SELECT 1 FROM work_parts p WHERE p.client_id = b.client AND p.part = b.part AND p.work = b.work AND p.length > 0 AND p.length <= b.to_at)"+
		" OR EXISTS (SELECT 1 FROM tracker_completed c WHERE c.tracker_id = t.id AND c.resource = b.resource))"+
		" AND (b.provider = '' OR NOT EXISTS (SELECT 1 FROM crossrefs c WHERE c.provider = b.provider AND c.native_id = b.native_id AND c.kind = b.kind)"+
		" AND NOT EXISTS (SELECT 1 FROM work_parts p WHERE p.client_id + 0 = b.client AND p.work = b.work))"+
		" FROM which JOIN b ON b.place = which.place JOIN trackers t ON t.id = which.id ORDER BY which.turn DESC", param)
	return plain, err
}

// lockShared takes the locks that keep others from changing the owners' trackers,
// and gives those that nobody else has. Like lock it keeps PostgreSQL to nested
// loops over indexes.
func (s *Store) lockShared(tx *gorm.DB, param string, batch []noteRow) (map[string]bool, error) {
	free := make(map[string]bool, len(batch))
	if !s.db.Postgres() { // one writer at a time anyway
		for _, row := range batch {
			free[row.Key] = true
		}
		return free, nil
	}
	err := query(tx, func(found *sql.Rows) error {
		var key string
		var is bool
		err := found.Scan(&key, &is)
		free[key] = is
		return err
	}, "WITH "+s.db.Batch("b", noteColumns...)+", owners AS MATERIALIZED (SELECT DISTINCT key FROM b)"+
		" SELECT key, pg_try_advisory_xact_lock_shared("+resolving+") AND pg_try_advisory_xact_lock_shared(hashtextextended(key, 0)) FROM owners,"+
		" (SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true)) planned", param)
	return free, err
}

// insertNotes keeps the plain activities. Their numbers are told apart by what
// the activities are: which of two equal ones has which does not matter.
func (s *Store) insertNotes(tx *gorm.DB, in []note, plain map[int]int64, answers []store.Answer[int64]) error {
	type placed struct {
		activityRow
		Client int64 `json:"client"`
	}
	list := make([]placed, 0, len(plain))
	waiting := make(map[activityRow][]int, len(plain))
	for i := range in {
		id, ok := plain[i]
		if !ok {
			continue
		}
		a := in[i].activity
		a.Tracker = &tracker.Tracker{ID: id}
		row := activityRowOf(&a)
		list = append(list, placed{row, int64(in[i].owner.Client)})
		waiting[row] = append(waiting[row], i)
	}
	param, err := rows(list)
	if err != nil {
		return err
	}
	return query(tx, func(found *sql.Rows) error {
		var id int64
		var r activityRow
		if err := found.Scan(&id, &r.Tracker, &r.Resource, &r.Platform, &r.From, &r.To, &r.Start, &r.End); err != nil {
			return err
		}
		places := waiting[r]
		answers[places[0]] = store.Answer[int64]{Out: id}
		waiting[r] = places[1:]
		return nil
	}, "WITH "+s.db.Batch("b", append(slices.Clip(activityBatch), store.Col{Name: "client", Type: "int"})...)+
		" INSERT INTO activities (client_id, tracker_id, resource, platform, from_at, to_at, start_time, end_time)"+
		" SELECT client, tracker_id, resource, platform, from_at, to_at, start_time, end_time FROM b WHERE true"+
		" RETURNING id, tracker_id, resource, platform, from_at, to_at, start_time, end_time", param)
}
