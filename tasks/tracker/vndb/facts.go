package vndb

import (
	"fmt"
	"strconv"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// factsOf reads the facts out of native values; fault says what could not be
// read. An entry without a label that says so has no status.
func factsOf(e tracker.Entry) (facts tracker.Facts, fault string) {
	get := func(name string) string {
		value, _ := e.Get(name)
		return strings.TrimSpace(value)
	}
	wrong := func(name, want string) {
		if fault == "" {
			fault = fmt.Sprintf("The element %s says %q, which is not %s.", name, tasks.Clip(get(name), 40), want)
		}
	}
	labels, _ := e.Get(atLabels)
	facts = tracker.Facts{Title: get(elTitle), Status: statusOf(labelsIn(labels)), Private: get(atPrivate) == "true"}
	facts.Notes, _ = e.Get(elNotes)
	var ok bool
	if facts.Score, ok = scoreOf(get(elVote)); !ok {
		wrong(elVote, "a vote from 1 to 10")
	}
	if facts.Start, ok = dateOf(get(elStarted)); !ok {
		wrong(elStarted, "a date such as 2024-05-17")
	}
	if facts.Finish, ok = dateOf(get(elFinished)); !ok {
		wrong(elFinished, "a date such as 2024-05-17")
	}
	return facts, fault
}

// scoreOf reads a vote of 1 to 10 with one decimal as 10 to 100; nothing, - and
// 0 are none.
func scoreOf(raw string) (score int64, ok bool) {
	if raw == "" || raw == "-" || raw == "0" {
		return 0, true
	}
	whole, tenth, _ := strings.Cut(raw, ".")
	n, err := strconv.ParseUint(whole, 10, 8)
	if err != nil || len(tenth) > 1 {
		return 0, false
	}
	var t uint64
	if tenth != "" {
		if t, err = strconv.ParseUint(tenth, 10, 8); err != nil {
			return 0, false
		}
	}
	score = int64(n*10 + t)
	return score, score >= 10 && score <= 100
}

// voteOf writes a score as the export has it: 8 or 8.5.
func voteOf(score int64) string {
	switch {
	case score == 0:
		return ""
	case score%10 == 0:
		return strconv.FormatInt(score/10, 10)
	}
	return strconv.FormatInt(score/10, 10) + "." + strconv.FormatInt(score%10, 10)
}

// dateOf reads 2024-05-17, and what is less precise: 2024-05 and 2024, also
// with zeros for what is unknown. Nothing and zeros only are unset.
func dateOf(raw string) (d tracker.Date, ok bool) {
	if raw == "" {
		return d, true
	}
	parts := strings.Split(raw, "-")
	if len(parts) > 3 || len(parts[0]) != 4 {
		return d, false
	}
	var numbers [3]int
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || (i > 0 && len(p) != 2) {
			return d, false
		}
		numbers[i] = int(n)
	}
	if d = (tracker.Date{Year: numbers[0], Month: numbers[1], Day: numbers[2]}); d.Month == 0 {
		d.Day = 0 // a day of an unknown month says nothing
	}
	return d, d.Valid()
}

// dateText writes a date in its precision; unset is nothing.
func dateText(d tracker.Date) string {
	if d.IsZero() {
		return ""
	}
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "-00"), "-00")
}

// Conform implements tracker.Format. The site has votes of 10 to 100 only, so a
// lower score becomes 10.
func (Format) Conform(e tracker.Entry) tracker.Entry {
	said, _ := factsOf(e)
	if e.Score > 0 {
		e.Score = min(max(e.Score, 10), 100)
	}
	set := func(differs bool, name, value string) {
		if differs {
			e = e.With(name, value)
		}
	}
	set(said.Private != e.Private, atPrivate, strconv.FormatBool(e.Private))
	set(said.Title != e.Title, elTitle, e.Title)
	if said.Status != e.Status && e.Status != "" {
		labels, _ := e.Get(atLabels)
		set(true, atLabels, labelsText(relabelled(labelsIn(labels), e.Status)))
	}
	set(said.Score != e.Score, elVote, voteOf(e.Score))
	set(said.Start != e.Start, elStarted, dateText(e.Start))
	set(said.Finish != e.Finish, elFinished, dateText(e.Finish))
	set(said.Notes != e.Notes, elNotes, e.Notes)
	return e
}

// Blank implements tracker.Format.
func (f Format) Blank(_ tracker.Kind, nativeID string, facts tracker.Facts) tracker.Entry {
	id, _ := idOf(nativeID)
	e := tracker.Entry{Facts: facts, Native: []tracker.Field{
		{atID, id},
		{atPrivate, "false"},
		{elTitle, ""},
		{atLabels, ""},
		{elVote, ""},
		{elStarted, ""},
		{elFinished, ""},
		{elNotes, ""},
	}}
	return f.Conform(e)
}
