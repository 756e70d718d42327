package tracker

import (
	"context"
	"iter"

	"asapi/tasks"
)

// countLeftOut counts the trackers that the provider cannot take as skipped
// items of the run, which the task's status tells.
func (s *service) countLeftOut(ctx context.Context, run *tasks.Run, owner Owner, f Format, k Kind) (n int64, err error) {
	err = s.store.LeftOut(ctx, owner, f.Provider(), k, func(Tracker, string) error {
		n++
		run.Count(tasks.Skipped, 1)
		return nil
	})
	return n, err
}

// exportReport says what an export would hold and what it leaves out.
func (s *service) exportReport(ctx context.Context, run *tasks.Run, owner Owner, f Format, k Kind) error {
	next, err := run.Resume(ctx)
	if err != nil {
		return err
	}
	// All is read before anything is recorded: SQLite has one writer, and what
	// is read here may be long.
	var items []tasks.Item
	add := func(item tasks.Item, t Tracker) {
		item.Index, item.Refs = int64(len(items)), map[string]string{"tracker": t.Name()}
		items = append(items, item)
	}
	err = s.store.List(ctx, owner, f.Provider(), k, func(lines iter.Seq2[Listed, error]) error {
		for line, err := range lines {
			if err != nil {
				return err
			}
			add(tasks.Item{Key: line.Key.String(), Outcome: tasks.Unchanged}, line.Tracker)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = s.store.LeftOut(ctx, owner, f.Provider(), k, func(t Tracker, reason string) error {
		add(tasks.Item{Key: t.Resource, Outcome: tasks.Skipped, Reason: reason}, t)
		return nil
	})
	if err != nil {
		return err
	}
	run.Expect(int64(len(items)))
	for at := min(next, int64(len(items))); at < int64(len(items)); at += importBatch {
		if err := run.Record(ctx, items[at:min(at+importBatch, int64(len(items)))]...); err != nil {
			return err
		}
	}
	return run.Report(ctx, map[string]any{"dry_run": true})
}
