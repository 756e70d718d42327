package tracker

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"strings"
	"testing"

	"asapi/tasks"
)

// halfway is the journal of a task of which an earlier attempt recorded 900 items.
type halfway struct {
	progress []int
	total    int64
}

func (j *halfway) SaveProgress(_ context.Context, _ tasks.Fence, progress int, items tasks.Tally) error {
	j.progress, j.total = append(j.progress, progress), items.Total
	return nil
}

func (j *halfway) Recorded(context.Context, tasks.ID) (tasks.Tally, int64, error) {
	return tasks.Tally{Created: 900}, 900, nil
}

func (*halfway) RecordItems(context.Context, tasks.Fence, []tasks.Item) error { return nil }
func (*halfway) Items(context.Context, tasks.ID) iter.Seq2[tasks.Item, error] { return nil }
func (*halfway) KeepNotes(context.Context, tasks.Fence, tasks.Notes) error    { return nil }
func (*halfway) KeptNotes(context.Context, tasks.ID, []string) (tasks.Notes, error) {
	return tasks.Notes{}, nil
}

func TestABatchThatGoesOnIsAsFarAsItWasWhileItsFileIsReadThrough(t *testing.T) {
	ctx := t.Context()
	j := &halfway{}
	run := tasks.NewRun(tasks.Task{Progress: 50, Items: tasks.Tally{Total: 1800, Created: 900}}, tasks.Args{}, j, nil, slog.New(slog.DiscardHandler))
	defer run.Settle()
	if next, err := run.Resume(ctx); next != 900 || err != nil {
		t.Fatalf("it resumes at %d, %v", next, err)
	}
	file := tasks.NewFile("list", "", 1, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("-")), nil })
	total, err := checked(ctx, run, file, func(_ io.Reader, each func() error) error {
		for range 1000 {
			if err := each(); err != nil {
				return err
			}
		}
		if len(j.progress) != 1 || j.progress[0] != 50 || j.total != 1800 {
			t.Errorf("it tells %d%% of %d entries", j.progress, j.total)
		}
		return nil
	})
	if err != nil || total != 1000 {
		t.Errorf("the file has %d entries, %v", total, err)
	}
}
