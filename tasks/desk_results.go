package tasks

import (
	"context"
	"io"
	"iter"
)

// Consumed takes the caller's word that it has the results of the asked ids.
// It gives the answers in their order; calling it again changes nothing.
func (d *Desk) Consumed(ctx context.Context, c Caller, asked []AskedID) ([]Answer, error) {
	ids, err := d.cfg.Store.Consume(ctx, c.Client.ID, goodIDs(asked))
	if err != nil {
		return nil, err
	}
	found := make([]Task, len(ids))
	for i, id := range ids {
		found[i].ID = id
	}
	return answers(asked, found), nil
}

// Stream attaches the caller to one of its streams, for as long as its token lasts. An unknown stream and
// another client's are both CodeNotPermitted, with the same words.
func (d *Desk) Stream(ctx context.Context, c Caller, stream string) (Delivery, error) {
	if stream == "" {
		return nil, &Error{Code: CodeMissing, Field: "stream", Message: "This parameter is required."}
	}
	refused := &Error{Code: CodeNotPermitted, Field: "stream", Message: "This token may not read this stream."}
	if c.Token.Protocol != ASChannel {
		return nil, refused
	}
	owner, err := d.cfg.Store.StreamOwner(ctx, stream)
	if err != nil && CodeOf(err) != CodeNotFound {
		return nil, err
	}
	if err != nil || owner != c.Client.ID {
		return nil, refused
	}
	return &guardedDelivery{Delivery: d.cfg.Channel.Open(stream, c.Token.Ack), guard: &d.guard, token: c.Token.ID, expires: c.Token.ExpiresAt}, nil
}

// Fetch claims a stored result for one download; see Download for how it ends.
func (d *Desk) Fetch(ctx context.Context, c Caller, id ID) (Download, error) {
	return d.cfg.Channel.Fetch(ctx, c.Client.ID, id)
}

// Describe describes a stored result; it never uses it up.
func (d *Desk) Describe(ctx context.Context, c Caller, id ID) (Result, error) {
	return d.cfg.Store.PeekResult(ctx, c.Client.ID, id)
}

// OpenResult reads bytes of a claimed result. A result that was reported as consumed
// since it was claimed is CodeResultNotFound, as it would have been a moment later.
func (d *Desk) OpenResult(ctx context.Context, r Result, offset, length int64) (io.ReadCloser, error) {
	body, err := OpenResult(ctx, d.cfg.Blobs, r, offset, length)
	if CodeOf(err) == CodeNotFound {
		if _, gone := d.cfg.Store.PeekResult(ctx, r.Client, r.Task); CodeOf(gone) == CodeResultNotFound {
			return nil, gone
		}
	}
	return body, err
}

// Items gives the recorded items of a task in their order, also while it runs and
// after its result was consumed. They are not held in memory. A task that the
// caller does not see is CodeNotFound.
func (d *Desk) Items(ctx context.Context, c Caller, id ID) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		found, err := d.cfg.Store.Tasks(ctx, scope(c), []ID{id})
		if err == nil && len(found) == 0 {
			err = &Error{Code: CodeNotFound, Message: "There is no such task."}
		}
		if err != nil {
			yield(Item{}, err)
			return
		}
		d.cfg.Store.Items(ctx, id)(yield)
	}
}
