package tracker

import (
	"context"
	"slices"
	"time"

	"asapi/tasks"
)

// Slug names the service.
const Slug = "tracker"

// service is what the actions share.
type service struct {
	store   Store
	library *Library
	formats map[Provider]Format
	listed  []Format // in the order in which they are told

	lives map[Provider]Live
	pacer tasks.Pacer
	most  int
	turn  time.Duration
}

// Lives are the providers whose APIs are reached; the zero value reaches none.
type Lives struct {
	List  []Live
	Pacer tasks.Pacer
	// Most is how many tasks may be at work with one provider at the same time,
	// on all workers together; 0: 4.
	Most int
	// Turn is for how long a run keeps its place in a worker all of whose places
	// are taken; 0: ten seconds.
	Turn time.Duration
}

// NewService describes the tracker service over a store and the formats of the
// providers it knows. The sealer keeps what users sign in to providers with.
func NewService(store Store, sealer tasks.Sealer, formats ...Format) tasks.Service {
	return NewLiveService(store, sealer, Lives{}, formats...)
}

// NewLiveService is NewService that reaches providers, too.
func NewLiveService(store Store, sealer tasks.Sealer, lives Lives, formats ...Format) tasks.Service {
	s := &service{
		store: store, library: NewLibrary(store, sealer), formats: make(map[Provider]Format), listed: formats,
		lives: make(map[Provider]Live), pacer: lives.Pacer, most: lives.Most, turn: lives.Turn,
	}
	if s.most <= 0 {
		s.most = 4
	}
	if s.turn <= 0 {
		s.turn = crowdedTurn
	}
	for _, l := range lives.List {
		s.lives[l.Format().Provider()] = l
	}
	for _, f := range formats {
		s.formats[f.Provider()] = f
	}
	return tasks.Service{
		Slug: Slug, Name: "Tracker",
		Actions: slices.Concat([]tasks.Action{s.importAction(), s.undoAction(), s.exportAction(), s.activitiesAction()}, s.liveActions(), s.looks(), s.libraryActions()),
		Upkeep:  s.upkeep,
		Erase:   func(ctx context.Context, a tasks.Account) error { return store.Erase(ctx, OwnerOf(a)) },
	}
}

// upkeep does one bounded step of what waits in the background.
func (s *service) upkeep(ctx context.Context) (more bool, err error) {
	advanced, err := s.library.Advance(ctx)
	if err != nil {
		return false, err
	}
	moved, err := s.store.Rehome(ctx)
	return advanced || moved, err
}

// liveActions are those that reach providers, where any can be reached.
func (s *service) liveActions() []tasks.Action {
	if len(s.lives) == 0 {
		return nil
	}
	return []tasks.Action{s.importLiveAction(), s.exportLiveAction(), s.syncAction()}
}

// liveProviders lists the names of the providers that can be reached.
func (s *service) liveProviders() (names []string) {
	for _, f := range s.listed {
		if s.lives[f.Provider()] != nil {
			names = append(names, string(f.Provider()))
		}
	}
	return names
}

// liveKinds lists what the lists of providers that can be reached hold.
func (s *service) liveKinds() (names []string) {
	for _, f := range s.listed {
		for _, k := range f.Kinds() {
			if s.lives[f.Provider()] != nil && !slices.Contains(names, string(k)) {
				names = append(names, string(k))
			}
		}
	}
	return names
}

// providers lists the names of the providers whose formats are known.
func (s *service) providers() []string {
	names := make([]string, len(s.listed))
	for i, f := range s.listed {
		names[i] = string(f.Provider())
	}
	return names
}

// forms lists the names of all forms of files that can be written.
func (s *service) forms() []string {
	names := []string{neutral.Name}
	for _, f := range s.listed {
		for _, form := range f.Forms() {
			if !slices.Contains(names, form.Name) {
				names = append(names, form.Name)
			}
		}
	}
	return names
}

// kinds lists what the lists of all providers hold.
func (s *service) kinds() []string {
	var names []string
	for _, f := range s.listed {
		for _, k := range f.Kinds() {
			if !slices.Contains(names, string(k)) {
				names = append(names, string(k))
			}
		}
	}
	return names
}

// title gives a provider's name for people.
func title(p Provider) string {
	if p == Neutral {
		return "neutral JSON"
	}
	return Titles[p]
}

// format finds the format of a provider.
func (s *service) format(name Provider) (Format, error) {
	f, ok := s.formats[name]
	if !ok {
		return nil, &tasks.Error{Code: tasks.CodeInvalidParameter, Field: "provider", Message: "This provider is not known here."}
	}
	return f, nil
}
