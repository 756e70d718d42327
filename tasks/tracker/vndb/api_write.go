package vndb

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"unicode/utf8"

	"asapi/tasks/tracker"
)

// The limits of the API.
const (
	maxNotes  = 2000 // characters
	firstYear = 1970
	lastYear  = 2099
)

// The members of a change. The API takes labels as those to set and those to unset.
const (
	elSet   = "labels_set"
	elUnset = "labels_unset"
	// elHidden is none of the API's: the entry must stay hidden from others.
	elHidden = "hidden"
)

// Change implements tracker.Live. A vote, a date or notes are never cleared. Whether an
// entry is hidden comes from its labels, and dates are whole ones.
func (*Live) Change(_ tracker.Kind, want tracker.Entry, have *tracker.Entry) (c tracker.Change) {
	var there tracker.Entry
	if have != nil {
		there = *have
	}
	set := func(name string, value any) {
		text, err := json.Marshal(value)
		if err == nil { // numbers and texts always encode
			c.Values = append(c.Values, tracker.Field{name, string(text)})
		}
	}
	put, off := relabel(want, there, have == nil)
	if len(put) > 0 || have == nil {
		set(elSet, put)
	}
	if len(off) > 0 {
		set(elUnset, off)
	}
	if want.Score > 0 && want.Score != there.Score {
		set(elVote, min(max(want.Score, 10), 100))
	}
	for _, d := range []struct {
		name       string
		want, have tracker.Date
	}{{elStarted, want.Start, there.Start}, {elFinished, want.Finish, there.Finish}} {
		switch {
		case d.want.IsZero() || d.want == d.have:
		case whole(d.want):
			set(d.name, d.want.String())
		default:
			c.Left = append(c.Left, "VNDB takes whole dates from 1970 to 2099 only, so "+dateText(d.want)+" ("+d.name+") was not sent.")
		}
	}
	switch {
	case want.Notes == "" || want.Notes == there.Notes:
	case utf8.RuneCountInString(want.Notes) > maxNotes:
		c.Left = append(c.Left, "VNDB takes notes of up to "+strconv.Itoa(maxNotes)+" characters, so these were not sent.")
	default:
		set(elNotes, want.Notes)
	}
	switch {
	case want.Private && (have == nil || there.Private):
		if !c.Empty() {
			set(elHidden, true)
		}
	case want.Private:
		c.Left = append(c.Left, "VNDB hides an entry by its labels; which of them are private was not changed.")
	}
	return c
}

func whole(d tracker.Date) bool {
	return d.Month > 0 && d.Day > 0 && d.Year >= firstYear && d.Year <= lastYear
}

// relabel gives the labels to set, and those to unset: only such as are a status, but for
// an entry that is new on the list, which gets all. The site gives Voted by itself.
func relabel(want, have tracker.Entry, fresh bool) (put, off []int64) {
	read := func(e tracker.Entry) []label {
		text, _ := e.Get(atLabels)
		return labelsIn(text)
	}
	wanted, there := read(want), read(have)
	put = []int64{}
	for _, l := range wanted {
		if !has(there, l.id) && (isStatus(l.id) || fresh && l.id != voted && l.id > 0) {
			put = append(put, l.id)
		}
	}
	for _, l := range there {
		if !has(wanted, l.id) && isStatus(l.id) {
			off = append(off, l.id)
		}
	}
	return put, off
}

func isStatus(id int64) bool { return id >= playing && id <= wishlist }

// Write implements tracker.LiveList. The API answers with nothing, so the entry is read
// again: the site sets its times, the label Voted, and whether it is hidden.
func (s *session) Write(ctx context.Context, key tracker.RecordKey, change tracker.Change, want tracker.Entry) (tracker.Entry, error) {
	if !slices.Contains(s.May, "listwrite") {
		return tracker.Entry{}, tracker.SignIn(tracker.VNDB, "does not let the token write: give it the permission to change your list (listwrite).")
	}
	body := map[string]json.RawMessage{}
	for _, v := range change.Values {
		body[v[0]] = json.RawMessage(v[1])
	}
	if raw, given := body[elSet]; given {
		own, err := s.own(raw, want)
		if err != nil {
			return tracker.Entry{}, err
		}
		body[elSet] = own
	}
	if _, hidden := body[elHidden]; hidden {
		delete(body, elHidden)
		if err := s.staysHidden(body); err != nil {
			return tracker.Entry{}, err
		}
	}
	if err := s.ask(ctx, http.MethodPatch, "/ulist/"+key.NativeID, body, nil); err != nil {
		return tracker.Entry{}, err
	}
	row, there, err := s.Find(ctx, key)
	switch {
	case err != nil:
		return tracker.Entry{}, tracker.Unsure(err)
	case !there || row.Fault != "":
		return tracker.Entry{}, tracker.Refused("VNDB took the entry, and does not show it as one that can be tracked. " + row.Fault)
	}
	return row.Entry, nil
}

// own gives the labels to set by this user's numbers: labels that users made are
// numbered by each of them, so that they are known by their names; one that this user
// does not have is left out.
func (s *session) own(raw json.RawMessage, want tracker.Entry) (json.RawMessage, error) {
	var given []int64
	if err := json.Unmarshal(raw, &given); err != nil {
		return nil, err
	}
	text, _ := want.Get(atLabels)
	put := []int64{}
	for _, l := range labelsIn(text) {
		if !slices.Contains(given, l.id) {
			continue
		}
		if l.id <= voted {
			put = append(put, l.id)
			continue
		}
		if i := slices.IndexFunc(s.Labels, func(n named) bool { return n.Label == l.name && n.ID > voted }); i >= 0 {
			put = append(put, s.Labels[i].ID)
		}
	}
	return json.Marshal(put)
}

// staysHidden refuses a change after which others would see an entry: the site shows it to
// them as soon as one of its labels is public, and gives those with a vote the label Voted.
func (s *session) staysHidden(body map[string]json.RawMessage) error {
	var put []int64
	if raw, given := body[elSet]; given {
		if err := json.Unmarshal(raw, &put); err != nil {
			return err
		}
	}
	if _, given := body[elVote]; given {
		put = append(put, voted)
	}
	for _, l := range s.Labels {
		if slices.Contains(put, l.ID) && !l.Private {
			return tracker.Refused("The entry is hidden from others, and would not be with the label " + l.Label + ", which is public at VNDB. Make that label private there, and export again, or change the entry there.")
		}
	}
	return nil
}

// Delete implements tracker.LiveList.
func (s *session) Delete(ctx context.Context, key tracker.RecordKey) error {
	return s.ask(ctx, http.MethodDelete, "/ulist/"+key.NativeID, nil, nil)
}
