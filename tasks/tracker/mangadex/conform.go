package mangadex

import (
	"maps"
	"slices"
	"strconv"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// Conform implements tracker.Format. Where an entry says which chapters were
// read and its facts count more, the first ones that are missing are added.
func (Format) Conform(e tracker.Entry) tracker.Entry {
	said, _ := factsOf(e)
	set := func(differs bool, name, value string) {
		if differs {
			e = e.With(name, value)
		}
	}
	set(said.Title != e.Title, elTitle, listfile.Quote(e.Title))
	set(said.Score != e.Score, elRating, ratingOf(e.Score))
	set(said.Volumes != e.Volumes, elVolume, listfile.Quote(strconv.FormatInt(e.Volumes, 10)))
	if listed(e, elChapters) != "" || e.Seen != "" {
		e.Seen = filled(e.Seen, e.Progress)
		e.Progress = e.Seen.Count()
		set(said.Seen != e.Seen, elChapters, chaptersOf(e, e.Seen))
	} else {
		set(said.Progress != e.Progress, elCurrent, listfile.Quote(strconv.FormatInt(e.Progress, 10)))
	}
	said, _ = factsOf(e) // what is followed without a status has one by its progress
	set(said.Status != e.Status || said.Repeating != e.Repeating, elStatus, statusName(e.Facts))
	return e
}

// ratingOf gives the nearest rating, in JSON; empty: none.
func ratingOf(score int64) string {
	if score == 0 {
		return ""
	}
	return strconv.FormatInt(min(max((score+5)/10, 1), 10), 10)
}

// filled adds the first numbers that are missing until the set counts as many.
func filled(seen tracker.Numbers, count int64) tracker.Numbers {
	count = min(count, maxChapters)
	for n := seen.Count(); n < count; n = seen.Count() {
		seen = seen.Union(tracker.UpTo(seen.First() + count - n))
	}
	return seen
}

// maxChapters bounds how many chapters are written one by one.
const maxChapters = 20_000

// chaptersOf gives the array of chapters for a set: what stands there and is in
// the set, or has no number, stays as it is; the rest of the set follows.
func chaptersOf(e tracker.Entry, seen tracker.Numbers) string {
	out := []byte{'['}
	put := func(value string) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, value...)
	}
	missing := map[int64]bool{}
	for n := range seen.All {
		missing[n] = true
	}
	known := maps.Clone(missing)
	for _, item := range listfile.Items(listed(e, elChapters)) {
		n := numberOf([]byte(item))
		if n > 0 && !known[n] {
			continue
		}
		delete(missing, n)
		if item == "" {
			item = "null"
		}
		put(item)
	}
	for n := range seen.All {
		if missing[n] {
			put(`"` + strconv.FormatInt(n, 10) + `"`)
		}
	}
	return string(append(out, ']'))
}

// statusName gives the name of a status, in JSON.
func statusName(f tracker.Facts) string {
	i := slices.IndexFunc(statuses, func(s naming) bool {
		return s.repeating == f.Repeating && (s.repeating || s.status == f.Status)
	})
	if i < 0 {
		return `"plan_to_read"`
	}
	return listfile.Quote(statuses[i].name)
}

// Blank implements tracker.Format.
func (f Format) Blank(_ tracker.Kind, nativeID string, facts tracker.Facts) tracker.Entry {
	e := tracker.Entry{Facts: facts}
	id := ""
	if uuidPattern.MatchString(nativeID) {
		id = listfile.Quote(nativeID)
	}
	e.Native = []tracker.Field{{elID, id}, {elTitle, listfile.Quote(facts.Title)}, {elStatus, statusName(facts)}, {elRating, ""}, {elLinks, ""}}
	return f.Conform(e)
}
