package mangaupdates

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"asapi/tasks/tracker"
)

// The names of what is sent, and the paths of those requests.
const (
	toAdd    = "add"
	inList   = "list_id"
	inVolume = "volume"
	inChap   = "chapter"
	inRating = "rating"
)

// Change implements tracker.Live. A rating is never cleared. An entry that stays in the
// status that its list has also stays on that list, when it is one that the user made.
func (*Live) Change(_ tracker.Kind, want tracker.Entry, have *tracker.Entry) (c tracker.Change) {
	set := func(name, value string) { c.Values = append(c.Values, tracker.Field{name, value}) }
	var there tracker.Entry
	if have != nil {
		there = *have
	}
	on := statusList(want.Facts)
	if have == nil {
		set(toAdd, "true")
	}
	if have == nil || on != statusList(there.Facts) {
		i := slices.IndexFunc(lists, func(l list) bool { return l.name == on })
		set(inList, strconv.Itoa(max(i, 0)))
	}
	if want.Volumes != there.Volumes {
		set(inVolume, strconv.FormatInt(want.Volumes, 10))
	}
	if want.Progress != there.Progress {
		set(inChap, strconv.FormatInt(want.Progress, 10))
	}
	if want.Score > 0 && want.Score != there.Score {
		set(inRating, ratingOf(want.Score))
	}
	for _, left := range []struct {
		there bool
		what  string
	}{
		{!want.Start.IsZero() || !want.Finish.IsZero(), "dates"},
		{want.Notes != "", "notes"},
		{want.Repeating || want.Repeats > 0, "repeats"},
		{want.Private, "hidden entries"},
	} {
		if left.there {
			c.Left = append(c.Left, "MangaUpdates has no "+left.what+".")
		}
	}
	return c
}

// errUnnumbered says that an entry has no id: files of the site have titles only.
var errUnnumbered = tracker.Refused("The entry is kept by its title, and its id at MangaUpdates is not known; import the list from MangaUpdates, or load references.")

func numbered(key tracker.RecordKey) bool {
	_, err := strconv.ParseInt(key.NativeID, 10, 64)
	return err == nil
}

// item is an entry as it is sent. Counts that are not sent stay.
type item struct {
	Series struct {
		ID json.Number `json:"id"`
	} `json:"series"`
	List   json.Number            `json:"list_id,omitempty"`
	Status map[string]json.Number `json:"status,omitempty"`
}

// Write implements tracker.LiveList. An entry and its rating are written one after the
// other; then it is read again, because the site sets its time.
func (s *session) Write(ctx context.Context, key tracker.RecordKey, change tracker.Change, _ tracker.Entry) (tracker.Entry, error) {
	if !numbered(key) {
		return tracker.Entry{}, errUnnumbered
	}
	one, path, rating := item{Status: map[string]json.Number{}}, "/lists/series/update", json.Number("")
	one.Series.ID = json.Number(key.NativeID)
	for _, v := range change.Values {
		switch v[0] {
		case toAdd:
			path = "/lists/series"
		case inList:
			one.List = json.Number(v[1])
		case inRating:
			rating = json.Number(v[1])
		default:
			one.Status[v[0]] = json.Number(v[1])
		}
	}
	sent := false
	if one.List != "" || len(one.Status) > 0 {
		err := s.ask(ctx, true, http.MethodPost, path, []item{one}, nil)
		if err != nil && strings.Contains(err.Error(), "already on one of your lists") {
			err = s.ask(ctx, true, http.MethodPost, "/lists/series/update", []item{one}, nil)
		}
		if err != nil {
			return tracker.Entry{}, err
		}
		sent = true
	}
	if rating != "" {
		if err := s.ask(ctx, true, http.MethodPut, "/series/"+key.NativeID+"/rating", map[string]json.Number{"rating": rating}, nil); err != nil {
			if sent { // a part of the change was done
				err = tracker.Unsure(err)
			}
			return tracker.Entry{}, err
		}
	}
	row, there, err := s.Find(ctx, key)
	switch {
	case err != nil:
		return tracker.Entry{}, tracker.Unsure(err)
	case !there || row.Fault != "":
		return tracker.Entry{}, tracker.Refused("MangaUpdates took the entry, and does not show it. " + row.Fault)
	}
	return row.Entry, nil
}

// Delete implements tracker.LiveList.
func (s *session) Delete(ctx context.Context, key tracker.RecordKey) error {
	if !numbered(key) {
		return errUnnumbered
	}
	err := s.ask(ctx, true, http.MethodPost, "/lists/series/delete", []json.Number{json.Number(key.NativeID)}, nil)
	if err != nil && strings.Contains(err.Error(), "on your list") {
		return nil // it is not there
	}
	return err
}
