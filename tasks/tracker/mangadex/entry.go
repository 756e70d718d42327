package mangadex

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
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

var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// urlPattern finds the id in the address of a title.
var urlPattern = regexp.MustCompile(`mangadex\.org/(?:title|manga)/([0-9a-fA-F-]{36})`)

// rowOf makes a row of an entry; where says what it is in its file, such as
// "Entry 3".
func rowOf(e tracker.Entry, broken bool, where string) tracker.Row {
	row := tracker.Row{Key: tracker.RecordKey{Provider: tracker.MangaDex, Kind: tracker.Manga, NativeID: "0"}, Entry: e}
	id, title := idIn(e), titleOf(e)
	switch {
	case broken:
		row.Fault = where + " holds what is no text (NUL characters, or another encoding than UTF-8)."
		return row
	case id == "" && title == "":
		row.Fault, row.Foreign = where+" has neither an id nor a title, so it is not known which work it is.", true
		return row
	case id == "":
		row.Key.NativeID = tracker.TitleID(title)
		row.Note = "The file has no MangaDex id of this entry; it is kept by its title."
	case !uuidPattern.MatchString(id):
		row.Fault = fmt.Sprintf("%s has the id %q, which is no UUID.", where, tasks.Clip(id, 40))
	default:
		row.Key.NativeID = id
	}
	if row.Fault == "" {
		row.Entry.Facts, row.Fault = factsOf(e)
		row.Same = sameIn(e)
	}
	if row.Fault != "" {
		row.Note, row.Fault = "", strings.ToValidUTF8(row.Fault, "?")
		if title != "" {
			row.Fault += fmt.Sprintf(" Its title is %q.", tasks.Clip(title, 80))
		}
	}
	return row
}

// idIn gives the id of an entry in lower case, or the one in its address.
func idIn(e tracker.Entry) string {
	for _, name := range []string{elID, elURL} {
		value, _ := e.Get(name)
		text, _ := listfile.Text(value)
		if found := urlPattern.FindStringSubmatch(text); found != nil {
			text = found[1]
		} else if name == elURL {
			continue
		}
		if text = strings.ToLower(strings.TrimSpace(text)); text != "" {
			return text
		}
	}
	return ""
}

// titleOf gives the title: a text, or one text for each language, of which the
// English one is shown, or else the first.
func titleOf(e tracker.Entry) string {
	value, _ := e.Get(elTitle)
	if value == "" {
		attributes, _ := listfile.ParseObject(listed(e, "attributes"))
		value, _ = attributes.Get(elTitle)
	}
	if text, ok := listfile.Text(value); ok {
		return strings.TrimSpace(text)
	}
	titles, _ := listfile.ParseObject(value)
	if raw, ok := titles.Get("en"); ok {
		text, _ := listfile.Text(raw)
		return strings.TrimSpace(text)
	}
	for _, m := range titles.Members {
		if text, _ := listfile.Text(m.Value); text != "" {
			return strings.TrimSpace(text)
		}
	}
	return ""
}

func listed(e tracker.Entry, name string) string {
	value, _ := e.Get(name)
	return value
}

// linksIn gives the ids at other sites; they may be null, or stand deeper.
func linksIn(e tracker.Entry) listfile.Object {
	for _, outer := range []string{"", "attributes", "metadata"} {
		value := listed(e, elLinks)
		if outer != "" {
			o, _ := listfile.ParseObject(listed(e, outer))
			value, _ = o.Get(elLinks)
		}
		if links, ok := listfile.ParseObject(value); ok {
			return links
		}
	}
	return listfile.Object{}
}

// sameIn names the same work at other providers. A number at MangaUpdates is an
// id of old, which references turn into a new one; anything else is a new id in
// base 36.
func sameIn(e tracker.Entry) []tracker.RecordKey {
	var same []tracker.RecordKey
	links := linksIn(e)
	add := func(link string, p tracker.Provider, idOf func(string) string) {
		raw, _ := links.Get(link)
		text, ok := listfile.Text(raw)
		if !ok {
			text = raw // a bare number
		}
		if id := idOf(strings.TrimSpace(text)); tracker.ValidID(p, id) {
			same = append(same, tracker.RecordKey{Provider: p, Kind: tracker.Manga, NativeID: id})
		}
	}
	itself := func(id string) string { return id }
	add("mal", tracker.MyAnimeList, itself)
	add("al", tracker.AniList, itself)
	add("mu", tracker.MangaUpdates, func(id string) string {
		if _, err := strconv.ParseUint(id, 10, 63); err == nil {
			return id
		}
		n, err := strconv.ParseInt(strings.ToLower(id), 36, 64)
		if err != nil {
			return ""
		}
		return strconv.FormatInt(n, 10)
	})
	return same
}

// fields reads native values one after the other and keeps the first fault.
type fields struct {
	entry tracker.Entry
	fault string
}

func (f *fields) wrong(name, want string) {
	if f.fault == "" {
		f.fault = fmt.Sprintf("The member %s is %s, which is not %s.", name, tasks.Clip(listed(f.entry, name), 40), want)
	}
}

// factsOf reads the facts; fault says what could not be read.
func factsOf(e tracker.Entry) (facts tracker.Facts, fault string) {
	f := &fields{entry: e}
	facts = tracker.Facts{Title: titleOf(e), Score: f.rating(), Volumes: f.number(elVolume), Progress: f.number(elCurrent)}
	if chapters := listed(e, elChapters); chapters != "" {
		facts.Seen = f.chapters()
		facts.Progress = facts.Seen.Count()
	}
	facts.Status, facts.Repeating = f.status(facts.Progress)
	return facts, f.fault
}

// naming is what the site calls a status.
type naming struct {
	name      string
	status    tracker.Status
	repeating bool
}

var statuses = []naming{
	{"reading", tracker.Watching, false},
	{"on_hold", tracker.Paused, false},
	{"plan_to_read", tracker.PlannedTo, false},
	{"dropped", tracker.Dropped, false},
	{"re_reading", tracker.Done, true},
	{"completed", tracker.Done, false},
}

// status reads a status, in any case, with blanks or hyphens too. What is
// followed without one is read when something of it was, and else planned.
func (f *fields) status(progress int64) (tracker.Status, bool) {
	text, ok := listfile.Text(listed(f.entry, elStatus))
	plain := strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(text)))
	i := slices.IndexFunc(statuses, func(s naming) bool { return s.name == plain })
	switch {
	case ok && i >= 0:
		return statuses[i].status, statuses[i].repeating
	case !ok || plain != "" && plain != "none":
		f.wrong(elStatus, "one of reading, on_hold, plan_to_read, dropped, re_reading, completed")
	case progress > 0:
		return tracker.Watching, false
	}
	return tracker.PlannedTo, false
}

// rating reads 1 to 10, or the API's {"rating":8}; 0 and null are none.
func (f *fields) rating() int64 {
	value := listed(f.entry, elRating)
	if o, ok := listfile.ParseObject(value); ok {
		value, _ = o.Get(elRating)
	}
	text, ok := listfile.Text(value)
	if !ok {
		text = value
	}
	if text = strings.TrimSpace(text); text == "" {
		return 0
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0 && n <= 10) {
		f.wrong(elRating, "a rating from 1 to 10")
		return 0
	}
	return int64(math.Round(n * 10))
}

// number reads the number of a chapter or a volume; of 12.5, twelve were read.
func (f *fields) number(name string) int64 {
	value := listed(f.entry, name)
	text, ok := listfile.Text(value)
	if !ok {
		text = value
	}
	if text = strings.TrimSpace(text); text == "" {
		return 0
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0 && n <= maxCount) {
		f.wrong(name, "a number")
		return 0
	}
	return int64(n)
}

// chapters reads which regular chapters were read: the distinct whole numbers
// above 0. Each is a number, a text that is one, or an object that has its
// number; several ids of one chapter are several of those. What has no number
// counts for nothing.
func (f *fields) chapters() tracker.Numbers {
	var items []json.RawMessage
	if json.Unmarshal([]byte(listed(f.entry, elChapters)), &items) != nil {
		f.wrong(elChapters, "an array of numbers of chapters")
		return ""
	}
	var numbers []int64
	for _, item := range items {
		if n := numberOf(item); n > 0 {
			numbers = append(numbers, n)
		}
	}
	return tracker.NumbersOf(numbers)
}

// numberOf gives the number of a regular chapter; 0: it is none.
func numberOf(item json.RawMessage) int64 {
	value := listfile.Compact(item)
	if o, ok := listfile.ParseObject(value); ok {
		value, _ = o.Get("chapter")
	}
	text, ok := listfile.Text(value)
	if !ok {
		text = value
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || n != math.Trunc(n) || n < 1 || n > maxCount {
		return 0
	}
	return int64(n)
}
