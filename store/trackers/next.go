package trackers

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// openParts bounds how many works are looked at for a name that leaves its work
// open: two would be enough to know that it is ambiguous.
const openParts = 3

// FindParts implements tracker.LookStore.
func (s *Store) FindParts(ctx context.Context, client tasks.ClientID, res tracker.Resource) ([]tracker.Part, error) {
	which, work := "work = ?", res.Work()
	if res.AnyWork() {
		which, work = "substr(work, 1, length(CAST(? AS TEXT))) = ?", res.Collection+"/"
	}
	params := []any{client, res.Part()}
	for range strings.Count(which, "?") {
		params = append(params, work)
	}
	var parts []tracker.Part
	err := query(s.db.Gorm(ctx), func(found *sql.Rows) error {
		var work, part string
		var p tracker.Part
		err := found.Scan(&work, &part, &p.Type, &p.Ordinal, &p.Length)
		p.Resource = work + "/" + part
		parts = append(parts, p)
		return err
	}, "SELECT work, part, type, ordinal, length FROM work_parts WHERE client_id = ? AND part = ? AND "+which+" ORDER BY work LIMIT ?", append(params, openParts)...)
	return parts, err
}

type placeRow struct {
	Place   int    `json:"place"`
	Tracker int64  `json:"tracker_id"`
	Work    string `json:"work"`
	After   int64  `json:"ordinal"`
}

var placeBatch = []store.Col{
	{Name: "place", Type: "int"},
	{Name: "tracker_id", Type: "int"},
	{Name: "work", Type: "text"},
	{Name: "ordinal", Type: "int"},
}

// NextParts implements tracker.LookStore, with one statement for the places of
// which the catalogue knows the parts, and one for those whose parts are numbers.
func (s *Store) NextParts(ctx context.Context, client tasks.ClientID, places []tracker.Place) (map[int]tracker.Part, error) {
	known, numbered := []placeRow{}, []placeRow{}
	for i, p := range places {
		row := placeRow{i, p.Tracker, p.Work.Resource, p.After}
		switch {
		case p.After == 0:
		case p.ByNumber:
			numbered = append(numbered, row)
		default:
			known = append(known, row)
		}
	}
	next := map[int]tracker.Part{}
	err := s.nextKnown(s.db.Gorm(ctx), client, known, next)
	if err == nil {
		err = s.nextNumbers(s.db.Gorm(ctx), places, numbered, next)
	}
	return next, err
}

func (s *Store) nextKnown(tx *gorm.DB, client tasks.ClientID, list []placeRow, next map[int]tracker.Part) error {
	if len(list) == 0 {
		return nil
	}
	param, err := rows(list)
	if err != nil {
		return err
	}
	return query(tx, func(found *sql.Rows) error {
		var place int
		var work, part string
		p := tracker.Part{Type: tracker.RegularType}
		err := found.Scan(&place, &work, &part, &p.Ordinal, &p.Length)
		p.Resource = work + "/" + part
		next[place] = p
		return err
	}, "WITH "+s.db.Batch("given", placeBatch...)+", b AS MATERIALIZED (SELECT given.*, "+s.num()+" AS client_id FROM given)"+
		" SELECT b.place, p.work, p.part, p.ordinal, p.length FROM b JOIN work_parts p ON (p.client_id + 0) = b.client_id AND p.work = b.work AND p.type = '"+tracker.RegularType+"'"+
		" AND p.ordinal = (SELECT MIN(n.ordinal) FROM work_parts n WHERE (n.client_id + 0) = b.client_id AND n.work = b.work AND n.type = '"+tracker.RegularType+"' AND n.ordinal > b.ordinal"+
		" AND NOT EXISTS (SELECT 1 FROM tracker_completed c WHERE c.tracker_id = b.tracker_id AND c.resource = n.work || '/' || n.part))",
		param, client)
}

// nextNumbers looks for the first number that is not among the completed ones.
func (s *Store) nextNumbers(tx *gorm.DB, places []tracker.Place, list []placeRow, next map[int]tracker.Part) error {
	if len(list) == 0 {
		return nil
	}
	param, err := rows(list)
	if err != nil {
		return err
	}
	number := map[int]int64{}
	for _, row := range list {
		number[row.Place] = row.After + 1
	}
	err = query(tx, func(found *sql.Rows) error {
		var place int
		var done int64
		err := found.Scan(&place, &done)
		if done == number[place] {
			number[place]++
		}
		return err
	}, "WITH "+s.db.Batch("b", placeBatch...)+" SELECT b.place, c.ordinal FROM b JOIN tracker_completed c ON c.tracker_id = b.tracker_id AND c.regular AND c.ordinal > b.ordinal ORDER BY b.place, c.ordinal", param)
	for place, n := range number {
		p := places[place]
		if n <= p.Work.Regular {
			next[place] = tracker.Part{Resource: p.Work.Resource + "/" + p.Parts + "/" + strconv.FormatInt(n, 10), Type: tracker.RegularType, Ordinal: n}
		}
	}
	return err
}
