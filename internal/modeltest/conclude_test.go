package modeltest_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"asapi/tasks"
)

// eventually looks at cond until it gives no error, for as long as patience lasts.
func eventually(ctx context.Context, cond func() error) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	ticker := time.NewTicker(3 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := cond()
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return err
		}
	}
}

// conclude checks what the interleaving promised and then takes everything that
// is left over one new connection.
func (m *member) conclude(ctx context.Context) error {
	if err := m.checkLiveness(ctx); err != nil {
		return err
	}
	if err := m.hangUp(ctx); err != nil {
		return err
	}
	gone, err := m.statuses(ctx, 0)
	if err != nil {
		return err
	}
	var left []*item
	for _, one := range m.published() {
		if !gone[one] {
			left = append(left, one)
		}
	}
	if err := m.drain(ctx, left); err != nil {
		return err
	}
	if err := m.hangUp(ctx); err != nil {
		return err
	}
	return m.checkArrivals()
}

// checkLiveness waits until what was published and not consumed has come to an
// open connection, where all that are open take everything.
func (m *member) checkLiveness(ctx context.Context) error {
	var live []*conn
	for _, c := range m.conns {
		if !c.live() {
			continue
		}
		if c.budget != unlimited || m.ack == tasks.AckExplicit && c.server == 1 { // its window may be full
			return nil
		}
		live = append(live, c)
	}
	if len(live) == 0 {
		return nil
	}
	return eventually(ctx, func() error {
		gone, err := m.statuses(ctx, 0)
		if err != nil {
			return err
		}
		got := map[*item]bool{}
		for _, c := range live {
			for one := range c.has() {
				got[one] = true
			}
		}
		for _, one := range m.published() {
			if !gone[one] && !got[one] {
				return fmt.Errorf("task %s was published and came to none of the %d open connections", one.id, len(live))
			}
		}
		return nil
	})
}

// hangUp ends all connections and waits until the servers have noticed. Nothing
// may stay claimed then.
func (m *member) hangUp(ctx context.Context) error {
	for i, c := range m.conns {
		if err := c.end(i%2 == 0); err != nil {
			return err
		}
	}
	err := eventually(ctx, func() error {
		if n := m.w.doors.of(m.stream); n > 0 {
			return fmt.Errorf("%d connections that the client ended are still being served", n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if seqs := m.w.book.openOn(m.stream); len(seqs) > 0 {
		return fmt.Errorf("the messages %v are still claimed after the last connection", seqs)
	}
	return nil
}

// drain takes what is left over one connection: exactly that, oldest first, and
// then what is published meanwhile.
func (m *member) drain(ctx context.Context, left []*item) error {
	c, err := m.connect(ctx, 0, unlimited)
	if err != nil {
		return err
	}
	last, err := m.submit(ctx, 1, tasks.ASChannel, 10, false)
	if err != nil {
		return err
	}
	if err := m.publish(ctx, last, false); err != nil {
		return err
	}
	left = append(left, last)
	err = eventually(ctx, func() error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.fault != nil {
			return c.fault
		}
		if n := len(c.got); n == 0 || c.got[n-1].one != last || !c.got[n-1].whole {
			return fmt.Errorf("of %d unconsumed messages %d came", len(left), n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	got := slices.Clone(c.got)
	c.mu.Unlock()
	if !slices.IsSortedFunc(got, func(a, b arrival) int { return cmp.Compare(a.seq, b.seq) }) {
		return fmt.Errorf("a connection that was alone got the messages in the order %v", seqsOf(got))
	}
	for _, one := range left {
		if !slices.ContainsFunc(got, func(a arrival) bool { return a.one == one }) {
			return fmt.Errorf("the message of task %s is lost", one.id)
		}
	}
	if len(got) != len(left) {
		return fmt.Errorf("%d messages were left, and %d came: %v", len(left), len(got), seqsOf(got))
	}
	if err := m.consume(ctx, 1, m.published()); err != nil {
		return err
	}
	gone, err := m.statuses(ctx, 1)
	for one, yes := range gone {
		if !yes && one.ended != 0 {
			err = errors.Join(err, fmt.Errorf("task %s was reported as consumed and is not", one.id))
		}
	}
	return err
}

func seqsOf(list []arrival) []int64 {
	var seqs []int64
	for _, a := range list {
		seqs = append(seqs, a.seq)
	}
	return seqs
}

// checkArrivals looks at everything that came on any connection.
func (m *member) checkArrivals() error {
	seqs := map[*item]int64{}
	for i, c := range m.conns {
		if c.fault != nil {
			return c.fault
		}
		for n, a := range c.got {
			if known, ok := seqs[a.one]; ok && known != a.seq {
				return fmt.Errorf("task %s came as message %d and as message %d", a.one.id, known, a.seq)
			}
			seqs[a.one] = a.seq
			if a.one.consumed != 0 && a.one.consumed < c.opened {
				return fmt.Errorf("message %d came on a connection that was opened after it was consumed (%s)", a.seq, a.one.reportedBy)
			}
			if a.one.expired != 0 && a.one.expired < c.opened {
				return fmt.Errorf("message %d came on a connection that was opened after it expired", a.seq)
			}
			for _, before := range c.got[:n] {
				if before.seq == a.seq {
					return fmt.Errorf("message %d came twice on one connection", a.seq)
				}
				if before.seq > a.seq && m.w.book.claimed(a.seq) < 2 {
					return fmt.Errorf("message %d, which nobody had given back, came after message %d", a.seq, before.seq)
				}
			}
			if err := m.checkShared(m.conns[:i], c, a); err != nil {
				return err
			}
		}
	}
	return m.checkNumbers(seqs)
}

// checkShared looks for a message on two connections that were open at once.
func (m *member) checkShared(others []*conn, c *conn, a arrival) error {
	for _, other := range others {
		for _, b := range other.got {
			if b.seq != a.seq {
				continue
			}
			first, later := c, b.at
			if b.at < a.at {
				first, later = other, a.at
			}
			if first.broken == 0 || first.broken > later {
				return fmt.Errorf("message %d came on two open connections", a.seq)
			}
		}
	}
	return nil
}

// checkNumbers compares the numbers of the messages with the order of their
// publication: one that was published before another was begun comes first.
func (m *member) checkNumbers(seqs map[*item]int64) error {
	for a, aSeq := range seqs {
		for b, bSeq := range seqs {
			if a.ended != 0 && a.ended < b.beganPub && aSeq > bSeq {
				return fmt.Errorf("task %s was published before %s and has the later number, %d and %d", a.id, b.id, aSeq, bSeq)
			}
		}
	}
	return nil
}
