package channel

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"

	"asapi/tasks"
)

// Rhythms of the subscription.
const (
	silence     = 5 * time.Second // then the connection is pinged
	resubscribe = 500 * time.Millisecond
)

// subscribe receives what other processes publish until ctx ends. Whenever the
// subscription comes up again, everybody looks into the store once.
func (h *Hub) subscribe(ctx context.Context) error {
	for ctx.Err() == nil {
		err := h.listen(ctx)
		if h.connected.Swap(false) && ctx.Err() == nil {
			h.cfg.Log.WarnContext(ctx, "The events of other processes are out of reach; streams look into the store until they are back.", "error", err)
			h.watch.wakeAll()
		}
		pause(ctx, jitter(resubscribe))
	}
	return nil
}

// listen receives on one subscription until it breaks.
func (h *Hub) listen(ctx context.Context) error {
	sub := h.cfg.Redis.Subscribe(ctx, h.cfg.Topic)
	unwatch := context.AfterFunc(ctx, func() { _ = sub.Close() })
	defer func() {
		if unwatch() {
			_ = sub.Close()
		}
	}()
	pinged := false
	for {
		msg, err := sub.ReceiveTimeout(ctx, silence)
		var timeout net.Error
		switch {
		case err == nil:
			pinged = false
			h.received(msg)
		case errors.As(err, &timeout) && timeout.Timeout() && !pinged && ctx.Err() == nil:
			pinged = true
			if err := sub.Ping(ctx); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

func (h *Hub) received(msg any) {
	switch m := msg.(type) {
	case *redis.Subscription:
		h.connected.Store(true)
		h.watch.wakeAll()
	case *redis.Message:
		env, err := decodeEnvelope([]byte(m.Payload))
		if err != nil {
			h.cfg.Log.Warn("An event that nobody here understands was ignored.", "error", err)
			return
		}
		if env.Origin == h.origin {
			return
		}
		h.watch.tell(env.Events)
		for _, s := range env.Streams {
			h.watch.wakeStream(s)
		}
		if env.Lost {
			h.watch.wakeAll()
		}
	}
}

// decodeEnvelope reads a publication and leaves out events in states that this
// version does not know.
func decodeEnvelope(b []byte) (envelope, error) {
	var env envelope
	if err := json.Unmarshal(b, &env); err != nil {
		return envelope{}, err
	}
	known := env.Events[:0]
	for _, e := range env.Events {
		if e.State <= tasks.Cancelled {
			known = append(known, e)
		}
	}
	env.Events = known
	return env, nil
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
