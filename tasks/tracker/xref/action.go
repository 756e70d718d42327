package xref

import (
	"context"
	"encoding/json"

	"asapi/tasks"
)

type loadParams struct {
	File tasks.File `param:"file" doc:"A file of cross references, plain or packed with gzip; its kind is recognised from its content. The kinds are described in docs/crossref.md."`
}

// Action describes the loading of a client's own references as an action: they
// hold for the trackers of that client, and no other client sees them.
func Action(store Store) tasks.Action {
	return tasks.NewAction(tasks.Action{
		Slug: "load-references", Name: "Load References",
		Description: "Learns which ids of different providers are the same work, for all accounts of the client. Trackers that turn out to be of the same work become one, in the background. A file that cannot be read to its end changes nothing.",
	}, func(ctx context.Context, run *tasks.Run, p loadParams) error {
		report, err := LoadFile(ctx, store, run.Task.Client, p.File, func(done, total int64) error {
			run.Expect(total)
			return run.Progress(ctx, done, total)
		})
		if err != nil {
			return err
		}
		return json.NewEncoder(run.Output("application/json", "")).Encode(report)
	})
}
