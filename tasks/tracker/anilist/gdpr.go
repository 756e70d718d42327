package anilist

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// stampForm is how the site's data export writes moments, in UTC.
const stampForm = "2006-01-02 15:04:05"

// renamed maps the names of the site's data export to those of its API. What
// is not among them keeps its name and its value.
var renamed = map[string]string{
	"series_id": elID, "user_id": "userId", "progress_volume": elVolumes, "hidden_default": elHidden, "custom_lists": elCustom,
	"started_on": elStart, "finished_on": elFinish, "created_at": "createdAt", "updated_at": "updatedAt",
}

// exported takes over an entry of the site's own data export, in the names and
// values of the API, so that both make the same entry.
func (r *reader) exported(o *listfile.Object) (e tracker.Entry, kind tracker.Kind) {
	kindCode, _ := o.Get("series_type")
	switch kindCode {
	case "0":
		kind = tracker.Anime
	case "1":
		kind = tracker.Manga
	}
	for _, m := range o.Members {
		name, known := renamed[m.Name]
		if !known {
			name = m.Name
		}
		switch m.Name {
		case "series_type", elScore:
			continue
		case "status":
			m.Value = statusOfCode(m.Value)
		case "private", "hidden_default":
			m.Value = truthOfCode(m.Value)
		case "custom_lists":
			m.Value = r.flagged(kind, m.Value)
		case "started_on", "finished_on":
			m.Value = dateOfCode(m.Value)
		case "created_at", "updated_at":
			m.Value = momentOf(m.Value)
		}
		e.Native = append(e.Native, tracker.Field{name, m.Value})
	}
	if kind != "" {
		e = e.With(elType, typeOf(kind))
	}
	e = e.With(elScoreFormat, listfile.Quote(pointHundred.name))
	if score, given := o.Get(elScore); given {
		e = e.With(elScore, score)
	}
	return e, kind
}

// statusOfCode reads the number of a status; what is none stays, and factsOf
// tells.
func statusOfCode(value string) string {
	if n, err := numberIn(value); err == nil && n >= 0 && n < int64(len(statuses)) {
		return listfile.Quote(statuses[n].name)
	}
	return value
}

func truthOfCode(value string) string {
	switch value {
	case "0":
		return "false"
	case "1":
		return "true"
	}
	return value
}

// dateOfCode reads yyyymmdd with zeros for what is unknown; 0 is unset. What is
// none stays, and factsOf tells.
func dateOfCode(value string) string {
	n, err := numberIn(value)
	switch {
	case value == "":
		return ""
	case err != nil || n < 0 || n > 99991231:
		return value
	}
	return dateValue(tracker.Date{Year: int(n / 10000), Month: int(n / 100 % 100), Day: int(n % 100)})
}

// momentOf reads a moment as seconds since 1970; what is none stays.
func momentOf(value string) string {
	text, _ := listfile.Text(value)
	at, err := time.Parse(stampForm, text)
	if err != nil {
		return value
	}
	return strconv.FormatInt(at.Unix(), 10)
}

// flagged reads flags, by place, over the user's custom lists: a JSON array of 0
// and 1 in a text, which may be shorter than the list of names. A flag beyond
// the names gets a name of its number.
func (r *reader) flagged(kind tracker.Kind, value string) string {
	var flags []json.Number
	if json.Unmarshal(unwrapped(json.RawMessage(value)), &flags) != nil {
		return value
	}
	names := append([]string(nil), r.custom[kind]...)
	set := map[string]bool{}
	for i, flag := range flags {
		if i >= len(names) {
			names = append(names, fmt.Sprintf("#%d", i+1))
		}
		if flag != "0" {
			set[names[i]] = true
		}
	}
	return membership(names, func(name string) bool { return set[name] })
}

// statusCode gives the number of a status that the API has a name for.
func statusCode(value string) string {
	text, _ := listfile.Text(value)
	for i, s := range statuses {
		if strings.EqualFold(s.name, text) {
			return strconv.Itoa(i)
		}
	}
	return "1"
}
