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

// DropEnded implements tasks.ResultStore.
func (s *Store) DropEnded(ctx context.Context) error { return s.db.Tx(ctx, s.dropEnded) }

// dropEnded leaves a holder for later whose row another transaction has, such as one
// of that holder itself that stands still.
func (s *Store) dropEnded(tx *gorm.DB) error {
	if err := tx.Exec("DELETE FROM holders WHERE " + s.db.idFrom("id", "SELECT id FROM holders WHERE lease_until < "+s.db.Now()+s.db.skipLocked())).Error; err != nil {
		return err
	}
	return tx.Exec("DELETE FROM claims WHERE NOT EXISTS (SELECT 1 FROM holders h WHERE h.id = claims.holder)").Error
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
	err := tx.Raw("SELECT 1 FROM holders WHERE id = ? AND lease_until > "+s.db.Now()+s.db.forKeyShare("holders"), holder).Row().Scan(&one)
	if err = translate(err); tasks.CodeOf(err) == tasks.CodeNotFound {
		return tasks.ErrLeaseLost
	}
	return err
}

// ClaimStream implements tasks.ResultStore. A claim is one row for a range of
// numbers, however many messages it holds. No message can appear inside it later:
// the numbers of a stream's messages grow in the order of their commits.
func (s *Store) ClaimStream(ctx context.Context, holder, stream string, after int64, limit int, maxBytes int64) (tasks.Claim, error) {
	var claim tasks.Claim
	some, err := s.nextRange(s.db.Gorm(ctx), stream, after, 1, 1)
	if err != nil || some.n == 0 {
		return claim, translate(err)
	}
	err = s.db.Tx(ctx, func(tx *gorm.DB) error {
		claim = tasks.Claim{}
		if err := s.checkHolder(tx, holder); err != nil {
			return err
		}
		if err := s.db.oneClaimer(tx, stream); err != nil {
			return err
		}
		next, err := s.nextRange(tx, stream, after, limit, maxBytes)
		if err != nil || next.n == 0 {
			return err
		}
		claim.Stream, claim.Results = stream, make([]tasks.Result, 0, next.n)
		err = query(tx, func(rows *sql.Rows) error {
			r, err := scanResult(rows)
			claim.Results = append(claim.Results, r)
			return err
		}, "SELECT "+resultColumns+" FROM results WHERE stream = ? AND stream <> '' AND seq BETWEEN ? AND ? ORDER BY seq", stream, next.lo, next.hi)
		if err != nil {
			return err
		}
		claim.ID, err = s.insertClaim(tx, holder, stream, next.lo, next.hi)
		return err
	})
	return claim, err
}

// WaitingStreams implements tasks.ResultStore.
func (s *Store) WaitingStreams(ctx context.Context, streams []string) ([]string, error) {
	return s.textsAmong(ctx, s.sql.waitingStreams, streams)
}

// span is a range of message numbers, with how many messages it holds.
type span struct {
	lo, hi int64
	n      int
}

// nextRange finds the first messages above a number that nobody has claimed. They
// end before the next claimed one: a range must not cover another's.
func (s *Store) nextRange(tx *gorm.DB, stream string, after int64, limit int, maxBytes int64) (span, error) {
	claimed, err := s.claimedRanges(tx, stream)
	if err != nil {
		return span{}, err
	}
	for {
		next, hit, err := s.unclaimedFrom(tx, stream, after, limit, maxBytes, claimed)
		if err != nil || next.n > 0 || hit == nil {
			return next, err
		}
		after = hit.hi
	}
}

// claimedRanges are the ranges that are claimed on a stream: one for each batch
// that is on its way.
func (s *Store) claimedRanges(tx *gorm.DB, stream string) ([]span, error) {
	var claimed []span
	err := query(tx, func(rows *sql.Rows) error {
		var c span
		err := rows.Scan(&c.lo, &c.hi)
		claimed = append(claimed, c)
		return err
	}, "SELECT lo, hi FROM claims WHERE stream = ? ORDER BY lo", stream)
	return claimed, err
}

// unclaimedFrom gives the messages above a number up to the limits; hit is the
// claim at which they end.
func (s *Store) unclaimedFrom(tx *gorm.DB, stream string, after int64, limit int, maxBytes int64, claimed []span) (next span, hit *span, err error) {
	var bytes int64
	full := false
	err = query(tx, func(rows *sql.Rows) error {
		var seq, size int64
		if err := rows.Scan(&seq, &size); err != nil || full || hit != nil {
			return err
		}
		if i := slices.IndexFunc(claimed, func(c span) bool { return c.lo <= seq && seq <= c.hi }); i >= 0 {
			hit = &claimed[i]
			return nil
		}
		size = min(size, tasks.InlineLimit) // what is larger lies in the blob store
		if full = next.n > 0 && bytes+size > maxBytes; full {
			return nil
		}
		if next.n == 0 {
			next.lo = seq
		}
		next.hi = seq
		next.n++
		bytes += size
		return nil
	}, "SELECT seq, size FROM results WHERE stream = ? AND stream <> '' AND seq > ? ORDER BY seq LIMIT ?", stream, after, limit)
	return next, hit, err
}

func (s *Store) insertClaim(tx *gorm.DB, holder, stream string, lo, hi int64) (int64, error) {
	var id int64
	err := tx.Raw("INSERT INTO claims (holder, stream, lo, hi) VALUES (?, ?, ?, ?) RETURNING id", holder, stream, lo, hi).Row().Scan(&id)
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
		claim.ID, err = s.insertClaim(tx, holder, "", r.Seq, r.Seq)
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
		var one int
		err := tx.Raw("SELECT 1 FROM claims WHERE id = ?"+s.db.ForUpdate(), claim).Row().Scan(&one)
		if err = translate(err); tasks.CodeOf(err) == tasks.CodeNotFound {
			return nil, tasks.ErrLeaseLost
		}
		if err != nil {
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
		// A claim ends with its last result, whoever consumed the others.
		return blobs, tx.Exec("DELETE FROM claims WHERE id = ? AND (stream = '' OR NOT EXISTS"+
			" (SELECT 1 FROM results r WHERE r.stream = claims.stream AND r.stream <> '' AND r.seq BETWEEN claims.lo AND claims.hi))", claim).Error
	})
}

// releaseAtOnce is how many claims one statement releases.
const releaseAtOnce = 1000

// ReleaseClaims implements tasks.ResultStore.
func (s *Store) ReleaseClaims(ctx context.Context, claims ...int64) error {
	return s.db.Tx(ctx, func(tx *gorm.DB) error {
		for some := range slices.Chunk(claims, releaseAtOnce) {
			if err := tx.Exec("DELETE FROM claims WHERE id IN ?", some).Error; err != nil {
				return err
			}
		}
		return nil
	})
}
