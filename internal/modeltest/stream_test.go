package modeltest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"asapi/tasks"
)

// step is one thing that an actor does, with what it needs to decide how.
type step struct {
	Do     string
	N      int // how many, or which
	Size   int // of results
	Server int
	Flag   bool // fail, lose the news, or reset
}

var steps = rapid.Custom(func(t *rapid.T) step {
	return step{
		Do: rapid.SampledFrom([]string{
			"submit", "publish", "publish", "publish", "connect", "connect", "connect slowly", "read on", "await", "await", "break", "consume", "look", "expire",
		}).Draw(t, "do"),
		N:      rapid.IntRange(1, 5).Draw(t, "n"),
		Size:   rapid.SampledFrom([]int{0, 1, 100, chunkSize, chunkSize + 1, 5 * chunkSize, tasks.InlineLimit + chunkSize}).Draw(t, "size"),
		Server: rapid.IntRange(0, 1).Draw(t, "server"),
		Flag:   rapid.Bool().Draw(t, "flag"),
	}
})

// TestAStreamLosesNothingAndRepeatsNothingThatWasConsumed lets several actors of
// two clients do random things at once, and then looks at what came where.
func TestAStreamLosesNothingAndRepeatsNothingThatWasConsumed(t *testing.T) {
	onBoth(t, 16, 5, soon, func(t *testing.T, w *world) {
		rapid.Check(t, func(rt *rapid.T) {
			acks := rapid.SliceOfN(rapid.SampledFrom([]tasks.Ack{tasks.AckExplicit, tasks.AckAuto}), 1, 2).Draw(rt, "acks")
			actors := rapid.IntRange(1, 3).Draw(rt, "actors of each client")
			var all []*member
			var busy errgroup.Group
			for _, ack := range acks {
				m, err := w.member(t.Context(), ack)
				if err != nil {
					rt.Fatal(err)
				}
				all = append(all, m)
				for range actors {
					program := rapid.SliceOfN(steps, 3, 12).Draw(rt, "program")
					busy.Go(func() error { return (&actor{m: m}).run(t.Context(), program) })
				}
			}
			if err := busy.Wait(); err != nil {
				rt.Error(err)
			}
			for _, m := range all {
				if err := m.conclude(t.Context()); err != nil {
					rt.Errorf("%s with ack=%s: %v", m.name, m.ack, err)
				}
			}
		})
	})
}

// actor is one of a client's programs: it has its own connections, and shares the
// tasks with the others.
type actor struct {
	m     *member
	conns []*conn
}

func (a *actor) run(ctx context.Context, program []step) error {
	for i, s := range program {
		if err := a.do(ctx, s); err != nil {
			return fmt.Errorf("step %d of %s, %+v: %w", i, a.m.name, s, err)
		}
	}
	return nil
}

// moment is how long an actor waits for what need not happen.
const moment = 60 * time.Millisecond

func (a *actor) do(ctx context.Context, s step) error {
	m := a.m
	switch s.Do {
	case "submit":
		for range s.N {
			if _, err := m.submit(ctx, s.Server, tasks.ASChannel, s.Size, s.Flag && s.N == 1); err != nil {
				return err
			}
		}
		return nil
	case "publish":
		return a.publish(ctx, s)
	case "connect", "connect slowly":
		budget := unlimited
		if s.Do == "connect slowly" {
			budget = s.N
		}
		if len(a.conns) >= 3 {
			return nil
		}
		c, err := m.connect(ctx, s.Server, budget)
		a.conns = append(a.conns, c)
		return err
	case "read on", "await", "break":
		if len(a.conns) == 0 {
			return nil
		}
		return a.use(ctx, s, s.N%len(a.conns))
	case "consume":
		list := m.published()
		from := min(s.Size%7, len(list))
		return m.consume(ctx, s.Server, list[from:min(from+s.N, len(list))])
	case "expire":
		return m.expire(ctx)
	case "look":
		_, err := m.statuses(ctx, s.Server)
		return err
	}
	return nil
}

// publish ends up to N tasks, which are submitted where none waits.
func (a *actor) publish(ctx context.Context, s step) error {
	for range s.N {
		one, ok := a.m.takeWaiting()
		if !ok {
			if _, err := a.m.submit(ctx, s.Server, tasks.ASChannel, s.Size, false); err != nil {
				return err
			}
			if one, ok = a.m.takeWaiting(); !ok { // another actor was quicker
				continue
			}
		}
		if err := a.m.publish(ctx, one, s.Flag); err != nil {
			return err
		}
	}
	return nil
}

// use does something with one of the actor's connections.
func (a *actor) use(ctx context.Context, s step, i int) error {
	c := a.conns[i]
	switch s.Do {
	case "read on":
		c.allow(s.N)
	case "await":
		c.await(ctx, s.N, moment)
	default:
		a.conns = append(a.conns[:i:i], a.conns[i+1:]...)
		return c.end(s.Flag)
	}
	return nil
}
