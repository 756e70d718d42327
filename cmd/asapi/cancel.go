package main

import (
	"context"
	"fmt"
	"slices"

	"asapi/internal/client"
)

type cancelCmd struct {
	remote
	IDs []string `arg:"" name:"task-id" help:"Tasks to cancel."`
}

// Run cancels every task; those that had ended before are told and no fault.
func (cc *cancelCmd) Run(ctx context.Context, t *terminal) error {
	c, err := cc.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	unknown := 0
	for part := range slices.Chunk(cc.IDs, client.MaxIDs) {
		list, err := c.Cancel(ctx, part)
		if err != nil {
			return err
		}
		for i := range list {
			if !list[i].Found() {
				unknown++
			}
			if err := tellCancelled(t, &list[i]); err != nil {
				return err
			}
		}
	}
	if unknown > 0 {
		return fmt.Errorf("%d of %d tasks are not known to the server", unknown, len(cc.IDs))
	}
	return nil
}

// cancelLine is what a script sees of a cancelled task.
type cancelLine struct {
	TaskID          string `json:"task_id"`
	Success         bool   `json:"success"`
	Status          string `json:"status,omitempty"`
	Cancelled       bool   `json:"cancelled"`
	CancelRequested bool   `json:"cancel_requested"`
	Error           string `json:"error,omitempty"`
}

func tellCancelled(t *terminal, s *client.Status) error {
	switch {
	case !t.interactive():
		return t.json(cancelLine{s.TaskID, s.Success, s.Status, s.Cancelled, s.CancelRequested, s.Error})
	case !s.Found():
		return t.printf("%s  %s\n", s.TaskID, s.Error)
	case s.Cancelled:
		return t.printf("%s  cancelled\n", s.TaskID)
	case s.CancelRequested:
		return t.printf("%s  is being cancelled\n", s.TaskID)
	}
	return t.printf("%s  had ended: %s\n", s.TaskID, s.Status)
}
