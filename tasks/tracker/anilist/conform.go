package anilist

import (
	"strconv"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// Conform implements tracker.Format.
func (Format) Conform(e tracker.Entry) tracker.Entry {
	said, _ := factsOf(e)
	set := func(differs bool, name, value string) {
		if differs {
			e = e.With(name, value)
		}
	}
	count := func(said, now int64, name string) { set(said != now, name, strconv.FormatInt(now, 10)) }
	set(said.Title != e.Title, elTitle, withTitleIn(e))
	set(said.Status != e.Status || said.Repeating != e.Repeating, elStatus, statusName(e.Facts))
	count(said.Progress, e.Progress, elProgress)
	count(said.Volumes, e.Volumes, elVolumes)
	count(said.Total, e.Total, totalOf(kindIn(e)))
	count(said.TotalVolumes, e.TotalVolumes, elAllVolumes)
	count(said.Repeats, e.Repeats, elRepeat)
	count(said.Score, e.Score, elScore)
	set(said.Start != e.Start, elStart, dateValue(e.Start))
	set(said.Finish != e.Finish, elFinish, dateValue(e.Finish))
	set(said.Notes != e.Notes, elNotes, listfile.Quote(e.Notes))
	set(said.Private != e.Private, elPrivate, strconv.FormatBool(e.Private))
	return grouped(e)
}

// Plain implements tracker.Plainer: of the user's own lists an entry says which it is
// in. Which others there are may follow from entries beside it.
func (Format) Plain(e tracker.Entry) tracker.Entry {
	if _, ok := e.Get(elCustom); !ok {
		return e
	}
	return e.With(elCustom, membership(customIn(e), func(string) bool { return true }))
}

// withTitleIn gives media.title with the title that the facts say.
func withTitleIn(e tracker.Entry) string {
	value, _ := e.Get(elTitle)
	titles, _ := listfile.ParseObject(value)
	var out listfile.Writer
	out.Put("userPreferred", listfile.Quote(e.Title))
	for _, m := range titles.Members {
		if m.Name != "userPreferred" && m.Value != "" {
			out.Put(m.Name, m.Value)
		}
	}
	return out.String()
}

// Blank implements tracker.Format.
func (f Format) Blank(kind tracker.Kind, nativeID string, facts tracker.Facts) tracker.Entry {
	e := tracker.Entry{Facts: facts, Native: []tracker.Field{{elID, nativeID}, {elStatus, statusName(facts)}, {elProgress, "0"}}}
	if kind == tracker.Manga {
		e = e.With(elVolumes, "0")
	}
	unset := dateValue(tracker.Date{})
	e.Native = append(e.Native, tracker.Field{elRepeat, "0"}, tracker.Field{"priority", "0"}, tracker.Field{elPrivate, "false"},
		tracker.Field{elNotes, ""}, tracker.Field{elHidden, "false"}, tracker.Field{elCustom, ""}, tracker.Field{elStart, unset},
		tracker.Field{elFinish, unset}, tracker.Field{elType, typeOf(kind)},
		tracker.Field{elScoreFormat, listfile.Quote(pointHundred.name)}, tracker.Field{elScore, "0"})
	return f.Conform(e)
}
