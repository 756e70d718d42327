package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"time"

	"asapi/tasks"
)

// run does one started task and brings its outcome into the store.
func (w *Worker) run(base context.Context, a tasks.Assignment) {
	log := w.cfg.Log.With("task", a.Task.ID, "attempt", a.Task.Attempt, "service", a.Task.Service, "action", a.Task.Action)
	ctx, cancel := context.WithCancelCause(base)
	defer cancel(nil)
	w.runs.add(a.Fence(), cancel)
	defer w.runs.remove(a.Fence())
	began := time.Now()
	w.cfg.Meter.Started(a.Task.Service, a.Task.Action, a.Task.StartedAt.Sub(a.Task.RunAt))
	w.cfg.Publisher.Publish(tasks.EventOf(&a.Task))

	r, err := w.perform(ctx, a, log)
	ending, ok := w.ending(ctx, a, r, err, log)
	if !ok {
		r.Result().Abort()
		return
	}
	w.finish(base, ending, began, log)
}

// perform does the action's work; a panic is an error like any other.
func (w *Worker) perform(ctx context.Context, a tasks.Assignment, log *slog.Logger) (r *tasks.Run, err error) {
	args := tasks.Args{Values: maps.Clone(a.Values), Files: map[string]tasks.File{}}
	if args.Values == nil {
		args.Values = map[string][]string{}
	}
	for _, in := range a.Inputs {
		args.Files[in.Parameter] = tasks.OpenInput(w.cfg.Blobs, in)
	}
	r = tasks.NewRun(a.Task, args, told{w.cfg.Store, w.cfg.Publisher, a.Task.Client}, w.cfg.Blobs, log)
	r.Among(func() bool { return w.runs.count() >= w.cfg.Concurrency })
	defer r.Settle()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the action panicked: %v\n%s", p, debug.Stack())
		}
	}()
	action, ok := w.cfg.Catalog.Find(a.Task.Service, a.Task.Action)
	if !ok {
		return r, errNoAction
	}
	if len(a.Sealed) > 0 {
		if err := w.unseal(a.Sealed, args); err != nil {
			return r, err
		}
	}
	ctx, stop := context.WithTimeoutCause(ctx, action.Timeout, errTimeout)
	defer stop()
	if !a.Task.Deadline.IsZero() {
		var stopDeadline context.CancelFunc
		ctx, stopDeadline = context.WithDeadlineCause(ctx, a.Task.Deadline, tasks.ErrDeadline)
		defer stopDeadline()
	}
	if err = action.Do(ctx, r, args); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return r, cause
		}
	}
	return r, err
}

var (
	errTimeout  = errors.New("the attempt took longer than its action allows")
	errNoAction = &tasks.Error{Code: tasks.CodeInvalidAction, Message: "This server does not know the task's action any more."}
)

func (w *Worker) unseal(sealed []byte, args tasks.Args) error {
	plain, err := w.cfg.Sealer.Open(sealed)
	if err != nil {
		return &tasks.Error{Code: tasks.CodeInternal, Message: "The secret parameters could not be decrypted.", Err: err}
	}
	var secrets map[string][]string
	if err := json.Unmarshal(plain, &secrets); err != nil {
		return fmt.Errorf("secret parameters: %w", err)
	}
	maps.Copy(args.Values, secrets)
	return nil
}

// ending decides how a run ends; not ok: it must not write anything.
func (w *Worker) ending(ctx context.Context, a tasks.Assignment, r *tasks.Run, err error, log *slog.Logger) (tasks.Ending, bool) {
	progress, items := r.Tally()
	e := tasks.Ending{Fence: a.Fence(), Progress: progress, Items: items}
	if err == nil {
		if err = w.publish(ctx, a, r, &e); err == nil {
			return e, true
		}
	}
	r.Result().Abort()
	later, waits := tasks.AsLater(err)
	switch final := finalError(err); {
	case errors.Is(err, tasks.ErrLeaseLost):
		log.Warn("the run lost its lease and stops")
		return e, false
	case errors.Is(err, tasks.ErrShuttingDown):
		e.State, e.Uncounted = tasks.Pending, true
	case errors.Is(err, tasks.ErrCancelled):
		e.State, e.ErrorCode, e.ErrorDetail = tasks.Cancelled, tasks.CodeCancelled, cancelledDetail(progress, items)
	case waits:
		e.State, e.Uncounted, e.RetryAt = tasks.Pending, true, later.Until
		e.ErrorCode, e.ErrorDetail = tasks.CodeRateLimited, later.Message
		log.Info("the run waits without its worker", "until", later.Until, "reason", later.Message)
	case final != nil:
		e.State, e.ErrorCode, e.ErrorDetail = tasks.Failed, final.Code, final.Message
	case a.Task.Tries < a.MaxAttempts:
		e.State, e.RetryAt = tasks.Pending, time.Now().Add(w.backoff(a))
		e.ErrorCode, e.ErrorDetail = tasks.CodeOf(err), "An attempt failed; the task will be tried again."
		log.Warn("an attempt failed; it will be tried again", "error", err)
	default:
		e.State, e.ErrorCode, e.ErrorDetail = lastFailure(err)
		log.Error("the last attempt failed", "error", err)
	}
	return e, true
}

func cancelledDetail(progress int, items tasks.Tally) string {
	if items.Done() > 0 {
		return fmt.Sprintf("The task was cancelled after %d of %d items.", items.Done(), max(items.Total, items.Done()))
	}
	return fmt.Sprintf("The task was cancelled at %d %%.", progress)
}

// finalError gives the error that no retry can mend; nil when one might.
func finalError(err error) *tasks.Error {
	var faults tasks.Faults
	if errors.As(err, &faults) && len(faults) > 0 {
		return faults[0]
	}
	var e *tasks.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code {
	case tasks.CodeUnavailable, tasks.CodeInternal, tasks.CodeRateLimited, tasks.CodeBusy:
		return nil
	}
	return e
}

// lastFailure tells what a user may know of an error that retries did not mend.
func lastFailure(err error) (tasks.State, tasks.Code, string) {
	if errors.Is(err, tasks.ErrPublish) {
		return tasks.PublishFailed, tasks.CodeUnavailable, "The work was done, but its result could not be stored."
	}
	if errors.Is(err, errTimeout) {
		return tasks.Failed, tasks.CodeDeadline, "Every attempt took longer than the action allows."
	}
	f := tasks.FaultsOf(err)[0]
	if f.Code == tasks.CodeInternal {
		return tasks.Failed, tasks.CodeInternal, "The work failed for a reason inside the server, as often as it was tried."
	}
	return tasks.Failed, f.Code, f.Message
}

func (w *Worker) backoff(a tasks.Assignment) time.Duration {
	action, ok := w.cfg.Catalog.Find(a.Task.Service, a.Task.Action)
	if !ok {
		return time.Minute
	}
	return action.Backoff(a.Task.Tries)
}

// publish makes the result durable and completes the ending with it.
func (w *Worker) publish(ctx context.Context, a tasks.Assignment, r *tasks.Run, e *tasks.Ending) error {
	if r.Result().Large() {
		if err := w.cfg.Store.Advance(ctx, a.Fence(), tasks.Publishing); err != nil {
			return err
		}
		w.cfg.Publisher.Publish(tasks.Event{Task: a.Task.ID, Client: a.Task.Client, State: tasks.Publishing, Progress: e.Progress})
	}
	result, err := r.Result().Commit()
	if err != nil {
		return err
	}
	e.State, e.Progress, e.Result = tasks.Published, 100, &result
	return nil
}

// finishTries bounds how long the end of a run waits for the database; after
// that its lease is over anyway and the task runs again.
const finishTries = 60 * time.Second

// finish writes the ending, again while the database does not answer.
func (w *Worker) finish(ctx context.Context, e tasks.Ending, began time.Time, log *slog.Logger) {
	ctx, stop := context.WithTimeout(ctx, finishTries)
	defer stop()
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		t, err := w.cfg.Store.Finish(ctx, e)
		switch {
		case err == nil:
			w.ended(t, began)
			return
		case errors.Is(err, tasks.ErrCancelled):
			w.dropResult(ctx, e, log)
			e.State, e.ErrorCode, e.ErrorDetail, e.Result = tasks.Cancelled, tasks.CodeCancelled, cancelledDetail(e.Progress, e.Items), nil
			continue
		case errors.Is(err, tasks.ErrLeaseLost):
			log.Warn("the run ended after it had lost its lease; its outcome does not count")
			w.dropResult(ctx, e, log)
			return
		case tasks.CodeOf(err) == tasks.CodeInvalid && e.Result != nil:
			log.Error("the outcome cannot be stored", "error", err)
			w.dropResult(ctx, e, log)
			e.State, e.ErrorCode, e.ErrorDetail, e.Result = tasks.Failed, tasks.CodeInternal, "The task's outcome could not be stored.", nil
			continue
		}
		log.Warn("the end of a task could not be written; trying again", "error", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// dropResult deletes the blob of a result that nobody will get.
func (w *Worker) dropResult(ctx context.Context, e tasks.Ending, log *slog.Logger) {
	if e.Result == nil || e.Result.Blob == "" {
		return
	}
	if err := w.cfg.Blobs.Delete(ctx, e.Result.Blob); err != nil {
		log.Warn("a result that is not needed was not deleted; the sweep will find it", "error", err)
	}
}

// ended tells watchers and meters.
func (w *Worker) ended(t tasks.Task, began time.Time) {
	w.finished.Add(1)
	w.cfg.Publisher.Publish(tasks.EventOf(&t))
	w.cfg.Meter.Ended(t.Service, t.Action, t.State, time.Since(began))
	if !t.State.Ended() {
		w.cfg.Queue.Nudge()
	}
}
