package myanimelist

import (
	"slices"
	"strconv"

	"asapi/tasks/tracker"
)

// Conform implements tracker.Format.
func (Format) Conform(e tracker.Entry) tracker.Entry {
	n := namesIn(e)
	said, _ := factsOf(n, e)
	set := func(differs bool, name, value string) {
		if differs && name != "" {
			e = e.With(name, value)
		}
	}
	count := func(said, now int64, name string) { set(said != now, name, strconv.FormatInt(now, 10)) }
	set(said.Title != e.Title, n.title, e.Title)
	set(said.Status != e.Status, elStatus, n.status(e.Status))
	count(said.Progress, e.Progress, n.progress)
	count(said.Volumes, e.Volumes, n.volumes)
	count(said.Total, e.Total, n.total)
	count(said.TotalVolumes, e.TotalVolumes, n.totalVolumes)
	count(said.Repeats, e.Repeats, n.repeats)
	set(said.Score != e.Score, elScore, strconv.FormatInt((e.Score+5)/10, 10))
	set(said.Start != e.Start, elStart, e.Start.String())
	set(said.Finish != e.Finish, elFinish, e.Finish.String())
	set(said.Notes != e.Notes, elNotes, e.Notes)
	repeating := n.no
	if e.Repeating {
		repeating = n.yes
	}
	set(said.Repeating != e.Repeating, n.repeating, repeating)
	return e
}

func (n names) status(s tracker.Status) string {
	switch s {
	case tracker.Watching:
		return n.watching
	case tracker.Done:
		return "Completed"
	case tracker.Paused:
		return "On-Hold"
	case tracker.Dropped:
		return "Dropped"
	case tracker.PlannedTo:
	}
	return n.planned
}

// blanks are what the site writes where nothing was set, if that is not empty.
var blanks = map[string]string{
	"my_id": "0", "my_storage_value": "0.00", "my_rewatching_ep": "0", "my_sns": "default", "my_retail_volumes": "0",
	"manga_volumes": "0", "manga_chapters": "0", "series_episodes": "0", "my_watched_episodes": "0",
	"my_read_volumes": "0", "my_read_chapters": "0", "my_times_watched": "0", "my_times_read": "0", elScore: "0",
	elStart: "0000-00-00", elFinish: "0000-00-00", "my_rewatching": "0", "my_rereading": "NO",
}

// Blank implements tracker.Format.
func (f Format) Blank(kind tracker.Kind, nativeID string, facts tracker.Facts) tracker.Entry {
	n := namesOf(kind)
	e := tracker.Entry{Facts: facts}
	for _, name := range n.elements() {
		if name != "my_dvd" { // of the older generation only
			e.Native = append(e.Native, tracker.Field{name, blanks[name]})
		}
	}
	e = e.With(n.id, nativeID).With(elStatus, n.status(facts.Status)).With("my_priority", "Low").With("my_discuss", n.yes)
	if kind == tracker.Anime {
		e = e.With("my_priority", "LOW").With("series_type", "Unknown")
	}
	return f.Conform(e)
}

// inOrder sorts native values as the site writes them. Names it does not have
// follow in the order they came. update_on_import, which earlier
// versions kept, is left out.
func (n names) inOrder(native []tracker.Field) []tracker.Field {
	rank := map[string]int{}
	for i, name := range n.elements() {
		rank[name] = i + 1
	}
	sorted := slices.DeleteFunc(slices.Clone(native), func(f tracker.Field) bool { return f[0] == elUpdate })
	place := func(f tracker.Field) int {
		if r := rank[f[0]]; r > 0 {
			return r
		}
		return len(rank) + 1
	}
	slices.SortStableFunc(sorted, func(a, b tracker.Field) int { return place(a) - place(b) })
	return sorted
}
