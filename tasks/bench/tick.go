package bench

import (
	"context"
	"time"

	"asapi/tasks"
)

// TickEvery is how often a task of the action tick changes its progress.
const TickEvery = 200 * time.Millisecond

// tick counts the milliseconds since its start as items, so that whoever sees its
// progress knows how old that is.
func tick(ctx context.Context, run *tasks.Run, p pauseParameters) error {
	run.Expect(p.Milliseconds)
	ticker := time.NewTicker(TickEvery)
	defer ticker.Stop()
	for counted := int64(0); counted < p.Milliseconds; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
		passed := min(time.Since(run.Task.StartedAt).Milliseconds(), p.Milliseconds)
		if err := run.Counted(ctx, tasks.Created, passed-counted); err != nil {
			return err
		}
		counted = passed
	}
	return noop(ctx, run, noParameters{})
}
