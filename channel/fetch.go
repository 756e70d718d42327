package channel

import (
	"context"
	"errors"
	"sync"
	"time"

	"asapi/tasks"
)

// downloads knows this process's downloads by their task.
type downloads struct {
	mu     sync.Mutex
	byTask map[tasks.ID]*download
}

func (o *downloads) add(d *download) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.byTask[d.Result().Task] = d
}

func (o *downloads) remove(d *download) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if id := d.Result().Task; o.byTask[id] == d {
		delete(o.byTask, id)
	}
}

func (o *downloads) of(id tasks.ID) *download {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.byTask[id]
}

// How long a fetch waits for another one of this process that holds the result.
const (
	writtenWait = 100 * time.Millisecond // for the last bytes to be written, which its peer may have already
	finishWait  = 2 * time.Second        // then for the result to be used up or free again
)

// nearlyDone waits for a download that has written everything to end, and
// reports whether it did: then the answer to another fetch is not "busy".
func (o *downloads) nearlyDone(ctx context.Context, id tasks.ID) bool {
	d := o.of(id)
	if d == nil {
		return true // it ended just now
	}
	written, stopWritten := context.WithTimeout(ctx, writtenWait)
	defer stopWritten()
	select {
	case <-d.written:
	case <-d.over:
	case <-written.Done():
		return false
	}
	ended, stopEnded := context.WithTimeout(ctx, finishWait)
	defer stopEnded()
	select {
	case <-d.over:
		return true
	case <-ended.Done():
		return false
	}
}

// Fetch claims the stored result of one task for one download, which must be
// ended with Done or Abort: CodeResultNotFound, CodeResultNotReady, CodeBusy
// while another download has it.
func (h *Hub) Fetch(ctx context.Context, client tasks.ClientID, id tasks.ID) (tasks.Download, error) {
	one, err := h.leases.join(ctx)
	if err != nil {
		return nil, err
	}
	claim, err := h.claimResult(ctx, one, client, id)
	if tasks.CodeOf(err) == tasks.CodeBusy && h.downloads.nearlyDone(ctx, id) {
		claim, err = h.claimResult(ctx, one, client, id)
	}
	if err == nil && len(claim.Results) != 1 {
		h.release(ctx, claim.ID)
		err = &tasks.Error{Code: tasks.CodeResultNotFound, Message: "No results were found for this task id."}
	}
	if err != nil {
		h.leases.leave(one)
		return nil, err
	}
	d := &download{hub: h, lease: one, claim: claim, written: make(chan struct{}), over: make(chan struct{})}
	h.downloads.add(d)
	return d, nil
}

func (h *Hub) claimResult(ctx context.Context, one *lease, client tasks.ClientID, id tasks.ID) (tasks.Claim, error) {
	// Not cancelled with the request: a claim that was made and never heard of
	// could not be given back.
	calling, stop := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer stop()
	claim, err := h.cfg.Store.ClaimResult(calling, one.holder, client, id)
	switch {
	case err == nil:
		return claim, nil
	case tasks.CodeOf(err) == tasks.CodeResultNotFound, tasks.CodeOf(err) == tasks.CodeResultNotReady, tasks.CodeOf(err) == tasks.CodeBusy:
		return claim, err
	}
	h.leases.doubt(one)
	return claim, err
}

// download is a claimed result on its way to one client.
type download struct {
	hub   *Hub
	lease *lease
	claim tasks.Claim
	ended bool

	written chan struct{} // closed when all bytes are written
	over    chan struct{} // closed when the claim has ended
}

// Result describes the claimed result.
func (d *download) Result() tasks.Result { return d.claim.Results[0] }

// Held implements tasks.Download.
func (d *download) Held() error { return d.lease.held() }

// Abort gives the claim back; after Done it does nothing.
func (d *download) Abort(ctx context.Context) {
	if d.ended {
		return
	}
	d.hub.release(ctx, d.claim.ID)
	d.end()
}

func (d *download) end() {
	d.ended = true
	d.hub.leases.leave(d.lease)
	d.hub.downloads.remove(d)
	close(d.over)
}

// Broke implements tasks.Download.
func (d *download) Broke(ctx context.Context, from, to int64) {
	if d.ended || from >= to {
		return
	}
	defer d.Abort(ctx)
	calling, stop := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer stop()
	d.hub.ranges.add(calling, d.Result(), from, to)
}

// errUnacknowledged says that a download's bytes did not reach its peer.
var errUnacknowledged = errors.New("the peer did not acknowledge the whole download")

// Done waits until the peer has acknowledged all that was written and then
// either closed in order or stayed a settling time without a reset. Then the
// bytes [from, to) count as delivered, and the result is consumed once delivered
// ranges cover it. The ranges are remembered in this process and in Redis;
// where that memory is lost the result simply stays, to be fetched again. The
// claim ends in any case.
func (d *download) Done(ctx context.Context, peer tasks.Peer, from, to int64) error {
	if d.ended {
		return nil
	}
	close(d.written)
	defer d.Abort(ctx)
	ctx = context.WithoutCancel(ctx) // the request ends when its peer closes
	if left, err := d.acknowledged(ctx, peer); err != nil {
		// Its last byte does not count, even where all was acknowledged: a
		// reset says that not all was read, and then the end has to come again.
		d.Broke(ctx, from, to-max(left, 1))
		return err
	}
	calling, stop := context.WithTimeout(ctx, storeTime)
	defer stop()
	r := d.Result()
	whole := from == 0 && to == r.Size
	if !whole && !d.hub.ranges.add(calling, r, from, to) {
		return nil
	}
	if err := d.hub.cfg.Store.ConsumeClaimed(calling, d.claim.ID, d.claim.Results); err != nil {
		return err
	}
	if !whole {
		d.hub.ranges.forget(calling, r)
	}
	d.end()
	return nil
}

// acknowledged waits as Done says. When it fails, all but the last so many bytes
// were acknowledged for certain.
func (d *download) acknowledged(ctx context.Context, peer tasks.Peer) (unacked int64, err error) {
	cfg := &d.hub.cfg
	end := peer.Written()
	by := time.Now().Add(cfg.AckTimeout)
	var settled time.Time // since when everything is acknowledged
	for wait := firstCheck / 10; ; wait = min(wait*2, 2*firstCheck) {
		now := time.Now()
		written := peer.Written() // before Unacked, as everywhere
		left, err := peer.Unacked()
		status := peer.Status()
		all := errors.Is(err, tasks.ErrPeerUnknown) || err == nil && written-left >= end
		if all && settled.IsZero() {
			settled = now
		}
		switch {
		case status == tasks.PeerReset, d.lease.held() != nil:
			return missing(end, written, left, err), errUnacknowledged
		case all && status == tasks.PeerClosed, all && now.Sub(settled) >= cfg.Settle:
			return 0, nil
		case now.After(by), !all && status == tasks.PeerClosed && now.Sub(by.Add(-cfg.AckTimeout)) > time.Second:
			return missing(end, written, left, err), errUnacknowledged
		}
		pause(ctx, wait)
	}
}

// missing is how many of the bytes up to end were not acknowledged; all of them
// where the connection cannot tell.
func missing(end, written, unacked int64, err error) int64 {
	if err != nil {
		return end
	}
	return max(end-(written-unacked), 0)
}
