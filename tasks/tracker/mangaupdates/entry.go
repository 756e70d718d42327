package mangaupdates

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// maxCount is the greatest count of anything; it fits an int32, as the
// published API tells counts.
const maxCount = 1<<31 - 1

func rowOf(e tracker.Entry, broken bool, line int) tracker.Row {
	row := tracker.Row{Key: tracker.RecordKey{Provider: tracker.MangaUpdates, Kind: tracker.Manga, NativeID: "0"}, Entry: e}
	raw, _ := e.Get(elID)
	id, known := idIn(raw)
	title := titleIn(e)
	switch {
	case broken:
		row.Fault = fmt.Sprintf("Line %d holds what is no text (NUL characters, or another encoding than UTF-8).", line)
		return row
	case !known:
		row.Fault = fmt.Sprintf("Line %d has the id %q, which is neither a number nor the end of a series' address.", line, tasks.Clip(raw, 40))
	case id == "" && title == "":
		row.Fault, row.Foreign = fmt.Sprintf("Line %d has neither a title nor an id, so it is not known which work it is.", line), true
		return row
	case id == "":
		row.Key.NativeID = tracker.TitleID(title)
		row.Note = "The file has no MangaUpdates id of this entry; it is kept by its title."
	default:
		row.Key.NativeID = id
	}
	if row.Fault == "" {
		row.Entry.Facts, row.Fault = factsOf(e)
	}
	if row.Fault != "" {
		row.Note = ""
		if title != "" {
			row.Fault += fmt.Sprintf(" Its title is %q.", tasks.Clip(title, 80))
		}
	}
	return row
}

// titleIn gives the title of an entry.
func titleIn(e tracker.Entry) string {
	title, _ := e.Get(elSeries)
	return strings.Join(strings.Fields(title), " ")
}

var (
	addressPattern = regexp.MustCompile(`mangaupdates\.com/series/([0-9a-z]+)`)
	oldAddress     = regexp.MustCompile(`mangaupdates\.com/series\.html\?id=([0-9]+)`)
	slugPattern    = regexp.MustCompile(`^[0-9a-z]{1,13}$`)
)

// idIn gives an id in decimal: of a number, of an address, or of the part of one
// that names the series, which is the number in base 36. An id of before 2022
// stays as it is; references of old and new ids turn it into one of today. known
// is false when the cell says something else; no id is an empty one.
func idIn(cell string) (id string, known bool) {
	cell = strings.ToLower(strings.TrimSpace(cell))
	if cell == "" || cell == "n/a" {
		return "", true
	}
	slug := ""
	if found := oldAddress.FindStringSubmatch(cell); found != nil {
		cell = found[1]
	} else if found := addressPattern.FindStringSubmatch(cell); found != nil {
		slug = found[1]
	} else if _, err := strconv.ParseUint(cell, 10, 63); err != nil {
		slug = cell
	}
	number, base := cell, 10
	if slug != "" {
		if !slugPattern.MatchString(slug) {
			return "", false
		}
		number, base = slug, 36
	}
	n, err := strconv.ParseInt(number, base, 64)
	if err != nil || n < 0 {
		return "", false
	}
	if n == 0 {
		return "", true
	}
	return strconv.FormatInt(n, 10), true
}

// fields reads native values one after the other and keeps the first fault.
type fields struct {
	entry tracker.Entry
	fault string
}

func (f *fields) get(name string) string {
	value, _ := f.entry.Get(name)
	return strings.TrimSpace(value)
}

func (f *fields) wrong(name, want string) {
	if f.fault == "" {
		f.fault = fmt.Sprintf("The column %s says %q, which is not %s.", name, tasks.Clip(f.get(name), 40), want)
	}
}

// factsOf reads the facts; fault says what could not be read.
func factsOf(e tracker.Entry) (facts tracker.Facts, fault string) {
	f := &fields{entry: e}
	facts = tracker.Facts{Title: titleIn(e), Progress: f.number(elChapter), Volumes: f.number(elVolume), Score: f.rating()}
	l, ok := listNamed(f.get(elList))
	if !ok {
		f.wrong(elList, "one of read, wish, complete, unfinished, hold")
	}
	facts.Status = l.status
	return facts, f.fault
}

// none are what cells say where nothing is set.
func none(text string) bool { return text == "" || text == "-" || strings.EqualFold(text, "n/a") }

var numberPattern = regexp.MustCompile(`^(?i:v|vol|volume|c|ch|chapter)?[. ]*([0-9]+)(?:\.[0-9]+)?$`)

// number reads a volume or a chapter, such as 12, 12.5 or c.12; the part of a
// chapter that was read does not count.
func (f *fields) number(name string) int64 {
	text := f.get(name)
	if none(text) {
		return 0
	}
	found := numberPattern.FindStringSubmatch(text)
	if found == nil {
		f.wrong(name, "a number")
		return 0
	}
	n, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil || n > maxCount {
		f.wrong(name, "a count")
		return 0
	}
	return n
}

// rating reads 0 to 10 with one decimal; N/A and 0 are none.
func (f *fields) rating() int64 {
	text := f.get(elRating)
	if none(text) {
		return 0
	}
	n, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	if err != nil || !(n >= 0 && n <= 10) {
		f.wrong(elRating, "a rating from 0 to 10")
		return 0
	}
	return int64(math.Round(n * 10))
}
