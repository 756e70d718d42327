package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"asapi/tasks"
)

// Queue implements tasks.Queue over Asynq. Only ids travel.
type Queue struct {
	redis  redis.UniversalClient
	client atomic.Pointer[asynq.Client]
	log    *slog.Logger
	meter  Meter

	waiting chan tasks.Dispatch
	nudges  chan struct{}
	down    atomic.Bool // the last hand-over failed
	window  window
}

var _ tasks.Queue = (*Queue)(nil)

// QueueConfig is what a Queue needs.
type QueueConfig struct {
	Redis redis.UniversalClient
	Log   *slog.Logger
	Meter Meter // nil: nothing is measured
}

const (
	// enqueuers is how many goroutines hand ids to Redis.
	enqueuers = 4
	// waitingIDs is how many ids may wait for them; what is more is found
	// by the look for lost dispatches.
	waitingIDs = 20000
	taskType   = "asapi:run"
	nudgeTopic = "asapi:nudge"
)

// NewQueue makes a Queue; Run makes it work.
func NewQueue(cfg QueueConfig) *Queue {
	q := &Queue{
		redis: cfg.Redis, log: cfg.Log, meter: orNothing(cfg.Meter),
		waiting: make(chan tasks.Dispatch, waitingIDs), nudges: make(chan struct{}, 1),
	}
	q.renewClient()
	return q
}

// renewClient forgets which queues Asynq's client believes to be known to
// Redis; after Redis lost its data they are not.
func (q *Queue) renewClient() { q.client.Store(asynq.NewClientFromRedisClient(q.redis)) }

// Run hands over ids and nudges until ctx ends; then it hands over what waits
// for at most a second.
func (q *Queue) Run(ctx context.Context) error {
	g, running := errgroup.WithContext(ctx)
	for range enqueuers {
		g.Go(func() error { q.handOver(running); return nil })
	}
	g.Go(func() error { q.sendNudges(running); return nil })
	g.Go(func() error { q.window.follow(running, q); return nil })
	return g.Wait()
}

// Reserve implements tasks.Queue.
func (q *Queue) Reserve(client tasks.ClientID, p tasks.Priority) bool {
	return !q.down.Load() && len(q.waiting) < waitingIDs/2 && q.window.reserve(client, p)
}

// Enqueue implements tasks.Queue.
func (q *Queue) Enqueue(ds ...tasks.Dispatch) {
	for _, d := range ds {
		select {
		case q.waiting <- d:
		default: // found later as a lost dispatch
		}
	}
}

// Nudge implements tasks.Queue.
func (q *Queue) Nudge() {
	select {
	case q.nudges <- struct{}{}:
	default:
	}
}

func (q *Queue) handOver(ctx context.Context) {
	for {
		select {
		case d := <-q.waiting:
			q.enqueueSurely(ctx, d)
		case <-ctx.Done():
			q.drain(context.WithoutCancel(ctx))
			return
		}
	}
}

// drain hands over what waits when the process ends.
func (q *Queue) drain(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, time.Second)
	defer stop()
	for ctx.Err() == nil {
		select {
		case d := <-q.waiting:
			_ = q.enqueue(ctx, d) // lost ones are found again
		default:
			return
		}
	}
}

// enqueueSurely tries until Redis takes the id or ctx ends.
func (q *Queue) enqueueSurely(ctx context.Context, d tasks.Dispatch) {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := q.enqueue(ctx, d)
		if err == nil {
			q.down.Store(false)
			return
		}
		if !q.down.Swap(true) {
			q.log.Warn("redis does not take tasks; they wait in the database", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (q *Queue) enqueue(ctx context.Context, d tasks.Dispatch) error {
	_, err := q.client.Load().EnqueueContext(ctx, asynq.NewTask(taskType, []byte(d.Task.String())),
		asynq.TaskID(taskID(d)), asynq.Queue(d.Priority.String()), asynq.MaxRetry(deliveries), asynq.Timeout(handlerTimeout), asynq.Retention(0))
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		return nil // it stands in the queue already
	}
	if err == nil {
		q.meter.Dispatched(d.Priority)
	}
	return err
}

const (
	// deliveries bounds how often Asynq may deliver an id whose task could
	// not be started because the database did not answer. It is never 0: a
	// dequeue whose reply is lost would then archive the task unrun.
	deliveries = 100
	// handlerTimeout is Asynq's; the real limits of a run are ours. Unset it
	// would be half an hour.
	handlerTimeout = 30 * 24 * time.Hour
)

// taskID names one passage of a task through the queue.
func taskID(d tasks.Dispatch) string { return fmt.Sprintf("%s:%d", d.Task, d.Number) }

// parsePayload reads the id that enqueue wrote.
func parsePayload(payload []byte) (tasks.ID, error) {
	return tasks.ParseID(strings.TrimSpace(string(payload)))
}

// sendNudges tells the dispatcher, wherever it runs, at most every 2 ms.
func (q *Queue) sendNudges(ctx context.Context) {
	rest := time.NewTicker(2 * time.Millisecond)
	defer rest.Stop()
	for {
		select {
		case <-q.nudges:
			// A nudge that is lost costs the dispatcher's rest at most.
			_ = q.redis.Publish(ctx, nudgeTopic, "").Err()
		case <-ctx.Done():
			return
		}
		select {
		case <-rest.C:
		case <-ctx.Done():
			return
		}
	}
}
