package channel

import (
	"context"
	"time"

	"asapi/tasks"
)

// manyIDs is from where on an Await looks less often by itself: a look at ten
// thousand ids costs milliseconds.
const manyIDs = 1000

// Await calls ready once watching has begun, and again whenever one of the tasks
// may have ended, until ready says that it is done or fails, or ctx ends. Then
// ready is called a last time, so that the caller has the newest state.
func (h *Hub) Await(ctx context.Context, ids []tasks.ID, ready func() (done bool, err error)) error {
	w := h.watch.addWaiter(ids)
	defer h.watch.removeWaiter(w, ids)
	every := h.cfg.Recheck
	if len(ids) > manyIDs {
		every *= 2
	}
	again := time.NewTimer(jitter(every))
	defer again.Stop()
	for {
		done, err := ready()
		if done || err != nil {
			return err
		}
		select {
		case <-w.wake:
		case <-again.C:
			again.Reset(jitter(every))
		case <-ctx.Done():
			_, err := ready()
			return err
		}
	}
}
