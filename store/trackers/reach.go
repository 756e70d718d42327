package trackers

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// reachRow is how a Consumption is kept.
type reachRow struct {
	Work      string      `json:"work"`
	Parts     []reachPart `json:"parts,omitempty"`
	FirstDone int64       `json:"first,omitempty"`
	Whole     bool        `json:"whole,omitempty"`
	Start     int64       `json:"start,omitempty"`
	End       int64       `json:"end,omitempty"`
}

type reachPart struct {
	Resource string `json:"name"`
	Ordinal  int64  `json:"ordinal,omitempty"`
	Regular  bool   `json:"regular,omitempty"`
	At       int64  `json:"at"`
}

func reachRowOf(c *tracker.Consumption) reachRow {
	row := reachRow{Work: c.Work, FirstDone: c.FirstDone, Whole: c.Whole, Start: store.Micros(c.Start), End: store.Micros(c.End)}
	for _, p := range c.Parts {
		row.Parts = append(row.Parts, reachPart{p.Resource, p.Ordinal, p.Regular, store.Micros(p.At)})
	}
	return row
}

func (r *reachRow) consumption() tracker.Consumption {
	c := tracker.Consumption{Work: r.Work, FirstDone: r.FirstDone, Whole: r.Whole, Start: store.TimeOf(r.Start), End: store.TimeOf(r.End)}
	for _, p := range r.Parts {
		c.Parts = append(c.Parts, tracker.Completion{Resource: p.Resource, Ordinal: p.Ordinal, Regular: p.Regular, At: store.TimeOf(p.At)})
	}
	return c
}

// newReach is a row of what is to reach members.
type newReach struct {
	Place       int64  `json:"place"` // from 0
	Consumption string `json:"consumption"`
}

// noteConsumed notes what an audience newly consumed, in the transaction in which it
// did, for Advance to bring to the members. Where a task is given, what it changes
// there is noted in the journal of the task.
func (s *Store) noteConsumed(tx *gorm.DB, h *tracker.Held, before held, task string) error {
	id, ok := h.Owner.Audience()
	if !ok {
		return nil
	}
	consumed := h.Consumed(func(id int64) (tracker.Tracker, bool) {
		t, ok := before.trackers[id]
		return t, ok
	})
	if len(consumed) == 0 {
		return nil
	}
	list := make([]newReach, len(consumed))
	for i := range consumed {
		b, err := json.Marshal(reachRowOf(&consumed[i]))
		if err != nil {
			return fmt.Errorf("encode a consumption: %w", err)
		}
		list[i] = newReach{int64(i), string(b)}
	}
	param, err := rows(list)
	if err != nil {
		return err
	}
	var last int64
	if err := tx.Raw("UPDATE audiences SET consumed = consumed + "+s.num()+audienceKey+" RETURNING consumed", len(list), h.Owner.Client, id).Row().Scan(&last); err != nil {
		return err
	}
	return tx.Exec("WITH "+s.db.Batch("b", store.Col{Name: "place", Type: "int"}, store.Col{Name: "consumption", Type: "text"})+
		" INSERT INTO audience_reaches (client_id, audience, number, consumption, task_id)"+
		" SELECT "+s.num()+", "+s.text()+", "+s.num()+" + place, consumption, "+s.text()+" FROM b ORDER BY place",
		param, h.Owner.Client, id, last-int64(len(list))+1, task).Error
}

// reachStep is how many completed resources one step writes at most, or how many
// members it looks at, so that it never holds locks for long.
const (
	reachStep    = 2000
	reachMembers = 200
)

// pending is a reach that is advanced.
type pending struct {
	id       int64
	client   tasks.ClientID
	audience string
	number   int64
	reached  string
	task     string // in whose journal it is noted; empty: nobody's
	what     tracker.Consumption
}

// Advance implements tracker.AudienceStore. The one that waited longest gets the
// next step, so that a large audience does not hold up a small one. One step is
// one transaction: what it changed and how far it came are kept together.
func (s *Store) Advance(ctx context.Context, apply func(*tracker.Held, tracker.Consumption)) (more bool, err error) {
	err = s.db.Tx(ctx, func(tx *gorm.DB) error {
		p, err := s.takeReach(tx)
		if errors.Is(err, sql.ErrNoRows) {
			more = false
			return nil
		}
		if err != nil {
			return err
		}
		more = true
		return s.advance(tx, p, apply)
	})
	if err != nil || more {
		return more, err
	}
	return s.finishDeletion(ctx)
}

func (s *Store) takeReach(tx *gorm.DB) (p pending, err error) {
	var kept string
	skip := ""
	if s.db.Postgres() {
		skip = " FOR UPDATE SKIP LOCKED" // another process may be at it
	}
	err = tx.Raw("SELECT id, client_id, audience, number, reached, consumption, task_id FROM audience_reaches ORDER BY advanced_at, id LIMIT 1"+skip).Row().
		Scan(&p.id, &p.client, &p.audience, &p.number, &p.reached, &kept, &p.task)
	if err != nil {
		return p, err
	}
	var row reachRow
	if err := json.Unmarshal([]byte(kept), &row); err != nil {
		return p, fmt.Errorf("decode a consumption: %w", err)
	}
	p.what = row.consumption()
	return p, nil
}

func (s *Store) advance(tx *gorm.DB, p pending, apply func(*tracker.Held, tracker.Consumption)) error {
	limit := min(reachMembers, max(1, reachStep/max(1, len(p.what.Parts))))
	members, err := s.membersToReach(tx, &p, "", limit)
	if err != nil {
		return err
	}
	if len(members) == 0 {
		return s.reached(tx, p)
	}
	last, all := members[len(members)-1], len(members) < limit
	if err := s.lockAll(tx, p.client, members); err != nil {
		return err
	}
	// An account that was erased meanwhile is no member any more.
	if members, err = s.membersToReach(tx, &p, last, limit); err != nil {
		return err
	}
	if len(members) > 0 {
		refs, err := s.refs(tx, p.client, tracker.Want{Works: []string{p.what.Work}}.Ids())
		if err != nil {
			return err
		}
		p.what = p.what.Under(refs)
		if err := s.consumeAll(tx, &p, members, apply); err != nil {
			return err
		}
	}
	if all {
		return s.reached(tx, p)
	}
	return tx.Exec("UPDATE audience_reaches SET reached = ?, advanced_at = "+s.db.Now()+" WHERE id = ?", last, p.id).Error
}

// reached forgets what has reached everybody.
func (s *Store) reached(tx *gorm.DB, p pending) error {
	if err := tx.Exec("DELETE FROM audience_reaches WHERE id = ?", p.id).Error; err != nil {
		return err
	}
	return s.forgetLeft(tx, p.client, p.audience)
}

// membersToReach gives the next members that were members when it was consumed,
// up to last where that is given.
func (s *Store) membersToReach(tx *gorm.DB, p *pending, last string, limit int) ([]string, error) {
	var list []string
	err := query(tx, func(found *sql.Rows) error {
		var member string
		err := found.Scan(&member)
		list = append(list, member)
		return err
	}, "SELECT member FROM audience_members WHERE client_id = ? AND audience = ? AND member > ? AND (? = '' OR member <= ?)"+
		" AND since < ? AND (until = 0 OR until >= ?) ORDER BY member LIMIT ?", p.client, p.audience, p.reached, last, last, p.number, p.number, limit)
	return list, err
}

// lockAll is lock for many users, in the order of their names.
func (s *Store) lockAll(tx *gorm.DB, client tasks.ClientID, members []string) error {
	if !s.db.Postgres() {
		return nil
	}
	if err := tx.Exec("SELECT pg_advisory_xact_lock_shared(" + resolving + ")").Error; err != nil {
		return err
	}
	keys := make([]nameRow, len(members))
	for i, m := range members {
		keys[i].Name = lockKey(tracker.Owner{Client: client, Parent: m})
	}
	param, err := rows(keys)
	if err != nil {
		return err
	}
	return tx.Exec("WITH "+s.db.Batch("b", store.Col{Name: "name", Type: "text"})+" SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM b", param).Error
}

// consumeAll lets apply change the members' trackers of the work, and keeps them.
func (s *Store) consumeAll(tx *gorm.DB, p *pending, members []string, apply func(*tracker.Held, tracker.Consumption)) error {
	all, err := s.loadMembers(tx, p, members)
	if err != nil {
		return err
	}
	var made, changed, touchedOnes []*tracker.Tracker
	var completions, undone []tracker.Completion
	for _, m := range members {
		h := all[m]
		before := snapshot(h)
		apply(h, p.what)
		for _, t := range h.Trackers {
			if was, known := before.trackers[t.ID]; !known {
				made = append(made, t)
			} else if was != *t {
				changed = append(changed, t)
			}
		}
		touchedOnes = append(touchedOnes, touched(h, before)...)
		completions, undone = append(completions, h.Completions...), append(undone, h.Undone...)
	}
	return s.journaling(tx, p, touchedOnes, func() error {
		if err := s.insertTrackers(tx, p.client, made); err != nil {
			return err
		}
		if err := s.updateTrackers(tx, changed); err != nil {
			return err
		}
		if err := s.deleteCompletions(tx, undone); err != nil {
			return err
		}
		return s.insertCompletions(tx, completions)
	})
}

// loadMembers reads what each member has of the work, with one statement for each
// table.
func (s *Store) loadMembers(tx *gorm.DB, p *pending, members []string) (map[string]*tracker.Held, error) {
	works := &tracker.Held{Owner: tracker.Owner{Client: p.client}, Works: map[string]*tracker.Work{}}
	if err := s.loadWorks(tx, works, []nameRow{{Name: p.what.Work}}); err != nil {
		return nil, err
	}
	all := make(map[string]*tracker.Held, len(members))
	for _, m := range members {
		all[m] = &tracker.Held{
			Owner: tracker.Owner{Client: p.client, Parent: m}, Trackers: map[string]*tracker.Tracker{},
			Works: maps.Clone(works.Works), Completed: map[string]bool{}, Numbered: map[string]bool{},
		}
	}
	param, err := memberRows(members)
	if err != nil {
		return nil, err
	}
	b := "WITH " + s.db.Batch("given", memberColumn) + ", b AS MATERIALIZED (SELECT given.*, " + s.num() + " AS client_id, " + s.text() + " AS work FROM given)"
	err = query(tx, func(found *sql.Rows) error {
		t, err := scanTracker(found)
		all[t.Parent].Trackers[t.Resource] = &t
		return err
	}, b+" SELECT "+trackerColumns+" FROM b JOIN trackers t ON t.client_id = b.client_id AND t.parent = b.member AND t.resource = b.work", param, p.client, p.what.Work)
	if err != nil || len(p.what.Parts) == 0 {
		return all, err
	}
	parts := make([]doneRow, 0, len(p.what.Parts))
	for _, part := range p.what.Parts {
		parts = append(parts, doneRow{Name: part.Resource})
		if number := (tracker.Part{Resource: part.Resource, Ordinal: part.Ordinal}).Numbered(); number != "" {
			parts = append(parts, doneRow{Name: number, Ordinal: part.Ordinal})
		}
	}
	names, err := rows(parts)
	if err != nil {
		return nil, err
	}
	return all, query(tx, func(found *sql.Rows) error {
		var member, name string
		var ordinal int64
		err := found.Scan(&member, &name, &ordinal)
		noteDone(all[member], name, ordinal)
		return err
	}, b+", "+s.db.Batch("n", doneColumns...)+
		" SELECT t.parent, c.resource, n.ordinal FROM b JOIN trackers t ON t.client_id = b.client_id AND t.parent = b.member AND t.resource = b.work"+
		" JOIN n ON true JOIN tracker_completed c ON c.tracker_id = t.id AND c.resource = n.name AND "+sameDone("n"), param, p.client, p.what.Work, names)
}

// finishDeletion does one step of deleting what deleted audiences had.
func (s *Store) finishDeletion(ctx context.Context) (more bool, err error) {
	var client tasks.ClientID
	var id string
	err = s.db.Read(ctx, func(tx *gorm.DB) error {
		return query(tx, func(found *sql.Rows) error { return found.Scan(&client, &id) },
			"SELECT client_id, id FROM audiences WHERE deleted_at > 0 ORDER BY deleted_at LIMIT 1")
	})
	if err != nil || id == "" {
		return false, err
	}
	owner := audienceOwner(client, id)
	left, err := s.eraseStep(ctx, owner)
	if err != nil || left {
		return true, err
	}
	return true, s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := s.lock(tx, owner); err != nil {
			return err
		}
		for _, statement := range []string{
			"DELETE FROM audience_members WHERE client_id = ? AND audience = ?",
			"DELETE FROM audiences WHERE client_id = ? AND id = ? AND deleted_at > 0",
		} {
			if err := tx.Exec(statement, client, id).Error; err != nil {
				return err
			}
		}
		return nil
	})
}
