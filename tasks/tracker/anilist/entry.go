package anilist

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// maxCount is the greatest count of anything; it fits an int32, as the
// published API tells counts.
const maxCount = 1<<31 - 1

var errNumber = errors.New("not a whole number")

// numberIn reads a whole number, also one that stands as a text.
func numberIn(value string) (int64, error) {
	if text, ok := listfile.Text(value); ok {
		value = text
	}
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		return n, nil
	}
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, errNumber
	}
	return int64(f), nil
}

// idOf gives the id of an entry's work, in JSON; empty: it has none.
func idOf(o *listfile.Object) string {
	if id, _ := o.Get(elID); id != "" {
		return id
	}
	raw, _ := o.Get("media")
	media, _ := listfile.ParseObject(raw)
	id, _ := media.Get("id")
	return id
}

// mediaKinds maps the formats of works.
var mediaKinds = map[string]tracker.Kind{
	"TV": tracker.Anime, "TV_SHORT": tracker.Anime, "MOVIE": tracker.Anime, "SPECIAL": tracker.Anime, "OVA": tracker.Anime,
	"ONA": tracker.Anime, "MUSIC": tracker.Anime,
	"MANGA": tracker.Manga, "NOVEL": tracker.Manga, "ONE_SHOT": tracker.Manga,
}

// ownKind tells the kind of an entry by what it says of its work; empty: it
// does not say.
func ownKind(o *listfile.Object) tracker.Kind {
	raw, _ := o.Get("media")
	media, _ := listfile.ParseObject(raw)
	word := func(name string) string {
		value, _ := media.Get(name)
		text, _ := listfile.Text(value)
		return strings.ToUpper(text)
	}
	if kind := kindNamed(word("type")); kind != "" {
		return kind
	}
	if kind := mediaKinds[word("format")]; kind != "" {
		return kind
	}
	if episodes, _ := media.Get("episodes"); episodes != "" {
		return tracker.Anime
	}
	for _, name := range []string{"chapters", "volumes"} {
		if n, _ := media.Get(name); n != "" {
			return tracker.Manga
		}
	}
	return ""
}

// titleNames are the titles of a work, the one to show first.
var titleNames = []string{"userPreferred", "romaji", "english", "native"}

// titleIn reads the title out of media.title.
func titleIn(value string) string {
	if text, ok := listfile.Text(value); ok {
		return strings.TrimSpace(text)
	}
	titles, _ := listfile.ParseObject(value)
	for _, name := range titleNames {
		raw, _ := titles.Get(name)
		if text, _ := listfile.Text(raw); strings.TrimSpace(text) != "" {
			return strings.TrimSpace(text)
		}
	}
	return ""
}

// fields reads native values one after the other and keeps the first fault.
type fields struct {
	entry tracker.Entry
	fault string
}

func (f *fields) get(name string) string {
	value, _ := f.entry.Get(name)
	return value
}

func (f *fields) wrong(name, want string) {
	if f.fault == "" {
		f.fault = fmt.Sprintf("The member %s is %s, which is not %s.", name, tasks.Clip(f.get(name), 40), want)
	}
}

// factsOf reads the facts; fault says what could not be read.
func factsOf(e tracker.Entry) (facts tracker.Facts, fault string) {
	f := &fields{entry: e}
	kind := kindIn(e)
	facts = tracker.Facts{
		Title:        titleIn(f.get(elTitle)),
		Progress:     f.count(elProgress),
		Volumes:      f.count(elVolumes),
		Total:        f.total(totalOf(kind)),
		TotalVolumes: f.total(elAllVolumes),
		Repeats:      f.count(elRepeat),
		Score:        f.score(),
		Start:        f.date(elStart),
		Finish:       f.date(elFinish),
		Private:      f.truth(elPrivate),
	}
	facts.Status, facts.Repeating = f.status()
	notes, ok := listfile.Text(f.get(elNotes))
	if !ok {
		f.wrong(elNotes, "a text")
	}
	facts.Notes = notes
	return facts, f.fault
}

func (f *fields) count(name string) int64 {
	value := f.get(name)
	if value == "" {
		return 0
	}
	n, err := numberIn(value)
	if err != nil || n < 0 || n > maxCount {
		f.wrong(name, "a count")
		return 0
	}
	return n
}

// total reads what a work has in all; what is no count is unknown.
func (f *fields) total(name string) int64 {
	n, err := numberIn(f.get(name))
	if err != nil || n < 0 || n > maxCount {
		return 0
	}
	return n
}

func (f *fields) score() int64 {
	score, err := scoreOf(f.get(elScore))
	if err != nil || !(score >= 0 && score <= 100) {
		f.wrong(elScore, "a score that the list's score format knows")
		return 0
	}
	return int64(math.Round(score))
}

func (f *fields) truth(name string) bool {
	switch f.get(name) {
	case "", "false", "0":
		return false
	case "true", "1":
		return true
	}
	f.wrong(name, "true or false")
	return false
}

// naming is what the site calls a status.
type naming struct {
	name      string
	status    tracker.Status
	repeating bool
}

// statuses are in the order of the site's own numbers for them. A repeat is
// completed, and runs.
var statuses = []naming{
	{"CURRENT", tracker.Watching, false},
	{"PLANNING", tracker.PlannedTo, false},
	{"COMPLETED", tracker.Done, false},
	{"DROPPED", tracker.Dropped, false},
	{"PAUSED", tracker.Paused, false},
	{"REPEATING", tracker.Done, true},
}

func (f *fields) status() (tracker.Status, bool) {
	text, _ := listfile.Text(f.get(elStatus))
	for _, s := range statuses {
		if strings.EqualFold(text, s.name) {
			return s.status, s.repeating
		}
	}
	f.wrong(elStatus, "one of CURRENT, PLANNING, COMPLETED, DROPPED, PAUSED, REPEATING")
	return "", false
}

// statusName gives the name of a status, in JSON.
func statusName(facts tracker.Facts) string {
	if facts.Repeating {
		return `"REPEATING"`
	}
	i := slices.IndexFunc(statuses, func(s naming) bool { return s.status == facts.Status })
	if i < 0 {
		return `"PLANNING"`
	}
	return listfile.Quote(statuses[i].name)
}

// date reads {"year":2024,"month":5,"day":null}, of which any part may be null.
// A day or a month of an unknown year says nothing.
func (f *fields) date(name string) tracker.Date {
	value := f.get(name)
	var parts struct{ Year, Month, Day *int }
	if value == "" {
		return tracker.Date{}
	}
	if value[0] != '{' || json.Unmarshal([]byte(value), &parts) != nil {
		f.wrong(name, "a date with year, month and day")
		return tracker.Date{}
	}
	d := tracker.Date{Year: valueOf(parts.Year), Month: valueOf(parts.Month), Day: valueOf(parts.Day)}
	if d.Year == 0 {
		return tracker.Date{}
	}
	if d.Month == 0 {
		d.Day = 0
	}
	if !d.Valid() {
		f.wrong(name, "a date that exists")
		return tracker.Date{}
	}
	return d
}

func valueOf(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// dateValue spells a date as the site does, in JSON.
func dateValue(d tracker.Date) string {
	part := func(n int) string {
		if n == 0 {
			return "null"
		}
		return strconv.Itoa(n)
	}
	return `{"year":` + part(d.Year) + `,"month":` + part(d.Month) + `,"day":` + part(d.Day) + `}`
}
