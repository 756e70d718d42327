package tasks

import (
	"slices"
	"strings"
)

// ScopeAll asks for all that a credential may do; so does no scope at all.
const ScopeAll = "asapi"

// publishedScopes are the names under which published clients ask for a service.
var publishedScopes = map[string]string{
	"https://www.googleapis.com/auth/androidworkprovisioning": "zerotouch",
}

// ParseScope reads scopes separated by spaces (RFC 6749 section 3.3): ScopeAll, a
// service (tracker), or service/action (tracker/import-trackers). It gives what
// they allow; nil: everything. The fault names the field scope.
func ParseScope(text string) ([]Permission, error) {
	var list []Permission
	all := true
	for name := range strings.FieldsSeq(text) {
		if name == ScopeAll {
			return nil, nil // no permissions are all of them, as in Token.Allow
		}
		all = false
		if known, ok := publishedScopes[name]; ok {
			name = known
		}
		service, action, narrowed := strings.Cut(name, "/")
		if !narrowed {
			action = "*"
		}
		if !slugs(service) || !slugs(action) {
			return nil, badScope("%s is no scope: a scope is asapi, a service such as tracker, or service/action.", name)
		}
		list = append(list, Permission{Service: service, Action: action})
	}
	if all {
		return nil, nil
	}
	return list, nil
}

// slugs reports whether s can be a slug, or stands for all.
func slugs(s string) bool {
	return s == "*" || s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	})
}

// scopeText writes permissions as ParseScope reads them.
func scopeText(list []Permission) string {
	if list == nil {
		return ScopeAll
	}
	names := make([]string, len(list))
	for i, p := range list {
		if names[i] = p.String(); p.Action == "*" {
			names[i] = p.Service
		}
	}
	return strings.Join(names, " ")
}

func badScope(message, name string) error {
	return &Error{Code: CodeInvalid, Field: "scope", Message: strings.Replace(message, "%s", Clip(name, 64), 1)}
}

// checkScope refuses scopes that are of nothing here or beyond what the token may
// do.
func (d *Desk) checkScope(t Token, scope []Permission) error {
	for _, s := range scope {
		name := scopeText([]Permission{s})
		if !d.cfg.Catalog.has(s) {
			return badScope("%s is no scope here: there is no such service or action.", name)
		}
		if len(t.Allow) > 0 && len(within(t.Allow, []Permission{s})) == 0 {
			return badScope("The scope %s goes beyond what this credential may do.", name)
		}
	}
	return nil
}

// Scopes lists the scopes that are of something here.
func (d *Desk) Scopes() []string {
	list := []string{ScopeAll}
	for _, s := range d.cfg.Catalog.Services() {
		list = append(list, s.Slug)
	}
	return list
}

// has reports whether there is anything that the permission is of.
func (c *Catalog) has(p Permission) bool {
	for _, s := range c.Services() {
		if p.Service != "*" && p.Service != s.Slug {
			continue
		}
		if p.Action == "*" || slices.ContainsFunc(s.Actions, func(a Action) bool { return a.Slug == p.Action }) {
			return true
		}
	}
	return false
}

// within gives what both lists allow, where a scope allows parts of services
// without narrowing their parameters.
func within(allow, scope []Permission) []Permission {
	var list []Permission
	for _, a := range allow {
		for _, s := range scope {
			service, ok := both(a.Service, s.Service)
			if !ok {
				continue
			}
			action, ok := both(a.Action, s.Action)
			if !ok {
				continue
			}
			p := Permission{Service: service, Action: action, Parameter: a.Parameter, Value: a.Value}
			if !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list
}

// both gives what two names, or stars, have in common.
func both(a, b string) (string, bool) {
	switch {
	case a == "*":
		return b, true
	case b == "*" || a == b:
		return a, true
	}
	return "", false
}

// scoped gives the token as it is with a scope: it may do what both allow.
func (t Token) scoped(scope []Permission) (Token, bool) {
	if scope == nil {
		return t, true
	}
	if len(t.Allow) == 0 {
		t.Allow = scope
		return t, true
	}
	// A token without permissions may do everything, so one that lost them all
	// must not be.
	t.Allow = within(t.Allow, scope)
	return t, len(t.Allow) > 0
}
