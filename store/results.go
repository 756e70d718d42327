package store

import (
	"context"
	"database/sql"
	"encoding/hex"

	"gorm.io/gorm"

	"asapi/tasks"
)

const resultColumns = "seq, task_id, client_id, stream, service, action, account, success, content_type, filename, size, sha256, inline, blob, created_at"

func scanResult(rows interface{ Scan(...any) error }) (tasks.Result, error) {
	var r tasks.Result
	var id rowID
	var sum string
	var created int64
	if err := rows.Scan(&r.Seq, &id, &r.Client, &r.Stream, &r.Service, &r.Action, &r.Account, &r.Success,
		&r.ContentType, &r.Filename, &r.Size, &sum, &r.Inline, &r.Blob, &created); err != nil {
		return r, err
	}
	r.Task, r.CreatedAt = tasks.ID(id), TimeOf(created)
	_, err := hex.Decode(r.SHA256[:], []byte(sum))
	return r, err
}

// Consume implements tasks.ResultStore.
func (s *Store) Consume(ctx context.Context, client tasks.ClientID, ids []tasks.ID) ([]tasks.ID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list := s.db.idList(ids)
	var found []tasks.ID
	err := s.inTxWithBlobs(ctx, func(tx *gorm.DB) ([]string, error) {
		found = found[:0]
		err := query(tx, func(rows *sql.Rows) error {
			var id rowID
			err := rows.Scan(&id)
			found = append(found, tasks.ID(id))
			return err
		}, "SELECT id FROM tasks WHERE "+s.db.idIn("id")+" AND client_id + 0 = ? AND phase + 0 = 2", list, client)
		if err != nil || len(found) == 0 {
			return nil, err
		}
		return s.consume(tx, client, found)
	})
	return found, err
}

// consume marks tasks as retrieved and deletes their results; it gives blobs
// that are not needed any more.
func (s *Store) consume(tx *gorm.DB, client tasks.ClientID, ids []tasks.ID) ([]string, error) {
	list := s.db.idList(ids)
	if _, err := execute(tx, s.sql.consumeTasks, client, list); err != nil {
		return nil, err
	}
	return deleted(tx, s.sql.consumeResults, client, list)
}

// PeekResult implements tasks.ResultStore.
func (s *Store) PeekResult(ctx context.Context, client tasks.ClientID, id tasks.ID) (tasks.Result, error) {
	return s.storedResult(s.db.Gorm(ctx), client, id, "")
}

// storedResult reads the result that the result store holds for a task, or says
// why there is none. On PostgreSQL each look sees its own moment: a result that is
// published between the look for it and the look at its task is looked for again.
func (s *Store) storedResult(tx *gorm.DB, client tasks.ClientID, id tasks.ID, lock string) (tasks.Result, error) {
	for again := false; ; again = true {
		r, err := scanResult(tx.Raw("SELECT "+resultColumns+" FROM results WHERE task_id = "+s.db.uuid()+" AND client_id + 0 = ? AND stream = ''"+lock, id.String(), client).Row())
		if err = translate(err); err == nil || tasks.CodeOf(err) != tasks.CodeNotFound {
			return r, err
		}
		found, err := queryTasks(tx, 1, "SELECT "+taskColumns+" FROM tasks WHERE id = "+s.db.uuid()+" AND client_id + 0 = ?", id.String(), client)
		switch {
		case err != nil:
			return r, translate(err)
		case len(found) == 1 && !found[0].State.Ended() && found[0].Protocol == tasks.ASStore:
			return r, &tasks.Error{Code: tasks.CodeResultNotReady, Message: found[0].State.Sentence()}
		case len(found) == 0 || !found[0].Fetchable() || again:
			return r, &tasks.Error{Code: tasks.CodeResultNotFound, Message: "No results were found for this task id."}
		}
	}
}

// BlobsInUse implements tasks.DispatchStore.
func (s *Store) BlobsInUse(ctx context.Context, keys []string) (map[string]bool, error) {
	list, err := s.textsAmong(ctx, s.sql.blobsInUse, keys)
	used := make(map[string]bool, len(list))
	for _, key := range list {
		used[key] = true
	}
	return used, err
}
