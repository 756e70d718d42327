// Package example is a third service, as small as one can be: docs/adding-a-service.md
// goes through it. The product does not list it.
package example

import (
	"bufio"
	"context"
	"strings"

	"asapi/tasks"
)

// Service describes the service.
func Service() tasks.Service {
	return tasks.Service{Slug: "example", Name: "Example", Actions: []tasks.Action{
		tasks.NewAction(tasks.Action{
			Slug: "check-words", Name: "Check Words",
			Description: "Looks at each line of a text: one word is right, several are wrong.",
		}, checkWords),
	}}
}

type checkParams struct {
	Text    tasks.File `param:"text" doc:"The text, one word a line."`
	Longest int64      `param:"longest" optional:"true" default:"20" doc:"The longest word that is right."`
}

func checkWords(ctx context.Context, run *tasks.Run, p checkParams) error {
	next, err := run.Resume(ctx) // the first line that no earlier attempt settled
	if err != nil {
		return err
	}
	file, err := p.Text.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	lines := bufio.NewScanner(file)
	for index := int64(0); lines.Scan(); index++ {
		if index < next {
			continue
		}
		item := tasks.Item{Index: index, Key: lines.Text(), Outcome: tasks.Created}
		if words := strings.Fields(item.Key); len(words) != 1 || int64(len(item.Key)) > p.Longest {
			item.Outcome, item.Reason = tasks.ItemFailed, "The line is not one word that is short enough."
		}
		if err := run.Record(ctx, item); err != nil {
			return err
		}
	}
	if lines.Err() != nil {
		return tasks.Permanent(tasks.CodeUnsupportedFormat, "The text has a line that is too long.")
	}
	return run.Report(ctx, nil)
}
