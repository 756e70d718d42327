package channel

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"asapi/tasks"
)

// flushAfter is how many bytes are written at most before they are flushed and
// count as handed over.
const flushAfter = 1 << 20

// write writes the messages of a claim with one flush, or one a megabyte.
func (s *session) write(ctx context.Context, c tasks.Claim) error {
	g := group{claim: c.ID}
	var unflushed int64
	for i := range c.Results {
		r := &c.Results[i]
		if err := s.writeResult(ctx, r); err != nil {
			return err
		}
		g.entries = append(g.entries, entryOf(r))
		r.Inline = nil
		if unflushed += r.Size; unflushed >= flushAfter {
			if err := s.handedOver(ctx, g); err != nil {
				return err
			}
			g, unflushed = group{claim: c.ID}, 0
		}
	}
	if len(g.entries) == 0 {
		return nil
	}
	return s.handedOver(ctx, g)
}

// handedOver flushes and remembers what was written.
func (s *session) handedOver(ctx context.Context, g group) error {
	if err := s.flush(); err != nil {
		return err
	}
	g.at = time.Now()
	for i := range g.entries {
		s.high = max(s.high, g.entries[i].seq)
	}
	if due := g.at.Add(s.cfg.Settle); len(s.window.written) == 0 || due.Before(s.checkAt) {
		s.checkAt = due
	}
	s.window.wrote(g)
	return s.between(ctx)
}

// between does in the middle of much writing what the loop does otherwise.
func (s *session) between(ctx context.Context) error {
	select {
	case c := <-s.done:
		s.settled(ctx, c)
	default:
	}
	if err := s.lease.held(); err != nil {
		return err
	}
	return s.keep(ctx, time.Now())
}

// writeResult writes one message: at once when it is small, in chunks that are
// read as a stream when it is large.
func (s *session) writeResult(ctx context.Context, r *tasks.Result) error {
	if err := s.lease.held(); err != nil {
		return err
	}
	total := max((r.Size+s.cfg.ChunkSize-1)/s.cfg.ChunkSize, 1)
	m := tasks.Message{Result: r, TotalChunks: int(total), ChunkSize: s.cfg.ChunkSize}
	if r.Blob == "" && total == 1 {
		m.ID, m.Chunk, m.Payload = messageID(r.Seq, 1), 1, r.Inline
		return s.sink.Write(&m)
	}
	body, err := tasks.OpenResult(ctx, s.cfg.Blobs, *r, 0, -1)
	if tasks.CodeOf(err) == tasks.CodeNotFound {
		return s.writeGone(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("opening a result: %w", err)
	}
	defer body.Close()
	chunk := s.chunkBuffer()
	defer chunks.Put(chunk)
	for k := int64(1); k <= total; k++ {
		payload := (*chunk)[:min(s.cfg.ChunkSize, r.Size-(k-1)*s.cfg.ChunkSize)]
		if _, err := io.ReadFull(body, payload); err != nil {
			return fmt.Errorf("reading a result: %w", err)
		}
		m.ID, m.Chunk, m.Payload = messageID(r.Seq, k), int(k), payload
		if err := s.sink.Write(&m); err != nil {
			return err
		}
		if k == total {
			break
		}
		if err := s.flush(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := s.between(ctx); err != nil {
			return err
		}
	}
	return nil
}

// writeGone tells that a result's bytes are not there any more, so that one lost
// blob does not hold up its stream for ever.
func (s *session) writeGone(ctx context.Context, r *tasks.Result) error {
	s.cfg.Log.ErrorContext(ctx, "The bytes of a result are gone.", "task_id", r.Task)
	payload, err := json.Marshal(map[string]any{
		"success": false, "error": tasks.Failed.Sentence(), "error_code": tasks.CodeResultNotFound,
		"error_detail": "The bytes of this result are not available any more.",
	})
	if err != nil {
		return err
	}
	told := *r
	told.Success, told.ContentType, told.Filename, told.Size = false, "application/json", "", int64(len(payload))
	return s.sink.Write(&tasks.Message{
		ID: messageID(r.Seq, 1), Result: &told, Chunk: 1, TotalChunks: 1, ChunkSize: s.cfg.ChunkSize, Payload: payload,
	})
}

// chunks keeps buffers of full chunks, so that idle streams own none.
var chunks sync.Pool

func (s *session) chunkBuffer() *[]byte {
	if b, ok := chunks.Get().(*[]byte); ok && int64(len(*b)) >= s.cfg.ChunkSize {
		return b
	}
	b := make([]byte, s.cfg.ChunkSize)
	return &b
}

// messageID names a message, or one chunk of it, the same way whenever it is
// delivered.
func messageID(seq, chunk int64) string { return fmt.Sprintf("%d-%d", seq, chunk) }
