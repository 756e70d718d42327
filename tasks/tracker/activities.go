package tracker

import (
	"context"
	"errors"
	"fmt"
	"io"

	"asapi/tasks"
)

// activityBatch is how many activities share a transaction.
const activityBatch = 5000

type activitiesParams struct {
	Activities tasks.File `param:"activities" doc:"The activities: a JSON array, or one JSON object a line, also packed with gzip. Each has platform, resource, from, to (seconds or pages), start, end (RFC 3339), and optionally length (seconds or pages) or completed (true)."`
	Audience   string     `param:"audience" optional:"true" doc:"The id of an audience that did them together, instead of the account."`
}

func (s *service) activitiesAction() tasks.Action {
	return tasks.NewAction(tasks.Action{
		Slug: "process-activities", Name: "Process Activities",
		Description: "Takes over what was watched or read. Each activity is kept; one that reaches the end of its resource completes it in the tracker of its work, once, and a work of which all is completed becomes completed itself.",
	}, s.processActivities)
}

// deedRow is one activity of a file, or what is wrong with it.
type deedRow struct {
	Deed
	fault string
}

func (s *service) processActivities(ctx context.Context, run *tasks.Run, p activitiesParams) error {
	owner, err := ownerFor(run, p.Audience)
	if err != nil {
		return err
	}
	next, err := run.Resume(ctx)
	if err != nil {
		return err
	}
	total, err := checked(ctx, run, p.Activities, func(r io.Reader, each func() error) error {
		return scanActivities(r, func(string, []byte) error { return each() })
	})
	if err != nil {
		return err
	}
	if total == 0 {
		return Unreadable("There are no activities in the file.")
	}
	writing := &ahead[deedRow]{apply: func(first int64, rows []deedRow) error {
		return s.trackAll(ctx, run, owner, first, rows)
	}}
	rows := &batch[deedRow]{size: activityBatch, next: next, apply: writing.start}
	err = readFile(ctx, p.Activities, func(r io.Reader) error {
		return readActivities(r, func(d Deed, fault string) error { return rows.add(deedRow{d, fault}) })
	})
	if err == nil {
		err = rows.flush()
	}
	if err := errors.Join(err, writing.wait()); err != nil {
		return err
	}
	return run.Report(ctx, nil)
}

func (s *service) trackAll(ctx context.Context, run *tasks.Run, owner Owner, first int64, rows []deedRow) error {
	items, err := s.store.Change(ctx, run.Fence(), owner, wantOf(rows), func(h *Held) error {
		for i, row := range rows {
			if row.fault == "" {
				track(h, first+int64(i), row.Deed)
				continue
			}
			// What it names is not known to be a name; its place tells which it is.
			h.Settle(tasks.Item{Index: first + int64(i), Key: fmt.Sprintf("activity:%d", first+int64(i)+1), Outcome: tasks.ItemFailed, Reason: row.fault}, nil)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return run.Recorded(ctx, items...)
}

// wantOf lists what the activities concern, each once.
func wantOf(rows []deedRow) Want {
	var want Want
	works, parts := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		if row.fault != "" {
			continue
		}
		res, _ := ParseResource(row.Resource)
		if res.IsPart() && !parts[row.Resource] {
			parts[row.Resource] = true
			want.Parts = append(want.Parts, row.Resource)
		}
		if work := res.Work(); !res.AnyWork() && !works[work] {
			works[work] = true
			want.Works = append(want.Works, work)
		}
	}
	return want
}
