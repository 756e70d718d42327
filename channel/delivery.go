package channel

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"asapi/tasks"
)

// delivery is one connection's part in a stream.
type delivery struct {
	hub    *Hub
	stream string
	ack    tasks.Ack
	wake   chan struct{}
}

// Run delivers the stream's messages, oldest first, until ctx ends, the peer is
// gone, a write fails or the lease on the claimed messages is lost. What was
// not consumed is given back before it returns. When ctx ends while the peer
// is still there, it waits a moment for acknowledgements that are on their way.
//
// It fails with CodeUnavailable, and has written nothing, when messages cannot
// be claimed at the moment.
func (d *delivery) Run(ctx context.Context, sink tasks.Sink) error {
	one, err := d.hub.leases.join(ctx)
	if err != nil {
		return err
	}
	d.hub.watch.addDelivery(d)
	defer d.hub.watch.removeDelivery(d)
	s := newSession(d, sink, one)
	defer s.leave()
	err = s.run(ctx)
	s.finish(ctx)
	return err
}

// session is a running delivery. One goroutine owns it; at most one claim and
// one consumption are on their way to the store at a time, so that writing goes
// on meanwhile.
type session struct {
	*delivery
	cfg   *Config
	sink  tasks.Sink
	peer  tasks.Peer
	lease *lease

	claimed   chan *claimed // the answer to the claim on its way
	claiming  bool
	claimAt   time.Time // when to look for messages next
	claimedAt time.Time // when it was looked last
	fullAt    time.Time // when the whole stream was looked at last
	high      int64     // the highest number delivered

	done      chan *consumed // the answer to the consumption on its way
	consuming bool
	consumeAt time.Time // not before; after a failure

	window    *window
	lastWrite time.Time
	checkAt   time.Time // when to ask for acknowledgements next
	checkWait time.Duration
	markedAt  time.Time // the last heartbeat that is to prove messages
	closing   bool
	closeBy   time.Time
}

type claimed struct {
	claim tasks.Claim
	after int64
	err   error
}

type consumed struct {
	groups []group
	n      int // so many of them are done
	err    error
}

func newSession(d *delivery, sink tasks.Sink, one *lease) *session {
	return &session{
		delivery: d, cfg: &d.hub.cfg, sink: sink, peer: sink.Peer(), lease: one,
		claimed: make(chan *claimed, 1), done: make(chan *consumed, 1), window: newWindow(),
	}
}

func (s *session) leave() { s.hub.leases.leave(s.lease) }

// run waits and does what is due. What it does stands in functions of their own:
// its frame is on the stack of each of thousands of idle streams, and a stack of
// which less than a quarter is used can be halved.
func (s *session) run(ctx context.Context) error {
	if err := s.greet(); err != nil {
		return err
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	ended := ctx.Done()
	s.claimAt = time.Now()
	for {
		if err := s.step(ctx); err != nil {
			return err
		}
		timer.Reset(s.untilNext())
		select {
		case <-ended:
			ended = nil
			if err := s.close(ctx); err != nil {
				return err
			}
		case <-s.lease.lost.Done():
			return s.lease.cause()
		case <-s.wake:
			s.woken()
		case c := <-s.claimed:
			if err := s.take(ctx, c); err != nil {
				return err
			}
		case c := <-s.done:
			s.settled(ctx, c)
		case <-timer.C:
		}
	}
}

// step does what is due. An error ends the delivery.
func (s *session) step(ctx context.Context) error {
	now := time.Now()
	if s.closing && (s.window.count() == 0 || now.After(s.closeBy) || s.peer.Status() != tasks.PeerOpen) {
		return context.Cause(ctx)
	}
	// A process that stood still must not go on with what others delivered
	// meanwhile, even where it finds that nothing of its own is left.
	if err := s.lease.held(); err != nil {
		return err
	}
	if err := s.keep(ctx, now); err != nil {
		return err
	}
	s.startClaim(ctx, now)
	return nil
}

// close begins the end, with an error where nothing is to be waited for.
func (s *session) close(ctx context.Context) error {
	if s.peer.Status() != tasks.PeerOpen || s.ack == tasks.AckExplicit {
		return context.Cause(ctx)
	}
	s.closing, s.closeBy = true, time.Now().Add(s.cfg.Drain)
	return nil
}

// woken claims soon: what comes within the pace comes with it.
func (s *session) woken() {
	s.claimAt = time.Now()
	if next := s.claimedAt.Add(claimPace); next.After(s.claimAt) {
		s.claimAt = next
	}
}

// greet writes the system message that every connection begins with. Published
// clients take a system message that holds the word "error" as fatal, so a
// stream of such a name is not named.
func (s *session) greet() error {
	text := "Connected to stream " + s.stream
	if strings.Contains(strings.ToLower(s.stream), "error") {
		text = "Connected to the stream"
	}
	payload, err := json.Marshal(map[string]string{"message": text, "code": "connected"})
	if err != nil {
		return err
	}
	m := tasks.Message{ID: "0-1", Chunk: 1, TotalChunks: 1, ChunkSize: int64(len(payload)), Payload: payload}
	if err := s.sink.Write(&m); err != nil {
		return err
	}
	return s.flush()
}

func (s *session) flush() error {
	s.lastWrite = time.Now()
	return s.sink.Flush()
}

func (s *session) untilNext() time.Duration { return max(time.Until(s.nextTime()), 0) }

// nextTime is when the loop has something to do by itself.
func (s *session) nextTime() time.Time {
	next := s.lastWrite.Add(s.cfg.Heartbeat)
	earlier := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	if !s.claiming && !s.closing && !s.window.full(s.cfg) {
		earlier(s.claimAt)
	}
	if s.checking() {
		earlier(s.checkAt)
	}
	if s.closing {
		earlier(time.Now().Add(2 * firstCheck))
	}
	return next
}

// fullScanEvery is how often at most a busy stream is looked at from its
// beginning: what another connection gave back stands below the high-water mark.
const fullScanEvery = time.Second

// claimPace is the least time between two claims of a connection that is woken
// again and again: a claim of one message costs as much as one of a hundred.
const claimPace = 10 * time.Millisecond

// startClaim sends for the next messages when it is time and there is room.
func (s *session) startClaim(ctx context.Context, now time.Time) {
	if s.claiming || s.closing || now.Before(s.claimAt) || s.window.full(s.cfg) {
		return
	}
	if s.window.count() == 0 && s.hub.leases.isStale(s.lease) {
		if fresh, err := s.hub.leases.join(ctx); err == nil {
			s.hub.leases.leave(s.lease)
			s.lease = fresh
		}
	}
	var after int64
	if now.Sub(s.fullAt) < fullScanEvery {
		after = s.high
	} else {
		s.fullAt = now
	}
	s.claiming, s.claimedAt = true, now
	s.claimAt = now.Add(never)
	calling, holder := context.WithoutCancel(ctx), s.lease.holder
	limit := min(s.cfg.BatchMessages, s.cfg.WindowMessages-s.window.count())
	go func() { // ends with the call; take or finish receives its answer
		calling, stop := context.WithTimeout(calling, storeTime)
		defer stop()
		claim, err := s.cfg.Store.ClaimStream(calling, holder, s.stream, after, limit, s.cfg.BatchBytes)
		s.claimed <- &claimed{claim, after, err}
	}()
}

// take writes the messages of a claim, while the next ones are on their way.
func (s *session) take(ctx context.Context, c *claimed) error {
	s.claiming = false
	if err := c.err; err != nil {
		s.hub.leases.doubt(s.lease)
		s.cfg.Log.WarnContext(ctx, "The messages of a stream could not be claimed.", "stream", s.stream, "error", err)
		s.claimAt = time.Now().Add(time.Second)
		return nil
	}
	var bytes int64
	for i := range c.claim.Results {
		bytes += c.claim.Results[i].Size
	}
	switch {
	case len(c.claim.Results) > 0:
		s.claimAt = time.Now() // there may be more
	case c.after > 0:
		if look := s.fullAt.Add(fullScanEvery); look.Before(s.claimAt) {
			s.claimAt = look
		}
	}
	if len(c.claim.Results) == 0 {
		return nil
	}
	if s.closing {
		s.hub.release(ctx, c.claim.ID)
		s.hub.wakeStream(s.stream)
		return nil
	}
	s.window.claim(c.claim.ID, len(c.claim.Results), bytes)
	s.startClaim(ctx, time.Now())
	return s.write(ctx, c.claim)
}
