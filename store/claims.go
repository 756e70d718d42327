package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"gorm.io/gorm"

	"asapi/tasks"
)

// Hold implements tasks.ResultStore.
func (s *Store) Hold(ctx context.Context, holder string, ttl time.Duration) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("INSERT INTO holders (id, lease_until) VALUES (?, "+s.db.Now()+" + ?)"+
			" ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until", holder, ttl.Microseconds()).Error
	})
}

// Drop implements tasks.ResultStore.
func (s *Store) Drop(ctx context.Context, holder string) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec("DELETE FROM claims WHERE holder = ?", holder).Error; err != nil {
			return err
		}
		return tx.Exec("DELETE FROM holders WHERE id = ?", holder).Error
	})
}

// checkHolder refuses a holder whose lease ended: its claims may be gone.
func (s *Store) checkHolder(tx *gorm.DB, holder string) error {
	var one int
	err := tx.Raw("SELECT 1 FROM holders WHERE id = ? AND lease_until > "+s.db.Now()+s.db.forShare("holders"), holder).Row().Scan(&one)
	if err = translate(err); tasks.CodeOf(err) == tasks.CodeNotFound {
		return tasks.ErrLeaseLost
	}
	return err
}

// unclaimed is the condition that nobody holds a message of the stream r.stream.
const unclaimed = " AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.stream = r.stream AND r.seq BETWEEN c.lo AND c.hi)"

// ClaimStream implements tasks.ResultStore. A claim is one row for a range of
// numbers, however many messages it holds; a message that commits late inside
// the range waits until the claim ends.
func (s *Store) ClaimStream(ctx context.Context, holder, stream string, after int64, limit int, maxBytes int64) (tasks.Claim, error) {
	var claim tasks.Claim
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		claim = tasks.Claim{}
		some, err := s.anyUnclaimed(tx, stream, after)
		if err != nil || !some {
			return err
		}
		if err := s.checkHolder(tx, holder); err != nil {
			return err
		}
		// One claimer of a stream at a time: ranges never overlap.
		if err := tx.Exec("SELECT 1 FROM streams WHERE id = ?"+s.db.ForUpdate(), stream).Error; err != nil {
			return err
		}
		seqs, err := s.nextSeqs(tx, stream, after, limit, maxBytes)
		if err != nil || len(seqs) == 0 {
			return err
		}
		lo, hi := seqs[0], seqs[len(seqs)-1]
		claim.Stream, claim.Results = stream, make([]tasks.Result, 0, len(seqs))
		err = query(tx, func(rows *sql.Rows) error {
			r, err := scanResult(rows)
			claim.Results = append(claim.Results, r)
			return err
		}, "SELECT "+resultColumns+" FROM results r WHERE stream = ? AND seq BETWEEN ? AND ?"+unclaimed+" ORDER BY seq", stream, lo, hi)
		if err != nil {
			return err
		}
		claim.ID, err = s.insertClaim(tx, holder, stream, lo, hi, len(claim.Results))
		return err
	})
	return claim, err
}

func (s *Store) anyUnclaimed(tx *gorm.DB, stream string, after int64) (bool, error) {
	var some bool
	err := tx.Raw("SELECT EXISTS (SELECT 1 FROM results r WHERE stream = ? AND seq > ?"+unclaimed+")", stream, after).Row().Scan(&some)
	return some, err
}

// nextSeqs gives the numbers of the next messages, up to the limits. They end
// before the first claimed one: a claim's range must not cover another's.
func (s *Store) nextSeqs(tx *gorm.DB, stream string, after int64, limit int, maxBytes int64) ([]int64, error) {
	var seqs []int64
	var bytes int64
	full := false
	err := query(tx, func(rows *sql.Rows) error {
		var seq, size int64
		var claimed bool
		if err := rows.Scan(&seq, &size, &claimed); err != nil {
			return err
		}
		if full || claimed && len(seqs) == 0 {
			return nil
		}
		if claimed || len(seqs) > 0 && bytes+size > maxBytes {
			full = true
			return nil
		}
		seqs = append(seqs, seq)
		bytes += size
		return nil
	}, "SELECT seq, size, EXISTS (SELECT 1 FROM claims c WHERE c.stream = r.stream AND r.seq BETWEEN c.lo AND c.hi) FROM results r"+
		" WHERE stream = ? AND seq >= (SELECT min(seq) FROM results r WHERE stream = ? AND seq > ?"+unclaimed+") ORDER BY seq LIMIT ?", stream, stream, after, limit)
	return seqs, err
}

func (s *Store) insertClaim(tx *gorm.DB, holder, stream string, lo, hi int64, n int) (int64, error) {
	var id int64
	err := tx.Raw("INSERT INTO claims (holder, stream, lo, hi, n) VALUES (?, ?, ?, ?, ?) RETURNING id", holder, stream, lo, hi, n).Row().Scan(&id)
	return id, err
}

// ClaimResult implements tasks.ResultStore.
func (s *Store) ClaimResult(ctx context.Context, holder string, client tasks.ClientID, id tasks.ID) (tasks.Claim, error) {
	var claim tasks.Claim
	err := s.db.Tx(ctx, func(tx *gorm.DB) error {
		claim = tasks.Claim{}
		if err := s.checkHolder(tx, holder); err != nil {
			return err
		}
		r, err := s.storedResult(tx, client, id, s.db.ForUpdate())
		if err != nil {
			return err
		}
		var busy bool
		if err := tx.Raw("SELECT EXISTS (SELECT 1 FROM claims WHERE stream = '' AND lo = ?)", r.Seq).Row().Scan(&busy); err != nil {
			return err
		}
		if busy {
			return &tasks.Error{Code: tasks.CodeBusy, Message: "This result is being fetched by another request.", RetryAfter: time.Second}
		}
		claim.Results = []tasks.Result{r}
		claim.ID, err = s.insertClaim(tx, holder, "", r.Seq, r.Seq, 1)
		return err
	})
	return claim, err
}

// ConsumeClaimed implements tasks.ResultStore.
func (s *Store) ConsumeClaimed(ctx context.Context, claim int64, results []tasks.Result) error {
	if len(results) == 0 {
		return nil
	}
	byClient := map[tasks.ClientID][]tasks.ID{}
	for i := range results {
		byClient[results[i].Client] = append(byClient[results[i].Client], results[i].Task)
	}
	return s.inTxWithBlobs(ctx, func(tx *gorm.DB) ([]string, error) {
		done := tx.Exec("UPDATE claims SET n = n - ? WHERE id = ?", len(results), claim)
		if done.Error == nil && done.RowsAffected == 0 {
			return nil, tasks.ErrLeaseLost
		}
		if done.Error != nil {
			return nil, done.Error
		}
		if err := tx.Exec("DELETE FROM claims WHERE id = ? AND n <= 0", claim).Error; err != nil {
			return nil, err
		}
		var blobs []string
		for client, ids := range byClient {
			gone, err := s.consume(tx, client, ids)
			if err != nil {
				return nil, err
			}
			blobs = slices.Concat(blobs, gone)
		}
		return blobs, nil
	})
}

// ReleaseClaim implements tasks.ResultStore.
func (s *Store) ReleaseClaim(ctx context.Context, claim int64) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM claims WHERE id = ?", claim).Error
	})
}
