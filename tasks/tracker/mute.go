package tracker

import "slices"

// mutes are what the entries of a provider's lists have no words for: that one is empty
// there says nothing.
type mutes struct {
	progress, volumes, repeats, repeating bool
	parts                                 map[string]bool // whole ones
}

// mutesOf finds out what a format has no words for: where a fact is another and the
// native values are the same.
func mutesOf(f Format, kind Kind) mutes {
	e := f.Conform(f.Blank(kind, "1", Facts{Title: "A work", Status: Watching, Progress: 3, Volumes: 1, Total: 24, TotalVolumes: 4}))
	mute := func(fact func(*Facts)) bool {
		other := e
		fact(&other.Facts)
		return slices.Equal(f.Conform(other).Native, e.Native)
	}
	return mutes{
		progress:  mute(func(x *Facts) { x.Progress = 7 }),
		volumes:   mute(func(x *Facts) { x.Volumes = 2 }),
		repeats:   mute(func(x *Facts) { x.Repeats = 1 }),
		repeating: mute(func(x *Facts) { x.Repeating = true }),
		parts: map[string]bool{
			score:   mute(func(x *Facts) { x.Score = 50 }),
			start:   mute(func(x *Facts) { x.Start = Date{2020, 1, 2} }),
			finish:  mute(func(x *Facts) { x.Finish = Date{2020, 1, 2} }),
			notes:   mute(func(x *Facts) { x.Notes = "words" }),
			privacy: mute(func(x *Facts) { x.Private = true }),
		},
	}
}

// as gives facts with what there are no words for as other facts have it.
func (m mutes) as(f, other Facts) Facts {
	keep(m.progress, &f.Progress, other.Progress)
	keep(m.volumes, &f.Volumes, other.Volumes)
	keep(m.repeats, &f.Repeats, other.Repeats)
	keep(m.repeating, &f.Repeating, other.Repeating)
	return f
}

func keep[T any](mute bool, to *T, other T) {
	if mute {
		*to = other
	}
}

// heard gives what a provider says of an entry, with what it has no words for as our
// side has it.
func (m mutes) heard(ours, there Entry) Facts { return m.as(there.Facts, ours.Facts) }

// same reports whether a part of two states of one side is the same, but for what there
// are no words for.
func (m mutes) same(p part, a, b Facts) bool { return p.alike(m.as(a, b), b) }

// lay lays a part of what this provider says over what another one says, which keeps
// what this one has no words for. Numbers of single episodes or chapters stay where
// there are some: they are only added to.
func (m mutes) lay(p part, to, from Facts) Facts {
	was := to
	p.put(&to, m.as(from, was))
	if p.name != progress {
		return to
	}
	if m.progress && to.Status == Done && !to.Repeating {
		to.Progress = max(to.Progress, to.Total)
	}
	if to.Seen = ""; was.Seen != "" {
		more := from.Seen
		if more == "" && !to.Repeating {
			more = UpTo(to.Progress)
		}
		to.Seen = was.Seen.Union(more)
		if !to.Repeating {
			to.Progress = max(to.Progress, to.Seen.Count())
		}
	}
	return to
}

// agree reports whether a part of what two providers say is the same, as far as both
// have words for it.
func agree(p part, a Facts, of mutes, b Facts, and mutes) bool {
	return and.same(p, of.lay(p, b, a), b) && of.same(p, and.lay(p, a, b), a)
}
