package tracker

import (
	"context"

	"asapi/tasks"
)

// Slug names the service.
const Slug = "tracker"

// service is what the actions share.
type service struct {
	store   Store
	formats map[Provider]Format
}

// NewService describes the tracker service over a store and the formats of the
// providers it knows.
func NewService(store Store, formats ...Format) tasks.Service {
	s := &service{store: store, formats: make(map[Provider]Format)}
	for _, f := range formats {
		s.formats[f.Provider()] = f
	}
	return tasks.Service{
		Slug: Slug, Name: "Tracker",
		Actions: []tasks.Action{s.importAction(), s.exportAction(), s.activitiesAction()},
		Erase:   func(ctx context.Context, a tasks.Account) error { return store.Erase(ctx, OwnerOf(a)) },
	}
}

// format finds the format of a provider.
func (s *service) format(name string) (Format, error) {
	f, ok := s.formats[Provider(name)]
	if !ok {
		return nil, &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "provider", Message: "This provider is not known here."}
	}
	return f, nil
}

// ownerOf gives whose trackers a run works on.
func ownerOf(run *tasks.Run) Owner {
	return UserOf(run.Task.Client, run.Task.Account)
}
