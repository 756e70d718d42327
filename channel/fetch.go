package channel

import (
	"context"
	"errors"
	"sync"
	"time"

	"asapi/tasks"
)

// finishing knows the downloads of this process whose bytes are all written and
// that wait for their acknowledgement.
type finishing struct {
	mu     sync.Mutex
	byTask map[tasks.ID]chan struct{}
}

func (f *finishing) begin(id tasks.ID) (end func()) {
	done := make(chan struct{})
	f.mu.Lock()
	f.byTask[id] = done
	f.mu.Unlock()
	return func() {
		f.mu.Lock()
		if f.byTask[id] == done {
			delete(f.byTask, id)
		}
		f.mu.Unlock()
		close(done)
	}
}

func (f *finishing) of(id tasks.ID) (chan struct{}, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	done, ok := f.byTask[id]
	return done, ok
}

// finishWait is how long a fetch waits for one that is about to use the result
// up, before it is told that the result is busy.
const finishWait = time.Second

// Fetch claims the stored result of one task for one download, which must be
// ended with Done or Abort: CodeResultNotFound, CodeResultNotReady, CodeBusy
// while another download has it.
func (h *Hub) Fetch(ctx context.Context, client tasks.ClientID, id tasks.ID) (tasks.Download, error) {
	one, err := h.leases.join(ctx)
	if err != nil {
		return nil, err
	}
	claim, err := h.claimResult(ctx, one, client, id)
	if tasks.CodeOf(err) == tasks.CodeBusy {
		// The one before may have written everything already: then the
		// answer is not "busy" but "used up", or free again.
		if done, ok := h.finishing.of(id); ok {
			waiting, stop := context.WithTimeout(ctx, finishWait)
			select {
			case <-done:
			case <-waiting.Done():
			}
			stop()
			claim, err = h.claimResult(ctx, one, client, id)
		}
	}
	if err == nil && len(claim.Results) != 1 {
		h.release(ctx, claim.ID)
		err = &tasks.Error{Code: tasks.CodeResultNotFound, Message: "No results were found for this task id."}
	}
	if err != nil {
		h.leases.leave(one)
		return nil, err
	}
	return &download{hub: h, lease: one, claim: claim}, nil
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
}

// Result describes the claimed result.
func (d *download) Result() tasks.Result { return d.claim.Results[0] }

// Abort gives the claim back; after Done it does nothing.
func (d *download) Abort(ctx context.Context) {
	if d.ended {
		return
	}
	d.ended = true
	d.hub.release(ctx, d.claim.ID)
	d.hub.leases.leave(d.lease)
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
	end := d.hub.finishing.begin(d.Result().Task)
	defer end()
	defer d.Abort(ctx)
	ctx = context.WithoutCancel(ctx) // the request ends when its peer closes
	if err := d.acknowledged(ctx, peer); err != nil {
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
	d.ended = true
	d.hub.leases.leave(d.lease)
	return nil
}

// acknowledged waits as Done says.
func (d *download) acknowledged(ctx context.Context, peer tasks.Peer) error {
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
		case status == tasks.PeerReset, d.lease.lost.Err() != nil:
			return errUnacknowledged
		case all && status == tasks.PeerClosed, all && now.Sub(settled) >= cfg.Settle:
			return nil
		case now.After(by), !all && status == tasks.PeerClosed && now.Sub(by.Add(-cfg.AckTimeout)) > time.Second:
			return errUnacknowledged
		}
		pause(ctx, wait)
	}
}
