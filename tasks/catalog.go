package tasks

import (
	"context"
	"fmt"
)

// Service is a group of actions on one kind of account.
type Service struct {
	Slug    string
	Name    string
	Actions []Action
	// Erase deletes for good what an account of this service owns; nil when
	// the service keeps nothing. It is called after the account's tasks ended
	// or were cancelled, and may be called more than once.
	Erase func(ctx context.Context, account Account) error
	// Upkeep does one bounded step of what the service has to do in the
	// background, and says whether more waits; nil when it has nothing. One
	// process calls it at a time as a rule, but two may for a moment, and any
	// may die in it: what a step did and how far it came are kept together.
	Upkeep func(ctx context.Context) (more bool, err error)
}

// Catalog is the explicit list of services. It never changes after start.
type Catalog struct {
	services []Service
}

// NewCatalog panics when two services, or two actions of one, share a slug or
// a name: that shows at start.
func NewCatalog(services ...Service) *Catalog {
	seen := map[string]bool{}
	once := func(what, key string) {
		if key == "" || seen[what+key] {
			panic(fmt.Sprintf("tasks: catalogue: %s %q stands twice or is empty", what, key))
		}
		seen[what+key] = true
	}
	for _, s := range services {
		once("service slug ", s.Slug)
		once("service name ", s.Name)
		for _, a := range s.Actions {
			once(s.Slug+" action slug ", a.Slug)
			once(s.Slug+" action name ", a.Name)
			if a.Slug == SystemAction {
				panic("tasks: catalogue: no action may be called " + SystemAction)
			}
		}
	}
	return &Catalog{services: services}
}

// Services lists all services.
func (c *Catalog) Services() []Service { return c.services }

// Service finds a service by its slug or its display name.
func (c *Catalog) Service(key string) (*Service, bool) {
	for i := range c.services {
		if s := &c.services[i]; s.Slug == key || s.Name == key {
			return s, true
		}
	}
	return nil, false
}

// Action finds an action by its slug or its display name.
func (s *Service) Action(key string) (*Action, bool) {
	for i := range s.Actions {
		if a := &s.Actions[i]; a.Slug == key || a.Name == key {
			return a, true
		}
	}
	return nil, false
}

// Find finds an action by slugs, as a stored task names it.
func (c *Catalog) Find(service, action string) (*Action, bool) {
	s, ok := c.Service(service)
	if !ok {
		return nil, false
	}
	return s.Action(action)
}

// CheckPermission refuses a permission that narrows what none of its actions has: it
// would narrow nothing. Services and actions that are not there are let be; they
// allow nothing.
func (c *Catalog) CheckPermission(p Permission) error {
	allows := false
	for _, s := range c.services {
		for _, a := range s.Actions {
			if !p.matches(s.Slug, a.Slug) {
				continue
			}
			if _, ok := a.Parameter(p.Parameter); ok {
				return nil
			}
			allows = true
		}
	}
	if p.Parameter == "" || !allows {
		return nil
	}
	return &Error{Code: CodeInvalid, Field: "allow", Message: "There is no parameter " + Clip(p.Parameter, 64) + " in " + p.Service + "/" + p.Action}
}
