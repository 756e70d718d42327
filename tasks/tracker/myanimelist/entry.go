package myanimelist

import (
	"fmt"
	"strconv"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// rowOf reads the facts out of the native values of one entry.
func rowOf(n names, e tracker.Entry) tracker.Row {
	row := tracker.Row{Key: tracker.RecordKey{Provider: tracker.MyAnimeList, Kind: n.kind}, Entry: e}
	raw, _ := e.Get(n.id)
	raw = strings.TrimSpace(raw)
	id, err := strconv.ParseInt(raw, 10, 64)
	row.Key.NativeID = strconv.FormatInt(id, 10)
	switch {
	case raw == "" || (err == nil && id == 0):
		row.Key.NativeID = "0"
		row.Fault, row.Foreign = "The entry has no MyAnimeList id, so it is not known which work it is.", true
	case err != nil || id < 0:
		row.Key.NativeID = printable(raw)
		row.Fault = fmt.Sprintf("The id %q is not a number above 0.", tasks.Clip(raw, 40))
	default:
		row.Entry.Facts, row.Fault = factsOf(n, e)
	}
	if title, _ := e.Get(n.title); row.Fault != "" && title != "" {
		row.Fault += " Its title is " + strconv.Quote(tasks.Clip(title, 80)) + "."
	}
	return row
}

// printable makes a key of what was given as an id.
func printable(raw string) string {
	return strings.Trim(strconv.QuoteToASCII(tasks.Clip(raw, 40)), `"`)
}

// fields reads native values one after the other and keeps the first fault.
type fields struct {
	entry tracker.Entry
	fault string
}

func (f *fields) get(name string) string {
	if name == "" {
		return ""
	}
	value, _ := f.entry.Get(name)
	return strings.TrimSpace(value)
}

func (f *fields) wrong(name, want string) {
	if f.fault == "" {
		f.fault = fmt.Sprintf("The element %s says %q, which is not %s.", name, tasks.Clip(f.get(name), 40), want)
	}
}

// factsOf reads the facts; fault says what could not be read.
func factsOf(n names, e tracker.Entry) (facts tracker.Facts, fault string) {
	f := &fields{entry: e}
	facts = tracker.Facts{
		Title:        f.get(n.title),
		Status:       f.status(n),
		Progress:     f.count(n.progress),
		Volumes:      f.count(n.volumes),
		Total:        f.total(n.total),
		TotalVolumes: f.total(n.totalVolumes),
		Repeats:      f.count(n.repeats),
		Repeating:    f.truth(n.repeating),
		Score:        f.score(),
		Start:        f.date(elStart),
		Finish:       f.date(elFinish),
	}
	facts.Notes, _ = e.Get(elNotes)
	return facts, f.fault
}

// maxCount is the greatest count of anything; it fits an int32, as the
// published API tells counts.
const maxCount = 1<<31 - 1

func (f *fields) count(name string) int64 {
	raw := f.get(name)
	if raw == "" {
		return 0
	}
	v, err := strconv.ParseInt(raw, 10, 64)
	if err != nil || v < 0 || v > maxCount {
		f.wrong(name, "a count")
		return 0
	}
	return v
}

// total reads what a work has in all; lists say N/A or 0 where it is unknown.
func (f *fields) total(name string) int64 {
	v, err := strconv.ParseInt(f.get(name), 10, 64)
	if err != nil || v < 0 || v > maxCount {
		return 0
	}
	return v
}

func (f *fields) score() int64 {
	v := f.count(elScore)
	if v > 10 {
		f.wrong(elScore, "a score from 0 to 10")
		return 0
	}
	return v * 10
}

// truth reads 0 and 1, as anime lists write it, YES and NO, as manga lists do,
// and nothing, which both leave now and then.
func (f *fields) truth(name string) bool {
	switch strings.ToUpper(f.get(name)) {
	case "", "0", "NO", "FALSE":
		return false
	case "1", "YES", "TRUE":
		return true
	}
	f.wrong(name, "yes or no")
	return false
}

// statuses maps what lists write, in letters only and in lower case, and the
// numbers that some tools write instead.
var statuses = map[string]tracker.Status{
	"watching": tracker.Watching, "reading": tracker.Watching, "1": tracker.Watching,
	"completed": tracker.Done, "2": tracker.Done,
	"onhold": tracker.Paused, "3": tracker.Paused,
	"dropped": tracker.Dropped, "4": tracker.Dropped,
	"plantowatch": tracker.PlannedTo, "plantoread": tracker.PlannedTo, "6": tracker.PlannedTo,
}

func (f *fields) status(n names) tracker.Status {
	plain := strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(f.get(elStatus)))
	status, ok := statuses[plain]
	if !ok {
		f.wrong(elStatus, "one of "+n.watching+", Completed, On-Hold, Dropped, "+n.planned)
	}
	return status
}

// date reads 2024-05-17, 2024-05-00, 2024-00-00, the shorter 2024-05 and 2024,
// and 0000-00-00 for unset. A date whose year is unknown, such as 0000-05-17, is
// unset, too.
func (f *fields) date(name string) tracker.Date {
	raw := f.get(name)
	if raw == "" {
		return tracker.Date{}
	}
	parts := strings.Split(raw, "-")
	var numbers [3]int
	ok := len(parts) <= 3 && len(parts[0]) == 4
	for i := 0; ok && i < len(parts); i++ {
		n, err := strconv.ParseUint(parts[i], 10, 16)
		ok = err == nil && (i == 0 || len(parts[i]) <= 2)
		numbers[i] = int(n)
	}
	d := tracker.Date{Year: numbers[0], Month: numbers[1], Day: numbers[2]}
	if d.Month == 0 {
		d.Day = 0 // a day of an unknown month says nothing
	}
	if ok && d.Year == 0 && d.Month <= 12 && d.Day <= 31 {
		return tracker.Date{} // nor does a month of an unknown year
	}
	if !ok || !d.Valid() {
		f.wrong(name, "a date such as 2024-05-17")
		return tracker.Date{}
	}
	return d
}
