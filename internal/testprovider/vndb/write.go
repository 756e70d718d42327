package vndb

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"
)

var (
	whole     = regexp.MustCompile(`^(?:19[7-9]\d|20\d\d)-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$`)
	maxNotes  = 2000
	automatic = int64(7)
)

func (p *Provider) clock() int64 {
	if p.Now != nil {
		return p.Now().Unix()
	}
	return time.Now().Unix()
}

// patch creates or changes an entry: only the members that are there.
func (p *Provider) patch(w http.ResponseWriter, r *http.Request, u *User, path string) {
	id := idIn(path)
	if !slices.Contains(u.Permissions, "listwrite") {
		fail(w, http.StatusUnauthorized, "Unauthorized")
		return
	}
	if p.titles[id] == "" {
		fail(w, http.StatusNotFound, "Visual novel not found")
		return
	}
	var members map[string]json.RawMessage
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(body, &members) != nil {
		fail(w, http.StatusBadRequest, "Invalid JSON.")
		return
	}
	e := Entry{added: p.clock()}
	if was := u.Entries[id]; was != nil {
		e = *was
	}
	for name, value := range members {
		known, good := p.set(u, &e, name, value)
		switch {
		case !known:
			fail(w, http.StatusBadRequest, "Unknown member '"+name+"'.")
			return
		case !good:
			fail(w, http.StatusBadRequest, "Invalid '"+name+"' member.")
			return
		}
	}
	e.modified = p.clock()
	u.Entries[id] = &e
	p.writes[id]++
	w.WriteHeader(http.StatusNoContent)
}

// set sets one member; good is false for a value that the site refuses.
func (p *Provider) set(u *User, e *Entry, name string, raw json.RawMessage) (known, good bool) {
	switch name {
	case "vote":
		var v *int64
		good = json.Unmarshal(raw, &v) == nil && (v == nil || *v >= 10 && *v <= 100)
		if e.Vote, e.voted = 0, 0; good && v != nil {
			e.Vote, e.voted = *v, p.clock()
		}
	case "started", "finished":
		var v string
		good = json.Unmarshal(raw, &v) == nil && (string(raw) == "null" || whole.MatchString(v))
		if name == "started" {
			e.Started = v
		} else {
			e.Finished = v
		}
	case "notes":
		good = json.Unmarshal(raw, &e.Notes) == nil && utf8.RuneCountInString(e.Notes) <= maxNotes
	case "labels", "labels_set", "labels_unset":
		var ids []int64
		good = json.Unmarshal(raw, &ids) == nil && !slices.ContainsFunc(ids, func(id int64) bool {
			return id == automatic || !slices.ContainsFunc(u.Labels, func(l Label) bool { return l.ID == id })
		})
		e.Labels = relabelled(e.Labels, name, ids)
	default:
		return false, false
	}
	return true, good
}

// relabelled sets, adds or takes labels; rivals of a status are not taken away.
func relabelled(have []int64, how string, ids []int64) []int64 {
	switch how {
	case "labels":
		have = nil
	case "labels_unset":
		return slices.DeleteFunc(slices.Clone(have), func(id int64) bool { return slices.Contains(ids, id) })
	}
	have = slices.Concat(have, ids)
	slices.Sort(have)
	return slices.Compact(have)
}

// remove takes an entry off the list; it is no error when it is not there.
func (p *Provider) remove(w http.ResponseWriter, u *User, path string) {
	if !slices.Contains(u.Permissions, "listwrite") {
		fail(w, http.StatusUnauthorized, "Unauthorized")
		return
	}
	delete(u.Entries, idIn(path))
	p.writes[idIn(path)]++
	w.WriteHeader(http.StatusNoContent)
}
