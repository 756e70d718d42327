package mangaupdates

import (
	"strconv"
	"strings"

	"asapi/tasks/tracker"
)

// Conform implements tracker.Format.
func (Format) Conform(e tracker.Entry) tracker.Entry {
	said, _ := factsOf(e)
	set := func(differs bool, name, value string) {
		if differs {
			e = e.With(name, value)
		}
	}
	set(said.Title != e.Title, elSeries, strings.Join(strings.Fields(e.Title), " "))
	set(said.Progress != e.Progress, elChapter, strconv.FormatInt(e.Progress, 10))
	set(said.Volumes != e.Volumes, elVolume, strconv.FormatInt(e.Volumes, 10))
	set(said.Score != e.Score, elRating, ratingOf(e.Score))
	set(said.Status != e.Status || e.Repeating, elList, statusList(e.Facts))
	return e
}

// ratingOf spells a score as the site does.
func ratingOf(score int64) string {
	if score == 0 {
		return "N/A"
	}
	return strconv.FormatFloat(float64(score)/10, 'f', -1, 64)
}

// Blank implements tracker.Format.
func (f Format) Blank(_ tracker.Kind, nativeID string, facts tracker.Facts) tracker.Entry {
	e := tracker.Entry{Facts: facts, Native: []tracker.Field{
		{elSeries, ""}, {elVolume, "0"}, {elChapter, "0"}, {elDate, ""}, {elRating, "N/A"},
	}}
	if id, known := idIn(nativeID); known && id != "" && !strings.HasPrefix(nativeID, "title-") {
		e = e.With(elID, id)
	}
	return f.Conform(e.With(elList, statusList(facts)))
}
