package tracker

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"iter"
	"strings"

	"asapi/tasks"
)

type exportParams struct {
	Provider   string `param:"provider" optional:"true" doc:"For which provider the list is made. Not given: all that is kept of the account's trackers, as neutral JSON."`
	Kind       string `param:"kind" optional:"true" doc:"Which list. Not given, where the account has several: a ZIP archive with a file for each."`
	Format     string `param:"format" optional:"true" doc:"The form of the file. Not given: the provider's usual one, which it and this service can import again. json: the neutral form, which loses nothing."`
	Activities bool   `param:"activities" optional:"true" doc:"true: with all activities; of the neutral form only."`
	DryRun     bool   `param:"dry_run" optional:"true" doc:"true: no file is made; the result is a report that says, tracker by tracker, what would be in it and what is left out, and why."`
	Audience   string `param:"audience" optional:"true" doc:"The id of an audience whose trackers are taken, instead of the account's."`
}

func (s *service) exportAction() tasks.Action {
	return tasks.NewAction(tasks.Action{
		Slug: ExportFile, Name: "Export Trackers",
		Description: "Makes a list file for a provider from the trackers of the account. Values that came from the provider go back as they came, but for what changed since.",
	}, s.exportTrackers).Allow("provider", s.providers()...).Allow("kind", s.kinds()...).Allow("format", s.forms()...)
}

// Check implements tasks.Checker.
func (p exportParams) Check() tasks.Faults {
	switch {
	case p.Provider == "" && p.Format != "" && p.Format != neutral.Name:
		return tasks.Faults{{Code: tasks.CodeMissing, Field: "provider", Message: "Say for which provider the list is made; without one only format=json can be made."}}
	case p.Activities && p.Provider != "" && p.Format != neutral.Name:
		return tasks.Faults{{Code: tasks.CodeInvalidParameter, Field: "activities", Message: "Only the neutral form (format=json) has activities."}}
	case p.DryRun && (p.Provider == "" || p.Format == neutral.Name):
		return tasks.Faults{{Code: tasks.CodeInvalidParameter, Field: "dry_run", Message: "The neutral form leaves nothing out, so there is nothing to report; say for which provider the list is to be made."}}
	}
	return nil
}

func (s *service) exportTrackers(ctx context.Context, run *tasks.Run, p exportParams) error {
	owner, err := s.ownerThere(ctx, run, p.Audience)
	if err != nil {
		return err
	}
	if p.Provider == "" || p.Format == neutral.Name {
		return s.exportNeutral(ctx, run, owner, p)
	}
	format, err := s.format(Provider(p.Provider))
	if err != nil {
		return err
	}
	form, err := formOf(format, p.Format)
	if err != nil {
		return err
	}
	kinds, all, err := s.kindsOf(ctx, owner, format, Kind(p.Kind))
	if err != nil {
		return err
	}
	if p.DryRun {
		if len(kinds) > 1 {
			return &tasks.Error{Code: tasks.CodeMissing, Field: "kind", Message: owner.this() + " has several lists; say of which one the report is with " + kindsText(kinds) + "."}
		}
		return s.exportReport(ctx, run, owner, format, kinds[0])
	}
	if len(kinds) > 1 {
		return s.exportArchive(ctx, run, owner, format, form, kinds, &written{of: all})
	}
	return s.exportList(ctx, run, owner, format, form, kinds[0], &written{of: all}, func(name string) (io.Writer, error) {
		return run.Output(form.ContentType, name), nil
	})
}

// written counts the entries that an export has written, of all its lists.
type written struct{ n, of int64 }

// exportList writes one list to where its name leads.
func (s *service) exportList(ctx context.Context, run *tasks.Run, owner Owner, format Format, form Form, kind Kind, done *written, to func(name string) (io.Writer, error)) error {
	left, err := s.countLeftOut(ctx, run, owner, format, kind)
	if err != nil {
		return err
	}
	return s.store.List(ctx, owner, format.Provider(), kind, func(lines iter.Seq2[Listed, error]) error {
		list := List{Kind: kind, User: owner.label(), Counts: make(map[Status]int64)}
		current := progressing(ctx, run, format, lines)
		for line, err := range current(&written{}) {
			if err != nil {
				return err
			}
			list.Counts[line.Entry.Status]++
		}
		_, before := run.Tally()
		run.Expect(before.Total + list.Total() + left)
		w, err := to(list.Name() + form.Extension)
		if err != nil {
			return err
		}
		if err := form.Write(w, list, entriesOf(current(done))); err != nil {
			return err
		}
		run.Count(tasks.Unchanged, list.Total()) // not line by line: some forms read them twice
		return nil
	})
}

// exportArchive writes several lists as a ZIP archive with a file for each.
func (s *service) exportArchive(ctx context.Context, run *tasks.Run, owner Owner, format Format, form Form, kinds []Kind, done *written) error {
	archive := zip.NewWriter(run.Output("application/zip", string(format.Provider())+".zip"))
	for _, kind := range kinds {
		if err := s.exportList(ctx, run, owner, format, form, kind, done, archive.Create); err != nil {
			return err
		}
	}
	return archive.Close()
}

// neutral is the form that is no provider's.
var neutral = Form{Name: "json"}

// formOf finds the form of the file.
func formOf(f Format, name string) (Form, error) {
	forms := f.Forms()
	if name == "" {
		return forms[0], nil
	}
	known := make([]string, 0, len(forms)+1)
	for _, form := range append(forms, neutral) {
		if form.Name == name {
			return form, nil
		}
		known = append(known, form.Name)
	}
	return Form{}, &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "format", Message: f.Title() + " has no such form; say one of " + strings.Join(known, ", ") + "."}
}

// kindsOf decides which lists are exported: the one that was asked for, else all
// that have entries; all is how many entries these have.
func (s *service) kindsOf(ctx context.Context, owner Owner, f Format, asked Kind) (found []Kind, all int64, err error) {
	kinds := f.Kinds()
	if asked != "" {
		kinds = []Kind{asked}
	}
	for _, k := range kinds {
		n, err := s.store.CountListed(ctx, owner, f.Provider(), k)
		if err != nil {
			return nil, 0, err
		}
		if all += n; n > 0 {
			found = append(found, k)
		}
	}
	switch {
	case len(found) > 0:
		return found, all, nil
	case asked != "":
		return nil, 0, tasks.Permanent(tasks.CodeNotFound, fmt.Sprintf("%s has no %s entries that %s could take.", owner.this(), asked, f.Title()))
	}
	return nil, 0, tasks.Permanent(tasks.CodeNotFound, fmt.Sprintf("%s has no entries that %s could take.", owner.this(), f.Title()))
}

func kindsText(kinds []Kind) string {
	say := make([]string, len(kinds))
	for i, k := range kinds {
		say[i] = "kind=" + string(k)
	}
	return strings.Join(say, " or ")
}

// progressing gives the lines with their entries as they are to be written
// back, counts them in done and tells the run how far it is.
func progressing(ctx context.Context, run *tasks.Run, f Format, lines iter.Seq2[Listed, error]) func(*written) iter.Seq2[Listed, error] {
	return func(done *written) iter.Seq2[Listed, error] {
		return func(yield func(Listed, error) bool) {
			for line, err := range lines {
				if done.n++; err == nil && done.n%100 == 0 {
					err = run.Progress(ctx, done.n, done.of)
				}
				if err == nil {
					line.Entry = currentOf(f, &line)
				}
				if !yield(line, err) {
					return
				}
			}
		}
	}
}

// currentOf gives a line's entry as it is to be written. What another provider
// says of a work that this one does not have is carried over, as far as lists of
// different providers share it.
func currentOf(f Format, line *Listed) Entry {
	if !line.Bare {
		return Current(f, line.Entry, &line.Tracker)
	}
	facts := line.Entry.Facts
	if facts.Status == "" {
		facts = Facts{Status: statusOf(&line.Tracker)}
	}
	if facts.Title == "" {
		facts.Title = line.Work.Title
	}
	if facts.Total == 0 {
		facts.Total = line.Work.Regular
	}
	if line.Tracker.Singles != "" && facts.Seen == "" && !facts.Repeating {
		facts.Seen = UpTo(max(facts.Progress, line.Tracker.FirstDone)).Union(line.Tracker.Singles)
	}
	return Current(f, f.Blank(line.Key.Kind, line.Key.NativeID, facts), &line.Tracker)
}

func entriesOf(lines iter.Seq2[Listed, error]) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for line, err := range lines {
			if !yield(line.Entry, err) {
				return
			}
		}
	}
}
