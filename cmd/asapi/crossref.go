package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"asapi/store"
	"asapi/store/trackers"
	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/xref"
)

type crossrefCmd struct {
	Load      crossrefLoadCmd      `cmd:"" help:"Load a file that says which ids of providers are the same work."`
	Conflicts crossrefConflictsCmd `cmd:"" help:"List the ids that are kept apart, because the references are not one to one."`
}

type crossrefLoadCmd struct {
	admin
	File   string `arg:"" help:"The file, plain or packed with gzip; its kind is recognised from its content."`
	Client string `help:"Client that the references are for; default: all clients."`
}

// Run loads the file; rows that cannot be taken are told with their lines.
func (c *crossrefLoadCmd) Run(ctx context.Context, t *terminal) error {
	file, err := fileToRead(c.File)
	if err != nil {
		return err
	}
	return c.with(ctx, func(s *store.Store) error {
		client, err := clientOrAll(ctx, s, c.Client)
		if err != nil {
			return err
		}
		bar := newProgressBar(t)
		report, err := xref.LoadFile(ctx, trackers.New(s), client, file, bar.rows)
		bar.done()
		if err != nil {
			return err
		}
		return c.tell(t, report)
	})
}

func (c *crossrefLoadCmd) tell(t *terminal, r xref.Report) error {
	if !t.interactive() {
		return t.json(r)
	}
	if err := tellRefusals(t, r.Refusals); err != nil {
		return err
	}
	return t.printf("%s, %d rows: %d new, %d changed, %d unchanged, %d with one known id or none, %d refused.\n",
		r.Source, r.Rows, r.New, r.Changed, r.Unchanged, r.Single, r.Refused)
}

type crossrefConflictsCmd struct {
	admin
	Client string `help:"Client whose references count, beside those for all; default: those for all only."`
}

// conflictLine is a conflict as scripts see it.
type conflictLine struct {
	Name     string   `json:"name"`
	Resource string   `json:"resource"`
	Apart    []string `json:"apart"`
}

// Run lists the conflicts as they are found.
func (c *crossrefConflictsCmd) Run(ctx context.Context, t *terminal) error {
	return c.with(ctx, func(s *store.Store) error {
		client, err := clientOrAll(ctx, s, c.Client)
		if err != nil {
			return err
		}
		return trackers.New(s).Conflicts(ctx, client, func(found xref.Conflict) error {
			if t.interactive() {
				return t.printf("%s %s (%s): %s\n", tracker.Titles[found.Key.Provider], found.Key.NativeID, found.Resource, found.Reason())
			}
			line := conflictLine{Name: nameOf(found.Key), Resource: found.Resource}
			for _, k := range found.Apart {
				line.Apart = append(line.Apart, nameOf(k))
			}
			return t.json(line)
		})
	})
}

// nameOf names an id: one of a provider in its namespace, one of a catalogue by
// its resource.
func nameOf(k tracker.RecordKey) string {
	if name := k.Name(); name != "" {
		return name
	}
	return k.NativeID
}

// clientOrAll gives the client of that name; without a name, all.
func clientOrAll(ctx context.Context, s *store.Store, name string) (tasks.ClientID, error) {
	if name == "" {
		return xref.Everyone, nil
	}
	client, err := s.ClientByName(ctx, name)
	return client.ID, err
}

// fileToRead makes sure that the file is there before anything else is done.
func fileToRead(path string) (tasks.File, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file")
	}
	if err != nil {
		return tasks.File{}, &usageError{fmt.Errorf("the file %s cannot be read: %w", path, err)}
	}
	open := func(context.Context) (io.ReadCloser, error) { return os.Open(path) }
	return tasks.NewFile(path, "", info.Size(), open), nil
}
