package zerotouch

import (
	"context"

	"asapi/tasks"
)

// Find finds a batch by its task's number: tasks.CodeNotFound where the caller sees
// none with it. The token must allow an action of the service.
func (b *Batches) Find(ctx context.Context, c tasks.Caller, number int64) (tasks.Task, error) {
	if err := enter(c, PartnerOf(c.Client.ID), anyAction); err != nil {
		return tasks.Task{}, err
	}
	t, err := b.desk.TaskByNumber(ctx, c, number)
	if tasks.CodeOf(err) == tasks.CodeNotFound || err == nil && !IsBatch(&t) {
		return t, &tasks.Error{Code: tasks.CodeNotFound, Field: "name", Message: "There is no operation with this name.", Err: err}
	}
	return t, err
}
