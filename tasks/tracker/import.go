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
	Provider string     `param:"provider" optional:"true" doc:"Whose list file it is; neutral: an export of this service. Not given: it is recognised from the content."`
	File     tasks.File `param:"file" doc:"The list file as the provider exports it, plain or packed with gzip."`
	Mode     string     `param:"mode" enum:"merge,overwrite,new-only" default:"merge" optional:"true" doc:"merge: progress is never lowered, a date or a score never cleared. overwrite: what the file says stands, also when it is less; what the file does not have is left alone. new-only: works that have a tracker already are left alone."`
	DryRun   bool       `param:"dry_run" optional:"true" doc:"true: nothing is changed; the report says what would be."`
	Audience string     `param:"audience" optional:"true" doc:"The id of an audience whose list it is, instead of the account's. What it newly consumed reaches its members."`
}

func (s *service) importAction() tasks.Action {
	return tasks.NewAction(tasks.Action{
		Slug: ImportFile, Name: "Import Trackers",
		Description: "Takes over a list file of a provider. By default it merges: progress is never lowered, a date or a score is never cleared. Each entry gets an outcome of its own; a file that cannot be read to its end changes nothing.",
	}, s.importTrackers).Allow("provider", append(s.providers(), Neutral)...)
}

func (s *service) importTrackers(ctx context.Context, run *tasks.Run, p importParams) error {
	owner, err := s.ownerThere(ctx, run, p.Audience)
	if err != nil {
		return err
	}
	provider, err := s.recognise(ctx, p.File, Provider(p.Provider))
	if err != nil {
		return err
	}
	if provider == Neutral {
		r, err := newRestorer(ctx, s, run, owner, p)
		if err != nil {
			return err
		}
		return importFile(ctx, run, p, source[neutralRow, neutralRow]{
			read:   func(in Input, row func(neutralRow) error) error { return readNeutral(in, row) },
			expect: func(neutralRow) {},
			mark:   func(row neutralRow) neutralRow { return row },
			weigh:  neutralRow.weight,
			apply:  r.apply,
		})
	}
	format, err := s.format(provider)
	if err != nil {
		return err
	}
	im := newImporter(s, run, owner, format, p)
	if err := importFile(ctx, run, p, source[Row, importRow]{read: format.Read, expect: im.expect, mark: im.mark, apply: im.apply}); err != nil || p.DryRun {
		return err
	}
	return s.keep(ctx, run, owner, provider, p.File)
}

// source reads a file's entries and takes them over.
type source[T, R any] struct {
	read   func(Input, func(T) error) error
	expect func(T)   // sees each entry before the first is taken
	mark   func(T) R // makes of each entry, in its turn, what is taken
	weigh  func(R) int
	apply  func(ctx context.Context, first int64, rows []R) error
}

// importFile reads the file through once, and takes its entries over when it
// could be read to its end.
func importFile[T, R any](ctx context.Context, run *tasks.Run, p importParams, from source[T, R]) error {
	next, err := run.Resume(ctx)
	if err != nil {
		return err
	}
	total, err := checked(ctx, run, p.File, func(r io.Reader, each func() error) error {
		return from.read(inputOf(ctx, p.File, r), func(entry T) error {
			from.expect(entry)
			return each()
		})
	})
	if err != nil {
		return err
	}
	if total == 0 {
		return Unreadable("The list is empty: the file has no entries, so there is nothing to import.")
	}
	rows := &batch[R]{size: importBatch, weigh: from.weigh, next: next, apply: func(first int64, rows []R) error {
		return from.apply(ctx, first, rows)
	}}
	err = readFile(ctx, p.File, func(r io.Reader) error {
		return from.read(inputOf(ctx, p.File, r), func(entry T) error { return rows.add(from.mark(entry)) })
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
