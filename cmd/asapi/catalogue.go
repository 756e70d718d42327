package main

import (
	"context"

	"asapi/store"
	"asapi/store/trackers"
	"asapi/tasks/tracker/xref"
)

type catalogueCmd struct {
	Load catalogueLoadCmd `cmd:"" help:"Load a file that says what works there are, and what parts they have."`
}

type catalogueLoadCmd struct {
	admin
	File   string `arg:"" help:"The file, plain or packed with gzip: JSON lines, or an anime-offline-database file."`
	Client string `required:"" help:"Client whose catalogue it is."`
}

// Run loads the file; rows that cannot be taken are told with their lines.
func (c *catalogueLoadCmd) Run(ctx context.Context, t *terminal) error {
	file, err := fileToRead(c.File)
	if err != nil {
		return err
	}
	return c.with(ctx, func(s *store.Store) error {
		client, err := s.ClientByName(ctx, c.Client)
		if err != nil {
			return err
		}
		bar := newProgressBar(t)
		report, err := xref.LoadCatalogue(ctx, trackers.New(s), client.ID, file, bar.rows)
		bar.done()
		if err != nil {
			return err
		}
		if !t.interactive() {
			return t.json(report)
		}
		if err := tellRefusals(t, report.Refusals); err != nil {
			return err
		}
		return t.printf("%d rows: %d taken, %d without a known id, %d refused.\n", report.Rows, report.Taken, report.Unknown, report.Refused)
	})
}

func tellRefusals(t *terminal, refusals []xref.Refusal) error {
	for _, refusal := range refusals {
		if err := t.printf("line %d: %s\n", refusal.Line, refusal.Reason); err != nil {
			return err
		}
	}
	return nil
}
