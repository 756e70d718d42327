// Package catalog is the one explicit list of services.
package catalog

import (
	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anidb"
	"asapi/tasks/tracker/anilist"
	"asapi/tasks/tracker/mangadex"
	"asapi/tasks/tracker/mangaupdates"
	"asapi/tasks/tracker/myanimelist"
	"asapi/tasks/tracker/vndb"
	"asapi/tasks/tracker/xref"
	"asapi/tasks/zerotouch"
)

// Deps is what the services need of the floors above.
type Deps struct {
	Trackers   tracker.Store
	References xref.Store // nil: clients bring no references of their own
	Devices    zerotouch.Store
	Sealer     tasks.Sealer
	Lives      tracker.Lives // the providers whose APIs are reached
}

// All lists every service.
func All(deps Deps) *tasks.Catalog {
	trackers := tracker.NewLiveService(deps.Trackers, deps.Sealer, deps.Lives, myanimelist.Format{}, anilist.Format{}, anidb.Format{}, mangadex.Format{}, mangaupdates.Format{}, vndb.Format{})
	if deps.References != nil {
		trackers.Actions = append(trackers.Actions, xref.Action(deps.References))
	}
	return tasks.NewCatalog(trackers, zerotouch.NewService(zerotouch.NewRegistry(deps.Devices, deps.Sealer)))
}
