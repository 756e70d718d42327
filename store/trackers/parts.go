package trackers

import (
	"database/sql"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks/tracker"
)

// partColumns are the columns of a batch of parts that are looked up.
var partColumns = []store.Col{{Name: "name", Type: "text"}, {Name: "work", Type: "text"}, {Name: "part", Type: "text"}}

// loadParts finds what the catalogue knows of sub-resources. Where a name
// leaves the work open and several have such a part, two of them are given: that
// is enough to know that the name is ambiguous, and to say so.
func (s *Store) loadParts(tx *gorm.DB, h *tracker.Held, names []string) error {
	var exact, open []nameRow
	for _, name := range names {
		res, ok := tracker.ParseResource(name)
		switch {
		case !ok:
		case res.AnyWork():
			open = append(open, nameRow{Name: name, Work: res.Collection + "/", Part: res.Part()})
		default:
			exact = append(exact, nameRow{Name: name, Work: res.Work(), Part: res.Part()})
		}
	}
	if len(open) > 0 {
		found, err := s.worksWith(tx, h, open)
		if err != nil {
			return err
		}
		exact = append(exact, found...)
	}
	param, err := rows(exact)
	if err != nil {
		return err
	}
	return query(tx, func(found *sql.Rows) error {
		var name, work, part string
		var p tracker.Part
		err := found.Scan(&name, &work, &part, &p.Type, &p.Ordinal, &p.Length)
		p.Resource = work + "/" + part
		h.Parts[name] = append(h.Parts[name], p)
		return err
	}, s.of(partColumns...)+" SELECT b.name, p.work, p.part, p.type, p.ordinal, p.length"+
		" FROM b JOIN work_parts p ON p.client_id = b.client_id AND p.part = b.part AND p.work = b.work ORDER BY p.work",
		param, h.Owner.Client, h.Owner.Parent)
}

// worksWith finds the works that have the parts: the first and the last by name.
func (s *Store) worksWith(tx *gorm.DB, h *tracker.Held, open []nameRow) ([]nameRow, error) {
	param, err := rows(open)
	if err != nil {
		return nil, err
	}
	var list []nameRow
	err = query(tx, func(found *sql.Rows) error {
		var row nameRow
		var last string
		if err := found.Scan(&row.Name, &row.Part, &row.Work, &last); err != nil {
			return err
		}
		list = append(list, row)
		if last != row.Work {
			list = append(list, nameRow{row.Name, last, row.Part})
		}
		return nil
	}, s.of(partColumns...)+" SELECT b.name, b.part, MIN(p.work), MAX(p.work)"+
		" FROM b JOIN work_parts p ON p.client_id = b.client_id AND p.part = b.part AND substr(p.work, 1, length(b.work)) = b.work GROUP BY b.name, b.part",
		param, h.Owner.Client, h.Owner.Parent)
	return list, err
}
