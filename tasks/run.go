package tasks

import (
	"context"
	"io"
	"iter"
	"log/slog"
)

// Run is what an action's function works with: one attempt at one task. Its
// methods are for one goroutine.
type Run struct {
	Task Task
	Args Args
	Log  *slog.Logger

	journal  Journal
	blobs    Blobs
	result   *ResultWriter
	items    Tally
	progress int
	pace     pace
	crowded  func() bool
}

// Journal is where a run's progress and items are kept.
type Journal interface {
	SaveProgress(ctx context.Context, run Fence, progress int, items Tally) error
	RecordItems(ctx context.Context, run Fence, items []Item) error
	Items(ctx context.Context, id ID) iter.Seq2[Item, error]
	Recorded(ctx context.Context, id ID) (Tally, int64, error)
	// KeepNotes keeps notes of a run, in one fenced transaction.
	KeepNotes(ctx context.Context, run Fence, notes Notes) error
	// KeptNotes gives those of the named notes of a task that were kept.
	KeptNotes(ctx context.Context, id ID, names []string) (Notes, error)
}

// NewRun makes the run of an assignment.
func NewRun(t Task, args Args, journal Journal, blobs Blobs, log *slog.Logger) *Run {
	return &Run{Task: t, Args: args, Log: log, journal: journal, blobs: blobs, result: NewResultWriter(blobs)}
}

// Among tells the run how to find out whether all places of its worker are taken.
func (r *Run) Among(crowded func() bool) { r.crowded = crowded }

// Crowded reports whether others may be waiting for the place that this run has: one
// that mostly waits itself gives it back then, with Later.
func (r *Run) Crowded() bool { return r.crowded != nil && r.crowded() }

// Fence names this run, for stores that write in their own transactions.
func (r *Run) Fence() Fence { return Fence{r.Task.ID, r.Task.Attempt} }

// Resume gives the index of the first item that no earlier attempt recorded,
// and takes over the counts of the recorded ones.
func (r *Run) Resume(ctx context.Context) (int64, error) {
	total := r.items.Total
	items, next, err := r.journal.Recorded(ctx, r.Task.ID)
	if err != nil {
		return 0, err
	}
	r.items = items
	r.items.Total = total
	return next, nil
}

// Items reads the items that earlier attempts, and this one, recorded.
func (r *Run) Items(ctx context.Context) iter.Seq2[Item, error] {
	return r.journal.Items(ctx, r.Task.ID)
}

// Expect tells how many items the input has.
func (r *Run) Expect(total int64) { r.items.Total = total }

// Progress tells how far the work came; a total of 0 is unknown. It is kept and
// told at most five times a second; what comes in between is a moment later, so
// that the last state is never lost.
func (r *Run) Progress(ctx context.Context, done, total int64) error {
	if total > 0 {
		r.progress = int(min(max(done, 0)*100/total, 100))
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	progress, items := r.progress, r.items
	save := func() error { return r.journal.SaveProgress(ctx, r.Fence(), progress, items) }
	if r.pace.later(func() {
		// What went wrong shows at the run's next step.
		_ = save()
	}) {
		return nil
	}
	return save()
}

// Settle ends the saving of progress: the work is over, what follows is its ending.
func (r *Run) Settle() { r.pace.end() }

// Record keeps items with their outcomes in a transaction of its own and counts
// them; a later attempt resumes after them.
func (r *Run) Record(ctx context.Context, items ...Item) error {
	if err := r.journal.RecordItems(ctx, r.Fence(), items); err != nil {
		return err
	}
	return r.Recorded(ctx, items...)
}

// Recorded counts items that a store recorded in its own transaction.
func (r *Run) Recorded(ctx context.Context, items ...Item) error {
	for _, item := range items {
		r.items.Add(item.Outcome)
	}
	return r.Progress(ctx, r.items.Done(), r.items.Total)
}

// Counted counts n more items of an outcome that nobody recorded: a later attempt
// begins anew.
func (r *Run) Counted(ctx context.Context, o Outcome, n int64) error {
	r.Count(o, n)
	return r.Progress(ctx, r.items.Done(), r.items.Total)
}

// Count is Counted by a run that tells for itself how far it is.
func (r *Run) Count(o Outcome, n int64) { r.items.AddN(o, n) }

// Tally gives the counts so far.
func (r *Run) Tally() (progress int, items Tally) { return r.progress, r.items }

// Output describes the result and gives the writer for its bytes. They stream
// to the blob store once they are more than InlineLimit.
func (r *Run) Output(contentType, filename string) io.Writer {
	r.result.ContentType, r.result.Filename = contentType, filename
	return r.result
}

// Result gives the writer with all that was written; the worker closes it.
func (r *Run) Result() *ResultWriter { return r.result }
