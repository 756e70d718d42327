package tracker

import (
	"strconv"
	"strings"
)

// Resource is a parsed name of a work or of one sub-resource of it.
type Resource struct {
	Collection string // animes, graphicNovels, lightNovels, visualNovels
	ID         string
	Parts      string // episodes or chapters; empty: the work itself
	PartID     string
}

// PartsOf names what the parts of a collection's works are in, such as episodes
// for animes; empty: its works have no parts, or there is no such collection.
func PartsOf(collection string) string { return collections[collection] }

// maxResource bounds a resource's name; it is part of an index.
const maxResource = 200

// collections maps a collection to the one its sub-resources are in.
var collections = map[string]string{
	"animes": "episodes", "graphicNovels": "chapters", "lightNovels": "chapters", "visualNovels": "",
}

// ParseResource reads animes/{id}, animes/{id}/episodes/{id} and their like;
// ok is false when the name is none. An id holds letters, digits and -_.~ only.
func ParseResource(name string) (r Resource, ok bool) {
	if len(name) > maxResource {
		return r, false
	}
	seg := strings.Split(name, "/")
	if len(seg) != 2 && len(seg) != 4 {
		return r, false
	}
	parts, known := collections[seg[0]]
	if !known || !validID(seg[1]) {
		return r, false
	}
	r.Collection, r.ID = seg[0], seg[1]
	if len(seg) == 2 {
		return r, r.ID != anyID
	}
	if parts == "" || seg[2] != parts || !validID(seg[3]) || seg[3] == anyID {
		return r, false
	}
	r.Parts, r.PartID = seg[2], seg[3]
	return r, true
}

// anyID stands for any parent in animes/-/episodes/{id}.
const anyID = "-"

// AnyWork reports whether the resource leaves open which work it is part of.
func (r Resource) AnyWork() bool { return r.ID == anyID }

// IsPart reports whether the resource is a sub-resource.
func (r Resource) IsPart() bool { return r.Parts != "" }

// Work names the work that the resource is, or is part of.
func (r Resource) Work() string { return r.Collection + "/" + r.ID }

// Part names the sub-resource below its work, such as episodes/12.
func (r Resource) Part() string { return r.Parts + "/" + r.PartID }

// String gives the full name.
func (r Resource) String() string {
	if !r.IsPart() {
		return r.Work()
	}
	return r.Work() + "/" + r.Part()
}

// Derived reports whether the work's id was derived from a provider's id. The
// ids of its sub-resources are then their numbers.
func (r Resource) Derived() bool {
	provider, _, found := strings.Cut(r.ID, "-")
	return found && provider != "" && strings.ToLower(provider) == provider && !isNumber(provider)
}

// Ordinal gives the place of the sub-resource among the regular ones, as far as
// its name tells: a number that fits the work's count, or any number where the
// work's id is derived from a provider's. 0: unknown.
func (r Resource) Ordinal(regular int64) int64 {
	n, err := strconv.ParseInt(r.PartID, 10, 64)
	if err != nil || n < 1 || (regular > 0 && n > regular) || (regular == 0 && !r.Derived()) {
		return 0
	}
	return n
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

func validID(id string) bool {
	if id == "" {
		return false
	}
	for i := range len(id) {
		c := id[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("-_.~", rune(c)) {
			return false
		}
	}
	return true
}
