package webhooks

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"asapi/tasks"
)

// Config is what a Sender needs.
type Config struct {
	Store  tasks.WebhookStore
	Sealer tasks.Sealer
	Client *http.Client // refuses forbidden addresses; gives up after 10 s at most
	Log    *slog.Logger
	Tried  func(tasks.DeliveryState) // counts attempts; nil: nobody does

	Poll    time.Duration                   // 0: 1 s
	Backoff func(attempt int) time.Duration // nil: 5 s to 8 h
}

const (
	endpointsAtOnce = 32               // webhooks that are told something at the same time
	eventsAtOnce    = 4                // to one of them
	batch           = 8                // deliveries that are claimed at once
	lease           = 40 * time.Second // well above batch/eventsAtOnce attempts
	attemptTime     = 10 * time.Second
	keepTime        = 5 * time.Second
	grace           = 3 * time.Second // for attempts that are on their way when the process ends
	together        = 50 * time.Millisecond
	keepFor         = 7 * 24 * time.Hour
	sweepEvery      = time.Minute
	sweepAtOnce     = 1000
	firstPause      = time.Second // of an endpoint that fails; doubled each time
	longestPause    = time.Minute
	longestAsked    = time.Hour   // of one that asks for it
	awakeFor        = time.Minute // events wake a sender that had something to send
)

// Sender sends what is due. Several processes may have one each: a delivery
// belongs to whoever claimed it.
type Sender struct {
	cfg  Config
	wake chan struct{}

	mu        sync.Mutex
	endpoints map[string]*endpoint // by token
	turn      int                  // whose turn it is first
	lastDue   time.Time
}

// endpoint is what this process knows of a webhook.
type endpoint struct {
	busy  bool
	fails int       // attempts in a row
	until time.Time // it is left alone
}

// New makes a Sender; Run makes it send.
func New(cfg Config) *Sender {
	if cfg.Poll == 0 {
		cfg.Poll = time.Second
	}
	if cfg.Backoff == nil {
		cfg.Backoff = backoff
	}
	if cfg.Tried == nil {
		cfg.Tried = func(tasks.DeliveryState) {}
	}
	return &Sender{cfg: cfg, wake: make(chan struct{}, 1), endpoints: map[string]*endpoint{}}
}

// HandleEvent hears of an ended task. It never waits.
func (s *Sender) HandleEvent(e tasks.Event) {
	if !e.State.Ended() {
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run sends until ctx ends; attempts that are on their way then have a few
// seconds, and what was claimed besides is given back.
func (s *Sender) Run(ctx context.Context) error {
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	sends := new(errgroup.Group)
	sends.SetLimit(endpointsAtOnce)
	upkeep := new(errgroup.Group)
	upkeep.Go(func() error { s.sweep(ctx); return nil })
	for ctx.Err() == nil {
		s.round(ctx, base, sends)
		s.rest(ctx)
	}
	late := time.AfterFunc(grace, stop)
	defer late.Stop()
	return errors.Join(sends.Wait(), upkeep.Wait())
}

// rest waits for the next round.
func (s *Sender) rest(ctx context.Context) {
	s.mu.Lock()
	wake := s.wake
	if time.Since(s.lastDue) > awakeFor {
		wake = nil // most servers have no webhook, and a look once a second will do
	}
	s.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-time.After(s.cfg.Poll):
	case <-wake: // what ends at the same time goes together
		select {
		case <-ctx.Done():
		case <-time.After(min(together, s.cfg.Poll)):
		}
	}
}

// round starts to serve every webhook that has something due and is not being
// served. They take turns at being first.
func (s *Sender) round(ctx, base context.Context, sends *errgroup.Group) {
	due, err := s.cfg.Store.DueWebhooks(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.cfg.Log.Warn("due webhooks could not be looked for; trying again", "error", err)
		}
		return
	}
	for _, token := range s.choose(due) {
		if !sends.TryGo(func() error { s.serve(ctx, base, token); return nil }) {
			s.release(token)
		}
	}
}

// choose gives the webhooks to serve now and marks them as busy.
func (s *Sender) choose(due []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for token, e := range s.endpoints {
		if !e.busy && now.After(e.until.Add(longestPause)) {
			delete(s.endpoints, token)
		}
	}
	if len(due) > 0 {
		s.turn++
		s.lastDue = now
	}
	var list []string
	for i := range due {
		token := due[(i+s.turn)%len(due)]
		e, ok := s.endpoints[token]
		if !ok {
			e = &endpoint{}
			s.endpoints[token] = e
		}
		if e.busy || now.Before(e.until) {
			continue
		}
		e.busy = true
		list = append(list, token)
	}
	return list
}

func (s *Sender) release(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endpoints[token].busy = false
}

// failing reports whether the endpoint's last attempt failed.
func (s *Sender) failing(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.endpoints[token].fails > 0
}

// learn keeps how an attempt went. One that failed makes the endpoint rest, so
// that it is not met by all that waits for it.
func (s *Sender) learn(token string, a Answer, delivered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.endpoints[token]
	if delivered {
		e.fails, e.until = 0, time.Time{}
		return
	}
	pause := min(firstPause<<min(e.fails, 10), longestPause, s.cfg.Backoff(e.fails+1))
	e.fails++
	e.until = time.Now().Add(max(pause, min(a.RetryAfter, longestAsked)))
}

// sweep deletes what ended long ago until ctx ends.
func (s *Sender) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		n, err := s.cfg.Store.SweepDeliveries(ctx, keepFor, sweepAtOnce)
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("old deliveries to webhooks could not be deleted; trying again", "error", err)
		}
		if n == sweepAtOnce && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
