package trackers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"asapi/store"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

type partRow struct {
	Part    string `json:"part"`
	Work    string `json:"work"`
	Type    string `json:"type"`
	Ordinal int64  `json:"ordinal"`
	Length  int64  `json:"length"`
}

// SaveWorks implements tracker.Store.
func (s *Store) SaveWorks(ctx context.Context, client tasks.ClientID, works []tracker.Work) error {
	return s.keepWorks(ctx, client, works, s.learn)
}

// SetWorks implements xref.Catalogue.
func (s *Store) SetWorks(ctx context.Context, client tasks.ClientID, works []tracker.Work) error {
	return s.keepWorks(ctx, client, works, s.setWorks)
}

// References implements xref.Catalogue.
func (s *Store) References(ctx context.Context, client tasks.ClientID, keys []tracker.RecordKey) (*tracker.References, error) {
	return s.refs(s.db.Gorm(ctx), client, keys)
}

// keepWorks keeps works, in one way or the other, and their parts.
func (s *Store) keepWorks(ctx context.Context, client tasks.ClientID, works []tracker.Work, keep func(*gorm.DB, tasks.ClientID, []tracker.Work) error) error {
	if len(works) == 0 {
		return nil
	}
	param, err := partRows(works)
	if err != nil {
		return err
	}
	columns := []store.Col{
		{Name: "part", Type: "text"},
		{Name: "work", Type: "text"},
		{Name: "type", Type: "text"},
		{Name: "ordinal", Type: "int"},
		{Name: "length", Type: "int"},
	}
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := keep(tx, client, works); err != nil {
			return err
		}
		return tx.Exec("WITH "+s.db.Batch("b", columns...)+
			" INSERT INTO work_parts (client_id, part, work, type, ordinal, length)"+
			" SELECT "+s.num()+", part, work, type, ordinal, length FROM b WHERE true ORDER BY part, work"+
			" ON CONFLICT (client_id, part, work) DO UPDATE SET type = excluded.type, ordinal = excluded.ordinal, length = excluded.length"+
			" WHERE work_parts.type <> excluded.type OR work_parts.ordinal <> excluded.ordinal OR work_parts.length <> excluded.length",
			param, client).Error
	})
}

// partRows makes the batch of all parts of the works.
func partRows(works []tracker.Work) (string, error) {
	var list []partRow
	for _, w := range works {
		for _, p := range w.Parts {
			res, ok := tracker.ParseResource(p.Resource)
			if !ok || !res.IsPart() || res.Work() != w.Resource {
				return "", &tasks.Error{Code: tasks.CodeInvalid, Field: "parts", Message: tasks.Clip(p.Resource, 80) + " is no part of " + tasks.Clip(w.Resource, 80) + "."}
			}
			if types := tracker.PartTypes(res.Parts); !slices.Contains(types, p.Type) {
				return "", &tasks.Error{
					Code: tasks.CodeInvalid, Field: "type",
					Message: fmt.Sprintf("%s has the type %q; %s have one of %s.", tasks.Clip(p.Resource, 80), tasks.Clip(p.Type, 40), res.Parts, strings.Join(types, ", ")),
				}
			}
			list = append(list, partRow{res.Part(), w.Resource, p.Type, p.Ordinal, p.Length})
		}
	}
	return rows(list)
}

// setWorks keeps works as they are given, but for what they do not say.
func (s *Store) setWorks(tx *gorm.DB, client tasks.ClientID, works []tracker.Work) error {
	return s.upsertWorks(tx, client, works, " title = CASE WHEN excluded.title = '' THEN works.title ELSE excluded.title END,"+
		" regular = CASE WHEN excluded.regular = 0 THEN works.regular ELSE excluded.regular END"+
		" WHERE excluded.title NOT IN ('', works.title) OR excluded.regular NOT IN (0, works.regular)")
}
