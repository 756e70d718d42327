package main

import (
	"context"
	"fmt"
	"slices"

	"asapi/internal/client"
)

type statusCmd struct {
	remote
	IDs []string `arg:"" name:"task-id" help:"Tasks to ask for."`
}

// Run tells what is known; asking for a task that is not there is an error.
func (s *statusCmd) Run(ctx context.Context, t *terminal) error {
	c, err := s.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	list, err := statusOf(ctx, c, s.IDs)
	if err != nil {
		return err
	}
	return tellStatus(t, list)
}

// statusOf asks in as many requests as the ids need.
func statusOf(ctx context.Context, c *client.Client, ids []string) ([]client.Status, error) {
	var all []client.Status
	for part := range slices.Chunk(ids, client.MaxIDs) {
		list, err := c.Status(ctx, part, 0)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// tellStatus prints a line a task and then fails if one was not found.
func tellStatus(t *terminal, list []client.Status) error {
	unknown := 0
	for i := range list {
		if !list[i].Found() {
			unknown++
		}
		if err := tellOne(t, &list[i]); err != nil {
			return err
		}
	}
	if unknown > 0 {
		return fmt.Errorf("%d of %d tasks are not known to the server", unknown, len(list))
	}
	return nil
}

func tellOne(t *terminal, s *client.Status) error {
	if !t.interactive() {
		return t.json(s)
	}
	if !s.Found() {
		return t.printf("%s  %s\n", s.TaskID, s.Error)
	}
	line := fmt.Sprintf("%s  %s  %d%%", s.TaskID, s.Status, s.Progress)
	if s.Items != nil && s.Items.Total > 0 {
		line += fmt.Sprintf("  %d of %d items, %d failed", s.Items.Succeeded+s.Items.Failed, s.Items.Total, s.Items.Failed)
	}
	if s.ErrorDetail != "" {
		line += "  " + s.ErrorDetail
	}
	return t.printf("%s\n", line)
}
