package tracker

import (
	"context"
	"io"

	"asapi/tasks"
)

// importBatch is how many entries share a transaction.
const importBatch = 500

// mode is how an import treats what is there already.
type mode string

const (
	merging     mode = "merge"
	overwriting mode = "overwrite"
	newOnly     mode = "new-only"
)

type importParams struct {
	Provider string     `param:"provider" optional:"true" doc:"Whose list file it is. Not given: it is recognised from the content."`
	File     tasks.File `param:"file" doc:"The list file as the provider exports it, plain or packed with gzip."`
	Mode     string     `param:"mode" enum:"merge,overwrite,new-only" default:"merge" optional:"true" doc:"merge: progress is never lowered, a date or a score never cleared. overwrite: what the file says stands, also when it is less; what the file does not have is left alone. new-only: works that have a tracker already are left alone."`
	DryRun   bool       `param:"dry_run" optional:"true" doc:"true: nothing is changed; the report says what would be."`
}

func (s *service) importAction() tasks.Action {
	return tasks.NewAction(tasks.Action{
		Slug: "import-trackers", Name: "Import Trackers",
		Description: "Takes over a list file of a provider. By default it merges: progress is never lowered, a date or a score is never cleared. Each entry gets an outcome of its own; a file that cannot be read to its end changes nothing.",
	}, s.importTrackers).Allow("provider", s.providers()...)
}

func (s *service) importTrackers(ctx context.Context, run *tasks.Run, p importParams) error {
	provider, err := s.recognise(ctx, p.File, Provider(p.Provider))
	if err != nil {
		return err
	}
	format, err := s.format(provider)
	if err != nil {
		return err
	}
	next, err := run.Resume(ctx)
	if err != nil {
		return err
	}
	im := newImporter(s, run, format, p)
	total, err := checked(ctx, run, p.File, func(r io.Reader, each func() error) error {
		return format.Read(inputOf(ctx, p.File, r), func(row Row) error {
			im.expect(row)
			return each()
		})
	})
	if err != nil {
		return err
	}
	if total == 0 {
		return Unreadable("The list is empty: the file has no entries, so there is nothing to import.")
	}
	rows := &batch[importRow]{size: importBatch, next: next, apply: func(first int64, rows []importRow) error {
		return im.apply(ctx, first, rows)
	}}
	err = readFile(ctx, p.File, func(r io.Reader) error {
		return format.Read(inputOf(ctx, p.File, r), func(row Row) error { return rows.add(im.mark(row)) })
	})
	if err != nil {
		return err
	}
	if err := rows.flush(); err != nil {
		return err
	}
	return run.Report(ctx, p.told())
}

// told is what the report says of how it was imported, where that is unusual.
func (p importParams) told() map[string]any {
	if p.DryRun {
		return map[string]any{"dry_run": true}
	}
	return nil
}
