package tracker

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Resolved is what an id stands for.
type Resolved struct {
	// Resource names the work. It follows from what is said about the ids and
	// from nothing else: neither from the order in which that was learnt, nor
	// from what was imported first.
	Resource string
	// Keys are the ids that are this work one to one, the asked one among
	// them, as they name it: the first gave the work its name.
	Keys []RecordKey
	// Apart are ids that are said to be the same work and are not one to one
	// with this id: they are kept apart.
	Apart []RecordKey
}

// Reason says why the work is kept apart from others; empty: it is not.
func (r Resolved) Reason() string {
	if len(r.Apart) == 0 {
		return ""
	}
	names := make([]string, 0, 4)
	for _, k := range r.Apart[:min(len(r.Apart), 3)] {
		names = append(names, Titles[k.Provider]+" "+k.NativeID)
	}
	if more := len(r.Apart) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return "The references are not one to one, so it is kept apart from " + strings.Join(names, ", ") + "."
}

// Find gives the id of the work at a provider.
func (r Resolved) Find(p Provider) (RecordKey, bool) {
	i := slices.IndexFunc(r.Keys, func(k RecordKey) bool { return k.Provider == p })
	if i < 0 {
		return RecordKey{}, false
	}
	return r.Keys[i], true
}

// References answers which ids are the same work, from sayings about them.
type References struct {
	canon map[RecordKey]RecordKey              // old ids to new ones
	old   map[RecordKey][]RecordKey            // and back
	in    map[RecordKey]string                 // the collection that is said of an id
	edges map[RecordKey]map[RecordKey]Rank     // the highest rank that says it
	top   map[RecordKey]map[Provider]Rank      // the highest rank that speaks of a provider
	group map[RecordKey]RecordKey              // to the first found of its group
	all   map[RecordKey]map[RecordKey]struct{} // by that first
}

// NewReferences works out what the sayings make. They must be all that reach the
// ids that are asked for later.
//
// Two ids are one to one when the highest ranks that speak of both providers
// name just each other. Ids that are linked so, directly or through others, are
// one work, unless it then had two ids of one provider: the links of the lowest
// rank that brought them together do not count then.
func NewReferences(sayings []Saying) *References {
	r := &References{
		canon: map[RecordKey]RecordKey{}, old: map[RecordKey][]RecordKey{}, in: map[RecordKey]string{},
		edges: map[RecordKey]map[RecordKey]Rank{}, top: map[RecordKey]map[Provider]Rank{},
		group: map[RecordKey]RecordKey{}, all: map[RecordKey]map[RecordKey]struct{}{},
	}
	r.alias(sayings)
	for _, s := range sayings {
		if !s.Alias {
			r.say(s)
		}
	}
	for rank := ranksCount - 1; rank >= 0; rank-- {
		r.join(rank)
	}
	return r
}

// alias learns which ids are older names of others: of all that are linked the
// longest, and of these the greatest, is the newest. Providers that gave new
// ids made them longer.
func (r *References) alias(sayings []Saying) {
	near := map[RecordKey][]RecordKey{}
	for _, s := range sayings {
		for i := 1; s.Alias && i < len(s.Keys); i++ {
			near[s.Keys[0]] = append(near[s.Keys[0]], s.Keys[i])
			near[s.Keys[i]] = append(near[s.Keys[i]], s.Keys[0])
		}
	}
	done := map[RecordKey]bool{}
	for k := range near {
		if done[k] {
			continue
		}
		done[k] = true
		linked := []RecordKey{k}
		for i := 0; i < len(linked); i++ {
			for _, next := range near[linked[i]] {
				if !done[next] {
					done[next] = true
					linked = append(linked, next)
				}
			}
		}
		SortKeys(linked)
		newest := linked[len(linked)-1]
		for _, one := range linked[:len(linked)-1] {
			r.canon[one] = newest
		}
		r.old[newest] = linked[:len(linked)-1]
	}
}

func (r *References) newest(k RecordKey) RecordKey {
	if to, ok := r.canon[k]; ok {
		return to
	}
	return k
}

// say notes the links of one saying.
func (r *References) say(s Saying) {
	for i, a := range s.Keys {
		if a.Provider == inCollection {
			continue
		}
		a = r.newest(a)
		for j, b := range s.Keys {
			switch {
			case i == j || b.Provider == a.Provider:
			case b.Provider == inCollection:
				r.in[a] = max(r.in[a], b.NativeID)
			default:
				r.link(a, r.newest(b), s.Rank)
			}
		}
	}
}

func (r *References) link(a, b RecordKey, rank Rank) {
	if r.edges[a] == nil {
		r.edges[a], r.top[a] = map[RecordKey]Rank{}, map[Provider]Rank{}
	}
	if known, ok := r.edges[a][b]; !ok || rank > known {
		r.edges[a][b] = rank
	}
	if known, ok := r.top[a][b.Provider]; !ok || rank > known {
		r.top[a][b.Provider] = rank
	}
}

// heard reports whether a link is not overruled by a higher rank.
func (r *References) heard(a, b RecordKey) bool {
	rank := r.edges[a][b]
	return rank == r.top[a][b.Provider] && rank == r.top[b][a.Provider]
}

// oneToOne reports whether of all links that are heard a has just b at b's
// provider.
func (r *References) oneToOne(a, b RecordKey) bool {
	for other := range r.edges[a] {
		if other != b && other.Provider == b.Provider && r.heard(a, other) {
			return false
		}
	}
	return true
}

// join makes groups of what links of one rank bring together. A group that would
// have two ids of one provider is not made: its links of that rank are left out.
func (r *References) join(rank Rank) {
	near := map[RecordKey][]RecordKey{}
	for a, to := range r.edges {
		for b, said := range to {
			if said == rank && r.heard(a, b) && r.oneToOne(a, b) && r.oneToOne(b, a) {
				near[r.first(a)] = append(near[r.first(a)], r.first(b))
			}
		}
	}
	done := map[RecordKey]bool{}
	for start := range near {
		if done[start] {
			continue
		}
		done[start] = true
		linked := []RecordKey{start}
		members, clash := map[RecordKey]struct{}{}, false
		providers := map[Provider]bool{}
		for i := 0; i < len(linked); i++ {
			for k := range r.members(linked[i]) {
				members[k] = struct{}{}
				clash = clash || providers[k.Provider]
				providers[k.Provider] = true
			}
			for _, next := range near[linked[i]] {
				if !done[next] {
					done[next] = true
					linked = append(linked, next)
				}
			}
		}
		if clash {
			continue
		}
		for k := range members {
			r.group[k] = start
		}
		r.all[start] = members
	}
}

// first gives the key under which the group of k is kept.
func (r *References) first(k RecordKey) RecordKey {
	if f, ok := r.group[k]; ok {
		return f
	}
	return k
}

func (r *References) members(first RecordKey) map[RecordKey]struct{} {
	if m, ok := r.all[first]; ok {
		return m
	}
	return map[RecordKey]struct{}{first: {}}
}

// Of gives what an id stands for. An id that nothing is said about stands for
// a work of its own.
func (r *References) Of(asked RecordKey) Resolved {
	k := r.newest(asked)
	members := r.members(r.first(k))
	res := Resolved{Keys: slices.Collect(maps.Keys(members))}
	SortKeys(res.Keys)
	for other := range r.edges[k] {
		if _, same := members[other]; !same && r.heard(k, other) {
			res.Apart = append(res.Apart, other)
		}
	}
	SortKeys(res.Apart)
	collection := ""
	for _, one := range res.Keys {
		collection = max(collection, r.in[one])
	}
	res.Resource = res.Keys[0].ResourceIn(collection)
	for _, one := range slices.Clone(res.Keys) {
		res.Keys = append(res.Keys, r.old[one]...)
	}
	return res
}

// Canonical gives the name under which a work, or a part of it, is held: where
// the name was derived from a provider's id, that of the work which this id
// stands for. The id of a part stays.
func (r *References) Canonical(res Resource) Resource {
	k, derived := KeyOf(res.Work())
	if !derived || res.AnyWork() {
		return res
	}
	work, ok := ParseResource(r.Of(k).Resource)
	if !ok || (res.IsPart() && work.Collection != res.Collection && collections[work.Collection] != res.Parts) {
		return res
	}
	res.Collection, res.ID = work.Collection, work.ID
	return res
}

// canonical is Canonical for names.
func (r *References) canonical(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = name
		if res, ok := ParseResource(name); ok {
			list[i] = r.Canonical(res).String()
		}
	}
	return list
}

// Ids lists the ids whose references a change has to know.
func (w Want) Ids() []RecordKey {
	keys := slices.Clone(w.Records)
	for _, c := range w.Claims {
		keys = append(append(keys, c.Key), c.Same...)
	}
	for _, names := range [][]string{w.Works, w.Parts} {
		for _, name := range names {
			if res, ok := ParseResource(name); ok {
				if k, derived := KeyOf(res.Work()); derived {
					keys = append(keys, k)
				}
			}
		}
	}
	SortKeys(keys)
	return slices.Compact(keys)
}

// Under gives the want with every name as it is held, and the works that its
// records stand for.
func (w Want) Under(r *References) Want {
	w.Works, w.Parts = r.canonical(w.Works), r.canonical(w.Parts)
	w.Same = slices.Clone(w.Same)
	for i := range w.Same {
		if res, ok := ParseResource(w.Same[i].Resource); ok {
			w.Same[i].Resource = r.Canonical(res).String()
		}
	}
	for _, k := range w.Records {
		w.Works = append(w.Works, r.Of(k).Resource)
	}
	return w
}

// ApartAt reports whether an id of the provider is among those that are kept apart.
func (r Resolved) ApartAt(p Provider) bool {
	return slices.ContainsFunc(r.Apart, func(k RecordKey) bool { return k.Provider == p })
}
