package main

import (
	"context"
	_ "embed"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// demoUser is the user for whom a tracker client can import at once: there is a
// list file of MyAnimeList. Its account comes with that import.
const demoUser = "demo"

//go:embed dev_demo.xml
var demoList []byte

// makeDemo gives the client dev its demo user, where it has none.
func (p *parts) makeDemo(ctx context.Context) error {
	client, err := p.store.ClientByName(ctx, devClient)
	if err != nil {
		return err
	}
	owner := tracker.UserOf(client.ID, demoUser)
	if _, err = p.trackers.ListFile(ctx, owner, tracker.MyAnimeList); tasks.CodeOf(err) != tasks.CodePrecondition {
		return err
	}
	return p.trackers.KeepListFile(ctx, owner, tracker.MyAnimeList, tasks.Input{
		Filename: "animelist.xml", ContentType: "text/xml", Size: int64(len(demoList)), Inline: demoList,
	})
}
