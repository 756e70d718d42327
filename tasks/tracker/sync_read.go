package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"asapi/tasks"
)

// stood is how an entry stands at a provider, as a run that was interrupted finds it
// again.
type stood struct {
	Entry      Entry       `json:"entry"`
	Collection string      `json:"collection,omitempty"`
	Same       []RecordKey `json:"same,omitempty"`
	Changed    time.Time   `json:"changed,omitzero"`
	Fault      string      `json:"fault,omitempty"`
	Foreign    bool        `json:"foreign,omitempty"`
	Note       string      `json:"note,omitempty"`

	taken bool // by a work
}

// rowsNote names the note of the entries of one page of a list.
func rowsNote(p Provider, kind Kind, page int) string {
	return fmt.Sprintf("rows:%s:%s:%d", p, kind, page)
}

// notedRow is an entry in the note of its page.
type notedRow struct {
	Key RecordKey `json:"key"`
	stood
}

// read reads the lists of a side, from where an earlier attempt left them.
func (s *side) read(ctx context.Context, kinds []Kind) error {
	for _, kind := range kinds {
		pages := 0
		take := func(page []notedRow) {
			pages++
			for _, row := range page {
				// An entry may come again, because the list moved between two pages,
				// or because several have no id; the first stands.
				if _, again := s.rows[row.Key]; !again || row.Fault != "" {
					s.take(row)
				}
			}
		}
		for {
			name := rowsNote(s.format.Provider(), kind, pages)
			kept, err := s.run.Noted(ctx, name)
			if err != nil {
				return err
			}
			if kept[name] == "" {
				break
			}
			var page []notedRow
			if err := json.Unmarshal([]byte(kept[name]), &page); err != nil {
				return fmt.Errorf("decode a page of a list: %w", err)
			}
			take(page)
		}
		err := s.pages(ctx, kind, func(ctx context.Context, page LivePage, read tasks.Notes) error {
			rows := make([]notedRow, len(page.Rows))
			for i, row := range page.Rows {
				if row.Fault == "" {
					row.Fault = keyFault(row.Key.NativeID)
				}
				rows[i] = notedRow{row.Key, stood{
					Entry: row.Entry, Collection: row.Collection, Same: row.Same, Changed: row.Changed, Fault: row.Fault, Foreign: row.Foreign, Note: row.Note,
				}}
			}
			text, err := json.Marshal(rows)
			if err != nil {
				return fmt.Errorf("encode a page of a list: %w", err)
			}
			read[rowsNote(s.format.Provider(), kind, pages)] = string(text)
			take(rows)
			return s.run.Note(ctx, read)
		})
		if err != nil {
			return err
		}
		parted, err := s.store.Parted(ctx, s.owner, s.format.Provider(), kind)
		if err != nil {
			return err
		}
		for _, key := range parted {
			s.parted[key] = true
		}
	}
	return nil
}

// take keeps an entry; of several that cannot be read under one id, each is told.
func (s *side) take(row notedRow) {
	key := row.Key
	for n := 2; s.rows[key] != nil; n++ {
		if s.rows[key].Fault == row.Fault {
			return
		}
		key.NativeID = fmt.Sprintf("%s (%d)", row.Key.NativeID, n)
	}
	s.rows[key] = &row.stood
	s.order = append(s.order, key)
}

// claims gives what the entries of a kind say of works and of their ids at other
// providers.
func (s *liveSync) claims(kind Kind) (claims []Claim) {
	for _, side := range s.sides {
		for _, key := range side.order {
			if row := side.rows[key]; key.Kind == kind && row.Fault == "" && (row.Collection != "" || len(row.Same) > 0) {
				claims = append(claims, Claim{key, row.Collection, row.Same})
			}
		}
	}
	return claims
}

// about gives the claims that name one of the keys.
func about(claims []Claim, keys []RecordKey) (named []Claim) {
	asked := make(map[RecordKey]bool, len(keys))
	for _, key := range keys {
		asked[key] = true
	}
	for _, c := range claims {
		if asked[c.Key] || slices.ContainsFunc(c.Same, func(k RecordKey) bool { return asked[k] }) {
			named = append(named, c)
		}
	}
	return named
}
