package worker

import (
	"context"

	"asapi/tasks"
)

// told is a journal that also tells watchers how far its run came.
type told struct {
	tasks.Journal
	to     tasks.Publisher
	client tasks.ClientID
}

// SaveProgress implements tasks.Journal.
func (t told) SaveProgress(ctx context.Context, run tasks.Fence, progress int, items tasks.Tally) error {
	if err := t.Journal.SaveProgress(ctx, run, progress, items); err != nil {
		return err
	}
	t.to.Publish(tasks.Event{Task: run.Task, Client: t.client, State: tasks.Running, Progress: progress})
	return nil
}
