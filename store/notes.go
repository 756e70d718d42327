package store

import (
	"context"
	"database/sql"
	"errors"

	"gorm.io/gorm"

	"asapi/tasks"
)

// The limits of a note; an entry of a list is below 1 MiB.
const (
	noteName = 600
	noteSize = 2 << 20
)

type noteRow struct {
	Task tasks.ID `json:"task_id"`
	Name string   `json:"name"`
	Note string   `json:"note"`
}

// KeepNotes implements tasks.WorkStore.
func (s *Store) KeepNotes(ctx context.Context, run tasks.Fence, notes tasks.Notes) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := s.db.RecordItems(tx, run, nil); err != nil { // the run must be the current one
			return err
		}
		return s.db.KeepNotes(tx, run, notes)
	})
}

// KeepNotes keeps notes of a run inside the transaction in which a service writes
// what they are about. RecordItems must be called in the same one: it makes sure that
// the run is the task's current one.
func (db *DB) KeepNotes(tx *gorm.DB, run tasks.Fence, notes tasks.Notes) error {
	if len(notes) == 0 {
		return nil
	}
	rows := make([]noteRow, 0, len(notes))
	for name, note := range notes {
		if len(name) > noteName || len(note) > noteSize {
			return errors.New("a note of a run is too large")
		}
		rows = append(rows, noteRow{run.Task, clean(name, noteName), clean(note, noteSize)})
	}
	param, err := batchParam(rows)
	if err != nil {
		return err
	}
	_, err = execute(tx, "WITH "+db.Batch("v", Col{"task_id", "uuid"}, Col{"name", "text"}, Col{"note", "text"})+
		" INSERT INTO task_notes (task_id, name, note) SELECT task_id, name, note FROM v WHERE true"+
		" ON CONFLICT (task_id, name) DO UPDATE SET note = excluded.note", param)
	return err
}

// KeptNotes implements tasks.WorkStore.
func (s *Store) KeptNotes(ctx context.Context, id tasks.ID, names []string) (tasks.Notes, error) {
	rows := make([]noteRow, len(names))
	for i, name := range names {
		rows[i] = noteRow{Task: id, Name: name}
	}
	param, err := batchParam(rows)
	if err != nil {
		return nil, err
	}
	notes := tasks.Notes{}
	err = query(s.db.Gorm(ctx), func(found *sql.Rows) error {
		var name, note string
		err := found.Scan(&name, &note)
		notes[name] = note
		return err
	}, "WITH "+s.db.Batch("v", Col{"task_id", "uuid"}, Col{"name", "text"})+
		" SELECT n.name, n.note FROM v JOIN task_notes n ON n.task_id = v.task_id AND n.name = v.name", param)
	return notes, translate(err)
}
