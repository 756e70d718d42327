package worker

import (
	"context"
	"time"

	"asapi/tasks"
)

// The rhythm of subscriptions.
const (
	recurEvery       = time.Second
	countSubscribers = 15 * time.Second
)

// recur lets the occurrences of subscriptions happen that are due. Should two
// processes believe that they lead, each occurrence comes once all the same.
func (d *dispatcher) recur(ctx context.Context) {
	due := tasks.Recurrence{Catalog: d.w.cfg.Catalog, Store: d.store}
	for more := true; more && ctx.Err() == nil; {
		var happened []tasks.Occurred
		var err error
		happened, more, err = due.Step(ctx)
		if err != nil {
			if ctx.Err() == nil {
				d.log.Warn("the occurrences of subscriptions failed to happen; trying again", "error", err)
			}
			return
		}
		d.occurred(happened)
	}
}

// occurred tells watchers, streams and the meter what happened.
func (d *dispatcher) occurred(happened []tasks.Occurred) {
	var events []tasks.Event
	for i := range happened {
		h := &happened[i]
		d.w.cfg.Meter.Occurred(h.Outcome)
		if h.Task.ID.IsZero() {
			continue
		}
		e := tasks.EventOf(&h.Task)
		e.New = h.Outcome == tasks.OccurrenceSubmitted
		events = append(events, e)
	}
	if len(events) == 0 {
		return
	}
	d.w.cfg.Publisher.Publish(events...)
	d.queue.Nudge()
}

// countSubscriptions tells the meter how many there are.
func (d *dispatcher) countSubscriptions(ctx context.Context) {
	active, paused, err := d.store.CountSubscriptions(ctx)
	if err != nil {
		return // told by those who need them
	}
	d.w.cfg.Meter.Subscriptions(active, paused)
}
