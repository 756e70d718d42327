package channel

import (
	"context"
	"slices"
	"time"

	"asapi/tasks"
)

// poll looks again and again, until ctx ends, for messages of which nobody told:
// an event was lost, or another process died with its claims. It asks for all
// open streams at once, so that an idle stream costs next to nothing.
func (h *Hub) poll(ctx context.Context) error {
	for {
		every := h.cfg.PollEvery
		if h.cfg.Redis != nil && !h.connected.Load() {
			every /= 2 // nobody tells anything
		}
		if pause(ctx, jitter(every)); ctx.Err() != nil {
			return nil //nolint:nilerr // to end with its context is what it is to do
		}
		for streams := range slices.Chunk(h.watch.openStreams(), tasks.MaxIDs) {
			h.pollStreams(ctx, streams)
		}
	}
}

func (h *Hub) pollStreams(ctx context.Context, streams []string) {
	calling, stop := context.WithTimeout(ctx, storeTime)
	defer stop()
	waiting, err := h.cfg.Store.WaitingStreams(calling, streams)
	if err != nil {
		if ctx.Err() == nil {
			h.cfg.Log.WarnContext(ctx, "It could not be seen which streams have messages.", "error", err)
		}
		return
	}
	for _, stream := range waiting {
		h.watch.wakeStream(stream)
	}
}

// never is far away: an idle stream looks when it is woken.
const never = 24 * 365 * time.Hour
