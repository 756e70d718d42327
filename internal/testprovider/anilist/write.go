package anilist

import (
	"fmt"
	"net/http"
	"slices"
)

var statuses = []string{"CURRENT", "PLANNING", "COMPLETED", "DROPPED", "PAUSED", "REPEATING"}

// save creates or changes an entry. When the status changes and no dates come along,
// it fills in today's, as the real one does.
func (p *Provider) save(w http.ResponseWriter, u *User, v map[string]any) {
	id := number(v["mediaId"])
	m := p.Media[id]
	if m == nil {
		p.fail(w, http.StatusNotFound, "Not Found.", nil)
		return
	}
	if why := p.Refused[id]; why != "" {
		p.fail(w, http.StatusBadRequest, "validation", map[string]any{"validation": map[string][]string{"repeat": {why}}})
		return
	}
	e := Entry{Status: "CURRENT", MediaID: id}
	if was := u.Entries[id]; was != nil {
		e = *was
	} else {
		p.next++
		e.ID, e.Created = p.next, 1_700_000_000
	}
	if status, given := v["status"].(string); given {
		if !slices.Contains(statuses, status) {
			p.fail(w, http.StatusBadRequest, "validation", map[string]any{"validation": map[string][]string{"status": {"The selected status is invalid."}}})
			return
		}
		if status != e.Status {
			p.today(&e, status)
		}
		e.Status = status
	}
	if raw, given := v["scoreRaw"]; given {
		if score := number(raw); score < 0 || score > 100 {
			p.fail(w, http.StatusBadRequest, "validation", map[string]any{"validation": map[string][]string{"scoreRaw": {"The score may not be greater than 100."}}})
			return
		}
	}
	for name, to := range map[string]*int{"scoreRaw": &e.Score, "progress": &e.Progress, "progressVolumes": &e.Volumes, "repeat": &e.Repeat, "priority": &e.Priority} {
		if value, given := v[name]; given {
			*to = number(value)
		}
	}
	for name, to := range map[string]*bool{"private": &e.Private, "hiddenFromStatusLists": &e.Hidden} {
		if value, given := v[name].(bool); given {
			*to = value
		}
	}
	for name, to := range map[string]*Date{"startedAt": &e.Start, "completedAt": &e.Finish} {
		if value, given := v[name]; given {
			*to = dateOf(value)
		}
	}
	if notes, given := v["notes"].(string); given {
		e.Notes = &notes
	}
	if names, given := v["customLists"].([]any); given {
		e.Custom = nil
		for _, name := range names {
			if slices.Contains(u.Custom, fmt.Sprint(name)) {
				e.Custom = append(e.Custom, fmt.Sprint(name))
			}
		}
	}
	e.Updated++
	u.Entries[id] = &e
	p.writes[id]++
	answer(w, http.StatusOK, map[string]any{"data": map[string]any{"SaveMediaListEntry": p.shape(u, &e)}})
}

func (p *Provider) today(e *Entry, status string) {
	y, mo, d := 2026, 11, 22
	if e.Start.Year == nil && status != "PLANNING" {
		e.Start = Date{&y, &mo, &d}
	}
	if e.Finish.Year == nil && status == "COMPLETED" {
		e.Finish = Date{&y, &mo, &d}
	}
}

func dateOf(v any) (d Date) {
	parts, _ := v.(map[string]any)
	for name, to := range map[string]**int{"year": &d.Year, "month": &d.Month, "day": &d.Day} {
		if f, ok := parts[name].(float64); ok {
			n := int(f)
			*to = &n
		}
	}
	return d
}

func (p *Provider) remove(w http.ResponseWriter, u *User, v map[string]any) {
	for id, e := range u.Entries {
		if e.ID == number(v["id"]) {
			delete(u.Entries, id)
			p.writes[id]++
			answer(w, http.StatusOK, map[string]any{"data": map[string]any{"DeleteMediaListEntry": map[string]bool{"deleted": true}}})
			return
		}
	}
	p.fail(w, http.StatusNotFound, "Not Found.", nil)
}
