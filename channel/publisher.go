package channel

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"asapi/tasks"
)

// Limits of what waits to be published.
const (
	maxQueued   = 16384 // events; what comes on top is told as Lost
	perPublish  = 1000  // events in one PUBLISH
	gatherFor   = 3 * time.Millisecond
	publishTime = time.Second
)

// envelope is one PUBLISH. Unknown members are ignored, so that processes of
// different versions understand each other.
type envelope struct {
	Origin  string        `json:"o"`
	Events  []tasks.Event `json:"e,omitempty"`
	Streams []string      `json:"w,omitempty"` // streams to look into
	Lost    bool          `json:"l,omitempty"` // events were dropped: look everywhere
}

// publisher gathers events, so that many become one PUBLISH.
type publisher struct {
	mu      sync.Mutex
	events  []tasks.Event
	streams map[string]struct{}
	lost    bool
	wake    chan struct{}
}

func (p *publisher) init() {
	p.wake = make(chan struct{}, 1)
	p.streams = map[string]struct{}{}
}

func (p *publisher) add(events []tasks.Event) {
	p.mu.Lock()
	room := min(maxQueued-len(p.events), len(events))
	p.events = append(p.events, events[:room]...)
	p.lost = p.lost || room < len(events)
	p.mu.Unlock()
	poke(p.wake)
}

func (p *publisher) addStream(stream string) {
	p.mu.Lock()
	p.streams[stream] = struct{}{}
	p.mu.Unlock()
	poke(p.wake)
}

// take empties the queue into envelopes.
func (p *publisher) take(origin string) []envelope {
	p.mu.Lock()
	events, streams, lost := p.events, p.streams, p.lost
	p.events, p.streams, p.lost = nil, map[string]struct{}{}, false
	p.mu.Unlock()
	first := envelope{Origin: origin, Lost: lost}
	for s := range streams {
		first.Streams = append(first.Streams, s)
	}
	n := min(perPublish, len(events))
	first.Events, events = events[:n], events[n:]
	if !first.Lost && len(first.Streams) == 0 && n == 0 {
		return nil
	}
	list := []envelope{first}
	for len(events) > 0 {
		n := min(perPublish, len(events))
		list = append(list, envelope{Origin: origin, Events: events[:n]})
		events = events[n:]
	}
	return list
}

// publish sends what was gathered until ctx ends, and then once more.
func (h *Hub) publish(ctx context.Context) error {
	pause := time.NewTimer(0)
	<-pause.C
	for {
		select {
		case <-ctx.Done():
			h.publishAll(context.WithoutCancel(ctx))
			return nil
		case <-h.pub.wake:
		}
		wait := gatherFor
		if !h.publishAll(ctx) {
			wait = publishTime
			poke(h.pub.wake) // tell of the loss once Redis is back
		}
		pause.Reset(wait)
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
	}
}

// publishAll reports whether Redis took everything.
func (h *Hub) publishAll(ctx context.Context) bool {
	for _, env := range h.pub.take(h.origin) {
		if err := h.publishOne(ctx, env); err != nil {
			if ctx.Err() == nil {
				h.cfg.Log.WarnContext(ctx, "Events could not be published; other processes learn of them later.", "error", err)
			}
			h.pub.mu.Lock()
			h.pub.lost = true
			h.pub.mu.Unlock()
			return false
		}
	}
	return true
}

func (h *Hub) publishOne(ctx context.Context, env envelope) error {
	body, err := json.Marshal(env)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, publishTime)
	defer stop()
	return h.cfg.Redis.Publish(ctx, h.cfg.Topic, body).Err()
}
