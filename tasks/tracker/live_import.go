package tracker

import (
	"context"
	"encoding/json"
	"fmt"

	"asapi/tasks"
)

type importLiveParams struct {
	Provider string `param:"provider" doc:"From whose API the lists are taken."`
	Kind     string `param:"kind" optional:"true" doc:"Which list. Not given: all that the provider has."`
	Mode     string `param:"mode" enum:"merge,overwrite,new-only" default:"merge" optional:"true" doc:"As with import-trackers. merge: progress is never lowered, a date or a score never cleared."`
	DryRun   bool   `param:"dry_run" optional:"true" doc:"true: nothing is changed; the report says what would be."`
	liveAccess
}

func (s *service) importLiveAction() tasks.Action {
	return tasks.NewAction(tasks.Action{
		Slug: ImportLive, Name: "Import From Provider", Recurs: true,
		Description: "Takes over the account's lists from a provider's API, page by page. Each entry gets an outcome of its own. A run that was interrupted goes on after the last page that it took over.",
	}, s.importLive).Allow("provider", s.liveProviders()...).Allow("kind", s.liveKinds()...)
}

func (s *service) importLive(ctx context.Context, run *tasks.Run, p importLiveParams) error {
	return s.withLive(ctx, run, Provider(p.Provider), p.liveAccess, func(r *liveRun) error {
		kinds, err := r.kinds(Kind(p.Kind))
		if err != nil {
			return err
		}
		in, err := r.importing(ctx, p)
		if err != nil {
			return err
		}
		for _, kind := range kinds {
			if err := r.pages(ctx, kind, in.take); err != nil {
				return err
			}
		}
		return run.Report(ctx, importParams{DryRun: p.DryRun}.told())
	})
}

// kinds gives which lists are asked for.
func (r *liveRun) kinds(asked Kind) ([]Kind, error) {
	kinds := r.format.Kinds()
	if asked == "" {
		return kinds, nil
	}
	for _, k := range kinds {
		if k == asked {
			return []Kind{k}, nil
		}
	}
	return nil, &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "kind", Message: r.format.Title() + " has no such list; say " + kindsText(kinds) + ", or leave it out."}
}

// place is how far a list was read; it is kept as a note.
type place struct {
	Next string `json:"next,omitempty"`
	Done bool   `json:"done,omitempty"`
}

// pages reads a list from where an earlier attempt left it. take keeps a page's rows
// together with the note that they are kept.
func (r *liveRun) pages(ctx context.Context, kind Kind, take func(ctx context.Context, page LivePage, read tasks.Notes) error) error {
	name := "place:" + string(r.format.Provider()) + ":" + string(kind)
	kept, err := r.run.Noted(ctx, name)
	if err != nil {
		return err
	}
	var at place
	if kept[name] != "" {
		if err := json.Unmarshal([]byte(kept[name]), &at); err != nil {
			return fmt.Errorf("decode how far a list was read: %w", err)
		}
	}
	for !at.Done {
		if err := r.step(ctx); err != nil {
			return err
		}
		page, err := r.list.Page(ctx, kind, at.Next)
		if err != nil {
			return err
		}
		at = place{page.Next, page.Next == ""}
		note, err := json.Marshal(at)
		if err != nil {
			return fmt.Errorf("encode how far a list was read: %w", err)
		}
		if err := take(ctx, page, tasks.Notes{name: string(note)}); err != nil {
			return err
		}
	}
	return nil
}

// liveImport takes over the rows of a provider's pages.
type liveImport struct {
	*importer
	next int64               // index of the next item
	done map[string]struct{} // keys of the entries that have an item
}

func (r *liveRun) importing(ctx context.Context, p importLiveParams) (*liveImport, error) {
	in := &liveImport{importer: newImporter(r.service, r.run, r.owner, r.format, importParams{Mode: p.Mode, DryRun: p.DryRun}), done: map[string]struct{}{}}
	in.live = true
	var err error
	if in.next, err = r.run.Resume(ctx); err != nil || in.next == 0 {
		return in, err
	}
	for item, err := range r.run.Items(ctx) {
		if err != nil {
			return nil, err
		}
		in.done[itemName(item)] = struct{}{}
	}
	return in, nil
}

// itemName tells items apart: by their keys, and what cannot be taken, of which several
// may have no id, also by the reason.
func itemName(item tasks.Item) string {
	if item.Outcome == tasks.ItemFailed || item.Outcome == tasks.Skipped {
		return item.Key + "\n" + item.Reason
	}
	return item.Key
}

// take imports a page. An entry that a page before had, because the list moved on
// between the two, is taken once.
func (in *liveImport) take(ctx context.Context, page LivePage, read tasks.Notes) error {
	var rows []importRow
	for _, row := range page.Rows {
		fresh := in.mark(row)
		name := row.Key.String()
		if fresh.Fault != "" {
			name += "\n" + fresh.Fault
		}
		if _, again := in.done[name]; again || fresh.again {
			continue
		}
		rows = append(rows, fresh)
	}
	for first := true; first || len(rows) > 0; first = false {
		some := rows[:min(importBatch, len(rows))]
		if rows = rows[len(some):]; len(rows) == 0 {
			in.notes = read
		}
		if err := in.apply(ctx, in.next, some); err != nil {
			return err
		}
		in.notes = nil
		in.next += int64(len(some))
	}
	return nil
}
