package channel

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"asapi/tasks"
)

// Rhythms of looking for acknowledgements: quick at first, since most peers
// answer within their round trip, then slower.
const (
	firstCheck = 10 * time.Millisecond
	lastCheck  = 200 * time.Millisecond
)

// errReset ends a delivery whose peer is gone.
var errReset = errors.New("the peer reset the connection")

// keep does what is due between writes: heartbeats, and the consumption of what
// they proved.
func (s *session) keep(ctx context.Context, now time.Time) error {
	if now.Sub(s.lastWrite) >= s.cfg.Heartbeat {
		if err := s.heartbeat(); err != nil {
			return err
		}
	}
	if !s.checking() || now.Before(s.checkAt) {
		return nil
	}
	if s.ack == tasks.AckExplicit {
		s.checkConsumed(ctx)
		return nil
	}
	return s.checkAcknowledged(ctx, now)
}

// checking reports whether there is something to look for.
func (s *session) checking() bool {
	return len(s.window.written) > 0
}

func (s *session) heartbeat() error {
	if err := s.sink.Heartbeat(); err != nil {
		return err
	}
	return s.flush()
}

// checkAcknowledged writes the heartbeat that is to prove the messages written a
// settling time ago, and consumes what earlier ones have proved: every byte up
// to the end of the heartbeat was acknowledged by the peer's TCP.
func (s *session) checkAcknowledged(ctx context.Context, now time.Time) error {
	w := s.window
	if s.peer.Status() == tasks.PeerReset {
		return errReset
	}
	oldest, open := w.unproved()
	if open && now.Sub(oldest) >= s.cfg.Settle && now.Sub(s.markedAt) >= s.cfg.Settle/2 {
		if err := s.heartbeat(); err != nil {
			return err
		}
		w.marks = append(w.marks, mark{pos: s.peer.Written(), of: now.Add(-s.cfg.Settle)})
		s.checkWait, s.markedAt = 0, now
		oldest, open = w.unproved()
	}
	proved, any := s.proved()
	if any && !s.consuming && !now.Before(s.consumeAt) {
		if groups := w.take(proved); len(groups) > 0 {
			s.startConsume(ctx, groups)
		}
	}
	s.checkWait = min(max(s.checkWait, firstCheck)*2, lastCheck)
	s.checkAt = now.Add(s.checkWait)
	if len(w.marks) == 0 {
		s.checkAt = now.Add(lastCheck)
	}
	if open {
		due := oldest.Add(s.cfg.Settle)
		if next := s.markedAt.Add(s.cfg.Settle / 2); next.After(due) {
			due = next
		}
		if due.Before(s.checkAt) {
			s.checkAt = due
		}
	}
	return nil
}

// proved gives the time up to which written messages are known to be with the
// peer, and drops the marks it used but the newest.
func (s *session) proved() (time.Time, bool) {
	w := s.window
	if len(w.marks) == 0 {
		return time.Time{}, false
	}
	acked := s.peer.Written() // before Unacked: then the difference is on the safe side
	left, err := s.peer.Unacked()
	n := 0
	for _, m := range w.marks {
		if errors.Is(err, tasks.ErrPeerUnknown) || err == nil && m.pos <= acked-left {
			n++
			continue
		}
		break
	}
	if n == 0 {
		return time.Time{}, false
	}
	of := w.marks[n-1].of
	w.marks = w.marks[n-1:]
	if len(w.written) == 0 || w.written[len(w.written)-1].at.Compare(of) <= 0 {
		w.marks = w.marks[1:]
	}
	return of, true
}

// startConsume tells the store, while writing goes on.
func (s *session) startConsume(ctx context.Context, groups []group) {
	s.consuming = true
	calling := context.WithoutCancel(ctx)
	go func() { // ends with the call; settled receives its answer
		n, err := s.consume(calling, groups)
		s.done <- &consumed{groups: groups, n: n, err: err}
	}()
}

// consume consumes groups claim by claim and gives how many groups are done. A
// claim that does not hold any more is finished business: the client consumed
// its messages itself, or they are on their way to another connection.
func (s *session) consume(ctx context.Context, groups []group) (done int, err error) {
	ctx, stop := context.WithTimeout(ctx, storeTime)
	defer stop()
	for i := 0; i < len(groups); {
		same := group{claim: groups[i].claim}
		j := i
		for ; j < len(groups) && groups[j].claim == same.claim; j++ {
			same.entries = append(same.entries, groups[j].entries...)
		}
		err := s.cfg.Store.ConsumeClaimed(ctx, same.claim, same.results(s.stream))
		if err != nil && !errors.Is(err, tasks.ErrLeaseLost) {
			return i, err
		}
		i = j
	}
	return len(groups), nil
}

// settled takes the answer of a consumption.
func (s *session) settled(ctx context.Context, c *consumed) {
	s.consuming = false
	for _, g := range c.groups[:c.n] {
		s.window.forget(g)
	}
	s.checkAt = time.Now()
	if c.err != nil {
		s.window.putBack(c.groups[c.n:])
		s.consumeAt = s.checkAt.Add(time.Second)
		s.cfg.Log.WarnContext(ctx, "Delivered messages could not be marked as consumed; it is tried again.", "stream", s.stream, "error", c.err)
	}
}

// Rhythms of looking for what the client of a connection reported as consumed:
// a full window is waiting for it, otherwise it only tidies up.
const (
	fullWindowCheck = time.Second
	tidyCheck       = 5 * time.Second
)

// checkConsumed makes room in the window of a connection whose client
// acknowledges by itself: it forgets what the client reported meanwhile.
func (s *session) checkConsumed(ctx context.Context) {
	most := tidyCheck
	if s.window.full(s.cfg) {
		most = fullWindowCheck
	}
	s.checkWait = min(max(s.checkWait, firstCheck)*2, most)
	defer func() { s.checkAt = time.Now().Add(s.checkWait) }()
	calling, stop := context.WithTimeout(ctx, storeTime)
	defer stop()
	gone, err := s.retrieved(calling)
	if err != nil {
		s.cfg.Log.WarnContext(ctx, "It could not be seen what a client consumed.", "stream", s.stream, "error", err)
		return
	}
	if len(gone) == 0 {
		return
	}
	s.checkWait = 0
	var kept []group
	for _, g := range s.window.written {
		consumed, rest := group{claim: g.claim}, group{claim: g.claim, at: g.at}
		for _, e := range g.entries {
			if gone[e.task] {
				consumed.entries = append(consumed.entries, e)
			} else {
				rest.entries = append(rest.entries, e)
			}
		}
		if len(consumed.entries) > 0 && s.window.forget(consumed) {
			s.hub.release(ctx, g.claim)
		}
		if len(rest.entries) > 0 {
			kept = append(kept, rest)
		}
	}
	s.window.written = kept
}

// retrieved gives those tasks of the written messages whose result is gone.
func (s *session) retrieved(ctx context.Context) (map[tasks.ID]bool, error) {
	var ids []tasks.ID
	var client tasks.ClientID
	gone := map[tasks.ID]bool{}
	for _, g := range s.window.written {
		for _, e := range g.entries {
			client = e.client // a stream belongs to one client
			ids = append(ids, e.task)
			gone[e.task] = true
		}
	}
	for len(ids) > 0 {
		n := min(len(ids), tasks.MaxIDs)
		found, err := s.cfg.Store.Tasks(ctx, client, ids[:n])
		if err != nil {
			return nil, err
		}
		ids = ids[n:]
		for i := range found {
			if !found[i].Retrieved && !found[i].Expired {
				delete(gone, found[i].ID)
			}
		}
	}
	return gone, nil
}

// finish consumes what an orderly close proves and gives back the rest.
func (s *session) finish(ctx context.Context) {
	if s.claiming {
		if c := <-s.claimed; c.err != nil {
			s.hub.leases.doubt(s.lease)
		} else if len(c.claim.Results) > 0 {
			s.window.claim(c.claim.ID, len(c.claim.Results), 0)
		}
	}
	if s.consuming {
		s.settled(ctx, <-s.done)
	}
	if groups := s.window.written; s.ack == tasks.AckAuto && len(groups) > 0 && closedInOrder(ctx, s.peer, s.cfg.Settle) {
		s.window.written = nil
		n, err := s.consume(context.WithoutCancel(ctx), groups)
		s.settled(ctx, &consumed{groups: groups, n: n, err: err})
	}
	if len(s.window.claims) > 0 {
		// One at a time, the next connection would find the later ones first.
		s.hub.release(ctx, slices.Sorted(maps.Keys(s.window.claims))...)
		s.hub.wakeStream(s.stream)
	}
}

// closedInOrder reports whether the peer closed in order and had acknowledged
// everything. Acknowledgements that are still on their way get a moment.
func closedInOrder(ctx context.Context, peer tasks.Peer, moment time.Duration) bool {
	ctx = context.WithoutCancel(ctx)
	for by := time.Now().Add(moment); ; pause(ctx, firstCheck) {
		left, err := peer.Unacked()
		switch {
		case peer.Status() != tasks.PeerClosed || err != nil:
			return false
		case left == 0:
			return true
		case time.Now().After(by):
			return false
		}
	}
}
