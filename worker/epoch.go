package worker

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"asapi/tasks"
)

// epochKey holds a word that is lost together with everything else in Redis.
const epochKey = "asapi:epoch"

// checkEpoch finds out whether Redis lost its data since the last look; then
// everything that was dispatched and not started waits again.
func (d *dispatcher) checkEpoch(ctx context.Context) error {
	got, err := d.redis.Get(ctx, epochKey).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	if got != "" && got == d.epoch {
		return nil
	}
	known, err := d.store.Epoch(ctx)
	if err != nil {
		return err
	}
	if got != "" && got == known {
		d.epoch = got
		return nil
	}
	n, err := d.store.Redispatch(ctx, nil)
	if err != nil {
		return err
	}
	fresh := uuid.NewString()
	if err := d.store.SetEpoch(ctx, fresh); err != nil {
		return err
	}
	if err := d.redis.Set(ctx, epochKey, fresh, 0).Err(); err != nil {
		return err
	}
	d.queue.renewClient()
	d.epoch = fresh
	if known != "" {
		d.log.Warn("redis lost its data; what waited there is dispatched again", "tasks", n)
	}
	return nil
}

// findLost looks for tasks that were dispatched long ago and stand in no queue:
// a Redis that came back with older data lost some but not all.
func (d *dispatcher) findLost(ctx context.Context) {
	old, err := d.store.LostDispatches(ctx, lostAfter, lostAtOnce)
	if err != nil {
		d.log.Warn("lost dispatches could not be looked for", "error", err)
		return
	}
	var lost []tasks.Dispatch
	for _, o := range old {
		queued, err := d.queued(o)
		if err != nil {
			return // Redis does not answer: nothing is known
		}
		if !queued {
			lost = append(lost, o)
		}
	}
	if len(lost) == 0 {
		return
	}
	n, err := d.store.Redispatch(ctx, lost)
	if err != nil {
		d.log.Warn("lost dispatches could not be sent again", "error", err)
		return
	}
	d.log.Warn("dispatched tasks were missing in redis; they are dispatched again", "tasks", n)
	d.queue.Nudge()
}

// queued reports whether the queue still brings this passage to a worker.
func (d *dispatcher) queued(o tasks.Dispatch) (bool, error) {
	info, err := d.inspect.GetTaskInfo(o.Priority.String(), taskID(o))
	switch {
	case errors.Is(err, asynq.ErrTaskNotFound), errors.Is(err, asynq.ErrQueueNotFound), err != nil && strings.Contains(err.Error(), "not found"):
		return false, nil
	case err != nil:
		return false, err
	}
	// One that is active was taken by a worker that never started it: that
	// worker died in between, or its delivery is on its way back.
	return info.State == asynq.TaskStatePending || info.State == asynq.TaskStateScheduled || info.State == asynq.TaskStateRetry && time.Until(info.NextProcessAt) < lostAfter, nil
}
