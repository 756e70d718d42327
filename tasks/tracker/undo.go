package tracker

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"asapi/tasks"
)

// undoBatch is how many trackers are put back in one transaction.
const undoBatch = 500

type undoParams struct {
	Task string `param:"task_id" name:"Task" doc:"The task of the import whose changes are to be put back: one of this account, also where it was of an audience."`
}

// Check implements tasks.Checker.
func (p undoParams) Check() tasks.Faults {
	if _, err := tasks.ParseID(p.Task); err != nil {
		return tasks.Faults{{Code: tasks.CodeInvalidParameter, Field: "task_id", Message: "task_id must be the id of a task, such as 0198c0de-0000-7000-8000-000000000000."}}
	}
	return nil
}

func (s *service) undoAction() tasks.Action {
	return tasks.NewAction(tasks.Action{
		Slug: "undo-import", Name: "Undo Import",
		Description: "Puts back what one import of the account changed; of an audience's import also what reached its members. Trackers that were changed since are left as they are, and reported.",
	}, s.undoImport)
}

func (s *service) undoImport(ctx context.Context, run *tasks.Run, p undoParams) error {
	task, err := tasks.ParseID(p.Task)
	if err != nil {
		return err
	}
	account := tasks.Account{Client: run.Task.Client, Service: run.Task.Service, Username: run.Task.Account}
	owner, err := s.store.Changed(ctx, account, task)
	if err != nil {
		return err
	}
	total, err := s.store.Recall(ctx, run.Fence(), owner, task)
	if err != nil {
		return err
	}
	run.Expect(total)
	at, err := undoing(ctx, run, task)
	if err != nil {
		return err
	}
	for {
		var items []tasks.Item
		items, at, err = s.store.PutBack(ctx, run.Fence(), owner, at, Trace.judge)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return run.Report(ctx, map[string]any{"import": task.String()})
		}
		if err := run.Recorded(ctx, items...); err != nil {
			return err
		}
	}
}

// Undoing is how far the undoing of an import came.
type Undoing struct {
	Import tasks.ID
	Index  int64 // of the next item
	Below  int64 // all changes from this number of the journal on were looked at
	Limit  int   // how many changes are taken at once, at most
}

// putBack names the note of the place that an undoing reached.
const putBack = "put-back"

// Note keeps the place for the attempts after this one.
func (u Undoing) Note() tasks.Notes { return tasks.Notes{putBack: strconv.FormatInt(u.Below, 10)} }

// undoing gives the place that the attempts before this one reached.
func undoing(ctx context.Context, run *tasks.Run, of tasks.ID) (Undoing, error) {
	at := Undoing{Import: of, Below: math.MaxInt64, Limit: undoBatch}
	var err error
	if at.Index, err = run.Resume(ctx); err != nil {
		return at, err
	}
	kept, err := run.Noted(ctx, putBack)
	if err != nil || kept[putBack] == "" {
		return at, err
	}
	if at.Below, err = strconv.ParseInt(kept[putBack], 10, 64); err != nil {
		return at, fmt.Errorf("decode how far an undoing came: %w", err)
	}
	return at, nil
}

// Trace is what is known about a tracker that an import changed.
type Trace struct {
	Index    int64  // of the item of the undoing
	Name     string // of the tracker
	Resource string // of its work
	Member   string // whose tracker it is, where an audience's import reached it
	Made     bool   // the import made the tracker
	Undone   bool   // this change was put back before
	Gone     bool   // the tracker is not there any more
	Touched  bool   // the tracker is not as the import left it
}

// judge decides whether the change is put back: what was changed since the
// import is never lost.
func (t Trace) judge() (item tasks.Item, putBack bool) {
	item = tasks.Item{Index: t.Index, Key: t.Resource, Outcome: tasks.Unchanged}
	item.Refs = map[string]string{}
	if t.Member != "" {
		item.Refs["member"] = t.Member
	}
	if !t.Gone && (!t.Made || t.Touched) {
		item.Refs["tracker"] = t.Name
	}
	switch {
	case t.Undone:
		item.Reason = "It was put back before."
	case t.Gone && t.Made:
		item.Reason = "The tracker that the import made is not there any more."
	case t.Gone:
		item.Outcome, item.Reason = tasks.Skipped, "The tracker was deleted since, or became part of another one."
	case t.Touched && t.Made:
		item.Outcome, item.Reason = tasks.Skipped, "The import made this tracker, and it was changed since; it is kept as it is."
	case t.Touched:
		item.Outcome, item.Reason = tasks.Skipped, "The tracker was changed since the import; it is kept as it is."
	case t.Made:
		item.Outcome, item.Reason = tasks.Updated, "The tracker that the import made was deleted."
		return item, true
	default:
		item.Outcome, item.Reason = tasks.Updated, "Put back to what it was before the import."
		return item, true
	}
	return item, false
}
