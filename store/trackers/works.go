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
	list := []partRow{}
	for _, w := range works {
		for _, p := range w.Parts {
			res, ok := tracker.ParseResource(p.Resource)
			if !ok || !res.IsPart() || res.Work() != w.Resource {
				return &tasks.Error{Code: tasks.CodeInvalid, Field: "parts", Message: tasks.Clip(p.Resource, 80) + " is no part of " + tasks.Clip(w.Resource, 80) + "."}
			}
			if types := tracker.PartTypes(res.Parts); !slices.Contains(types, p.Type) {
				return &tasks.Error{
					Code: tasks.CodeInvalid, Field: "type",
					Message: fmt.Sprintf("%s has the type %q; %s have one of %s.", tasks.Clip(p.Resource, 80), tasks.Clip(p.Type, 40), res.Parts, strings.Join(types, ", ")),
				}
			}
			list = append(list, partRow{res.Part(), w.Resource, p.Type, p.Ordinal, p.Length})
		}
	}
	param, err := rows(list)
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
		if err := s.learn(tx, client, works); err != nil {
			return err
		}
		return tx.Exec("WITH "+s.db.Batch("b", columns...)+
			" INSERT INTO work_parts (client_id, part, work, type, ordinal, length)"+
			" SELECT "+s.num()+", part, work, type, ordinal, length FROM b WHERE true ORDER BY part, work"+
			" ON CONFLICT (client_id, part, work) DO UPDATE SET type = excluded.type, ordinal = excluded.ordinal, length = excluded.length",
			param, client).Error
	})
}
