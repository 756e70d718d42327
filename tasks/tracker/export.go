package tracker

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"asapi/tasks"
)

type exportParams struct {
	Provider   string `param:"provider" optional:"true" doc:"For which provider the list is made. Not given: all that is kept of the account's trackers, as neutral JSON."`
	Kind       string `param:"kind" optional:"true" doc:"Which list; needed only when the account has several."`
	Format     string `param:"format" optional:"true" doc:"The form of the file. Not given: the provider's usual one, which it and this service can import again. json: the neutral form, which loses nothing."`
	Activities bool   `param:"activities" optional:"true" doc:"true: with all activities; of the neutral form only."`
	DryRun     bool   `param:"dry_run" optional:"true" doc:"true: no file is made; the result is a report that says, tracker by tracker, what would be in it and what is left out, and why."`
}

func (s *service) exportAction() tasks.Action {
	return tasks.NewAction(tasks.Action{
		Slug: "export-trackers", Name: "Export Trackers",
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
	if p.Provider == "" || p.Format == neutral.Name {
		return s.exportNeutral(ctx, run, p)
	}
	format, err := s.format(Provider(p.Provider))
	if err != nil {
		return err
	}
	form, err := formOf(format, p.Format)
	if err != nil {
		return err
	}
	owner := ownerOf(run)
	kind, err := s.kindOf(ctx, owner, format, Kind(p.Kind))
	if err != nil {
		return err
	}
	if p.DryRun {
		return s.exportReport(ctx, run, owner, format, kind)
	}
	left, err := s.countLeftOut(ctx, run, owner, format, kind)
	if err != nil {
		return err
	}
	return s.store.List(ctx, owner, format.Provider(), kind, func(lines iter.Seq2[Listed, error]) error {
		list := List{Kind: kind, User: run.Task.Account, Counts: make(map[Status]int64)}
		current := progressing(ctx, run, format, lines)
		for line, err := range current(nil) {
			if err != nil {
				return err
			}
			list.Counts[line.Entry.Status]++
		}
		run.Expect(list.Total() + left)
		w := run.Output(form.ContentType, list.Name()+form.Extension)
		return form.Write(w, list, entriesOf(current(&list)))
	})
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

// kindOf decides which list is exported.
func (s *service) kindOf(ctx context.Context, owner Owner, f Format, asked Kind) (Kind, error) {
	kinds := f.Kinds()
	if asked != "" {
		kinds = []Kind{asked}
	}
	var found []Kind
	for _, k := range kinds {
		n, err := s.store.CountListed(ctx, owner, f.Provider(), k)
		if err != nil {
			return "", err
		}
		if n > 0 {
			found = append(found, k)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", &tasks.Error{Code: tasks.CodeMissing, Field: "kind", Message: "This account has several lists; say which one with " + kindsText(found) + "."}
	case asked != "":
		return "", tasks.Permanent(tasks.CodeNotFound, fmt.Sprintf("This account has no %s entries that %s could take.", asked, f.Title()))
	}
	return "", tasks.Permanent(tasks.CodeNotFound, fmt.Sprintf("This account has no entries that %s could take.", f.Title()))
}

func kindsText(kinds []Kind) string {
	say := make([]string, len(kinds))
	for i, k := range kinds {
		say[i] = "kind=" + string(k)
	}
	return strings.Join(say, " or ")
}

// progressing gives the lines with their entries as they are to be written
// back; with a list, it also tells the run how far the writing is.
func progressing(ctx context.Context, run *tasks.Run, f Format, lines iter.Seq2[Listed, error]) func(*List) iter.Seq2[Listed, error] {
	return func(list *List) iter.Seq2[Listed, error] {
		return func(yield func(Listed, error) bool) {
			var n int64
			for line, err := range lines {
				if n++; err == nil && n%100 == 0 {
					err = step(ctx, run, n, list)
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

func step(ctx context.Context, run *tasks.Run, n int64, list *List) error {
	if list == nil {
		return context.Cause(ctx)
	}
	return run.Progress(ctx, n, list.Total())
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
