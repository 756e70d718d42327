package webhooks

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"asapi/tasks"
)

// serve tells one webhook what is due, until nothing is, an attempt fails or ctx
// ends. base outlives ctx: outcomes are kept under it.
func (s *Sender) serve(ctx, base context.Context, token string) {
	defer s.release(token)
	for ctx.Err() == nil {
		n := batch
		if s.failing(token) {
			n = 1 // to see whether it is back
		}
		b := &claimed{at: time.Now()}
		var list []tasks.WebhookDelivery
		var err error
		if b.webhook, list, err = s.cfg.Store.TakeDeliveries(base, token, n, lease); err != nil {
			s.cfg.Log.Warn("deliveries to a webhook could not be claimed; trying again", "token", token, "error", err)
			return
		}
		attempts := new(errgroup.Group)
		attempts.SetLimit(eventsAtOnce)
		for _, d := range list {
			attempts.Go(func() error { s.attempt(ctx, base, b, d); return nil })
		}
		_ = attempts.Wait() // b tells how it went
		if len(list) == 0 || b.failed.Load() {
			return
		}
	}
}

// claimed are deliveries that were claimed together.
type claimed struct {
	webhook tasks.Webhook
	at      time.Time
	failed  atomic.Bool // one was not delivered
}

// attempt sends one delivery and keeps the outcome. It sends nothing once the
// process ends, another one has failed, or the lease could end meanwhile.
func (s *Sender) attempt(ctx, base context.Context, b *claimed, d tasks.WebhookDelivery) {
	if ctx.Err() != nil || b.failed.Load() || time.Since(b.at) > lease-2*attemptTime {
		s.giveBack(base, b, d)
		return
	}
	sending, stop := context.WithTimeout(base, attemptTime)
	defer stop()
	answer, err := Post(sending, s.cfg.Client, s.cfg.Sealer, b.webhook, d.ID.String(), d.Body)
	if err != nil && base.Err() != nil {
		s.giveBack(base, b, d)
		return
	}
	o := outcome(d, answer, err, s.cfg.Backoff)
	if o.State != tasks.DeliveryDelivered {
		b.failed.Store(true)
	}
	s.learn(d.Token, answer, o.State == tasks.DeliveryDelivered)
	s.cfg.Tried(o.State)
	s.tell(d, o)
	s.keep(base, b, d, o)
}

// giveBack makes a delivery due again that was claimed and not sent.
func (s *Sender) giveBack(base context.Context, b *claimed, d tasks.WebhookDelivery) {
	b.failed.Store(true)
	s.keep(base, b, d, tasks.DeliveryOutcome{State: tasks.DeliveryPending})
}

// keep writes an outcome, also when the process ends. One that cannot be kept is
// sent again when its lease ends.
func (s *Sender) keep(ctx context.Context, b *claimed, d tasks.WebhookDelivery, o tasks.DeliveryOutcome) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer stop()
	if err := s.cfg.Store.EndDelivery(ctx, b.webhook, d, o); err != nil {
		s.cfg.Log.Warn("the outcome of a delivery was not kept; it may be sent again", "token", d.Token, "delivery", d.ID.String(), "error", err)
	}
}

// tell logs what an operator may want to see. Addresses stay out of the log:
// their paths may be secrets.
func (s *Sender) tell(d tasks.WebhookDelivery, o tasks.DeliveryOutcome) {
	log := s.cfg.Log.With("token", d.Token, "task", d.Task.String(), "delivery", d.ID.String(), "attempt", d.Attempt)
	switch {
	case o.Gone:
		log.Warn("a webhook answered 410 and is disabled")
	case o.State == tasks.DeliveryGivenUp:
		log.Warn("a delivery to a webhook is given up", "reason", o.Error)
	case o.State == tasks.DeliveryPending:
		log.Debug("a delivery to a webhook failed; it is tried again", "reason", o.Error, "in", o.Wait)
	}
}
