package tracker

import (
	"context"
	"slices"

	"asapi/tasks"
)

// deletesOf refuses names of entries that are on none of some lists: those lists are
// read, so that nothing is taken off of which it is not known that it is there.
func (p exportLiveParams) deletesOf(kinds []Kind) error {
	for _, name := range p.Delete {
		if key, _ := keyNamed(name, Provider(p.Provider)); !slices.Contains(kinds, key.Kind) {
			return &tasks.Error{
				Code: tasks.CodeInvalidParameter, Field: "delete",
				Message: tasks.Clip(name, 80) + " is an entry of none of the lists that are exported (" + kindsText(kinds) + "); leave it out of delete.",
			}
		}
	}
	return nil
}

// doom plans to take entries off the list. Only what was read there under just that name
// is asked for: a provider may find another entry by a name that is none.
func (ex *liveExport) doom(ctx context.Context, names []string) error {
	notes := make([]string, len(names))
	for i, name := range names {
		notes[i] = there(name)
	}
	kept, err := ex.run.Noted(ctx, notes...)
	if err != nil {
		return err
	}
	goes := "The entry was taken off the list, as was asked for."
	if ex.dry {
		goes = "The entry would be taken off the list, as is asked for."
	}
	for i, name := range names {
		if kept[notes[i]] == "" {
			ex.settle(tasks.Item{Key: name, Outcome: tasks.Unchanged, Reason: "No entry of this name is on the list at " + ex.format.Title() + ", so nothing was taken off."})
			continue
		}
		key, _ := keyNamed(name, ex.format.Provider())
		ex.total++
		if _, over := ex.done[name]; !over {
			ex.deeds = append(ex.deeds, deed{key: key, name: name, delete: true, item: tasks.Item{Key: name, Outcome: tasks.Updated, Reason: goes}})
		}
	}
	return nil
}
