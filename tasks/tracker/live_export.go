package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"asapi/tasks"
)

type exportLiveParams struct {
	Provider string   `param:"provider" doc:"To whose API the lists are brought."`
	Kind     string   `param:"kind" optional:"true" doc:"Which list. Not given: all that the provider has."`
	DryRun   bool     `param:"dry_run" optional:"true" doc:"true: nothing is written; the report says, entry by entry, what would be."`
	Delete   []string `param:"delete" optional:"true" doc:"Entries to take off the list, by their keys, such as anilist:anime:21. Nothing else is ever deleted."`
	liveAccess
}

// Check implements tasks.Checker.
func (p exportLiveParams) Check() (faults tasks.Faults) {
	for _, name := range p.Delete {
		if _, ok := keyNamed(name, Provider(p.Provider)); !ok {
			faults = append(faults, &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "delete", Message: fmt.Sprintf("%q is no key of an entry; it must read like %s:anime:21.", tasks.Clip(name, 80), p.Provider)})
		}
	}
	return faults
}

// keyNamed reads the key of an entry of a provider, as items have it.
func keyNamed(name string, p Provider) (RecordKey, bool) {
	part := strings.SplitN(name, ":", 3)
	if len(part) != 3 || Provider(part[0]) != p || collectionsOf[Kind(part[1])] == nil || keyFault(part[2]) != "" {
		return RecordKey{}, false
	}
	return RecordKey{p, Kind(part[1]), part[2]}, true
}

func (s *service) exportLiveAction() tasks.Action {
	return tasks.NewAction(tasks.Action{
		Slug: ExportToLive, Name: "Export To Provider",
		Description: "Brings the account's trackers to its lists at a provider, through the provider's API. Only what changed is written, nothing is deleted that was not named, and each entry gets an outcome of its own. A run that was interrupted goes on after the last entry that it wrote.",
	}, s.exportLive).Allow("provider", s.liveProviders()...).Allow("kind", s.liveKinds()...)
}

func (s *service) exportLive(ctx context.Context, run *tasks.Run, p exportLiveParams) error {
	return s.withLive(ctx, run, Provider(p.Provider), p.liveAccess, func(r *liveRun) error {
		kinds, err := r.kinds(Kind(p.Kind))
		if err != nil {
			return err
		}
		if err := p.deletesOf(kinds); err != nil {
			return err
		}
		for _, kind := range kinds {
			if err := r.pages(ctx, kind, r.noteThere); err != nil {
				return err
			}
		}
		ex, err := r.exporting(ctx, p.DryRun)
		if err != nil {
			return err
		}
		if err := ex.plan(ctx, kinds, slices.Compact(slices.Sorted(slices.Values(p.Delete)))); err != nil {
			return err
		}
		if err := ex.work(ctx); err != nil {
			return err
		}
		return run.Report(ctx, importParams{DryRun: p.DryRun}.told())
	})
}

// there names the note of how an entry stood at the provider before the export.
func there(key string) string { return "there:" + key }

// noteThere keeps how the entries of a page stand at the provider.
func (r *liveRun) noteThere(ctx context.Context, page LivePage, read tasks.Notes) error {
	for _, row := range page.Rows {
		if row.Fault != "" {
			continue // what cannot be read is not written over: see plan
		}
		entry, err := json.Marshal(row.Entry)
		if err != nil {
			return fmt.Errorf("encode the entry %v: %w", row.Key, err)
		}
		read[there(row.Key.String())] = string(entry)
	}
	for _, row := range page.Rows {
		if name := there(row.Key.String()); row.Fault != "" && read[name] == "" {
			read[name] = "unreadable " + row.Fault
		}
	}
	return r.run.Note(ctx, read)
}

// deed is what an export has to do for one entry.
type deed struct {
	key    RecordKey
	name   string // the item's key
	want   Entry
	got    Entry  // as it stands there once the change is sent
	there  *Entry // how it stands at the provider; nil: it is not on the list
	change Change
	item   tasks.Item // the outcome, once the change is sent
	delete bool
}

// liveExport brings the entries of an account to its provider.
type liveExport struct {
	*liveRun
	dry   bool
	next  int64
	done  map[string]struct{} // items that earlier attempts recorded
	deeds []deed
	same  []tasks.Item // of what needs no request
	total int64
}

func (r *liveRun) exporting(ctx context.Context, dry bool) (*liveExport, error) {
	ex := &liveExport{liveRun: r, dry: dry, done: map[string]struct{}{}}
	var err error
	if ex.next, err = r.run.Resume(ctx); err != nil || ex.next == 0 {
		return ex, err
	}
	for item, err := range r.run.Items(ctx) {
		if err != nil {
			return nil, err
		}
		ex.done[item.Key] = struct{}{}
	}
	return ex, nil
}

// plan finds out what is to be done for every tracker.
func (ex *liveExport) plan(ctx context.Context, kinds []Kind, doomed []string) error {
	for some := range slices.Chunk(doomed, importBatch) {
		if err := ex.doom(ctx, some); err != nil {
			return err
		}
	}
	for _, kind := range kinds {
		lines, err := ex.lines(ctx, kind, doomed)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(lines, importBatch) {
			if err := ex.compare(ctx, kind, some); err != nil {
				return err
			}
		}
		err = ex.store.LeftOut(ctx, ex.owner, ex.format.Provider(), kind, func(t Tracker, reason string) error {
			ex.settle(tasks.Item{Key: t.Resource, Outcome: tasks.Skipped, Reason: reason, Refs: map[string]string{"tracker": t.Name()}})
			return nil
		})
		if err != nil {
			return err
		}
	}
	ex.run.Expect(ex.total)
	return nil
}

// settle plans an item that needs no request.
func (ex *liveExport) settle(item tasks.Item) {
	ex.total++
	if _, over := ex.done[item.Key]; !over {
		ex.same = append(ex.same, item)
	}
}

// lines gives the account's entries of a list that have no item yet. They are held in
// memory: the database must not wait for a provider.
func (ex *liveExport) lines(ctx context.Context, kind Kind, doomed []string) (lines []Listed, err error) {
	err = ex.store.List(ctx, ex.owner, ex.format.Provider(), kind, func(all iter.Seq2[Listed, error]) error {
		lines = nil
		for line, err := range all {
			if err != nil {
				return err
			}
			name := line.Key.String()
			if slices.Contains(doomed, name) {
				continue
			}
			if _, over := ex.done[name]; over {
				ex.total++
				continue
			}
			lines = append(lines, line)
		}
		return context.Cause(ctx)
	})
	return lines, err
}

// compare plans what some lines need.
func (ex *liveExport) compare(ctx context.Context, kind Kind, lines []Listed) error {
	names := make([]string, len(lines))
	for i := range lines {
		names[i] = there(lines[i].Key.String())
	}
	kept, err := ex.run.Noted(ctx, names...)
	if err != nil {
		return err
	}
	mute := mutesOf(ex.format, kind)
	for i := range lines {
		line := &lines[i]
		name := line.Key.String()
		item := tasks.Item{Key: name, Outcome: tasks.Created, Refs: map[string]string{"tracker": line.Tracker.Name()}}
		var stands *Entry
		if note := kept[names[i]]; note != "" {
			fault, unreadable := strings.CutPrefix(note, "unreadable ")
			if unreadable {
				item.Outcome, item.Reason = tasks.ItemFailed, "What stands at "+ex.format.Title()+" cannot be read, so it is not written over. "+fault
				ex.settle(item)
				continue
			}
			stands = new(Entry)
			if err := json.Unmarshal([]byte(note), stands); err != nil {
				return fmt.Errorf("decode the entry %s: %w", name, err)
			}
			item.Outcome = tasks.Updated
		}
		want, reason := wanted(ex.format, mute, line, currentOf(ex.format, line), stands)
		change := ex.live.Change(kind, want, stands)
		item.Reason = strings.Join(slices.DeleteFunc(append([]string{reason}, change.Left...), func(s string) bool { return s == "" }), " ")
		if change.Empty() {
			item.Outcome = tasks.Unchanged
			ex.settle(item)
			continue
		}
		item.Refs["changes"] = saying(stands, want, change)
		if ex.dry {
			ex.settle(item)
			continue
		}
		ex.total++
		ex.deeds = append(ex.deeds, deed{key: line.Key, name: name, want: want, there: stands, change: change, item: item})
	}
	return nil
}

// saying tells what a change is about: from what to what, or which of the provider's
// own values.
func saying(there *Entry, want Entry, change Change) string {
	var was Facts
	if there != nil {
		was = there.Facts
	}
	d := factsDiffer(was, want.Facts)
	if len(d) == 0 {
		for _, v := range change.Values {
			d = append(d, v[0])
		}
	}
	return strings.Join(d, "; ")
}
