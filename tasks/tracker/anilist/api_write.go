package anilist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// graphTypes are the arguments of SaveMediaListEntry that are sent, with their types.
var graphTypes = map[string]string{
	"status": "MediaListStatus", "scoreRaw": "Int", elProgress: "Int", elVolumes: "Int", elRepeat: "Int", "priority": "Int",
	elPrivate: "Boolean", elNotes: "String", elHidden: "Boolean", elCustom: "[String]", elStart: "FuzzyDateInput", elFinish: "FuzzyDateInput",
}

// changes gathers what is to be sent.
type changes struct {
	values []tracker.Field
	fresh  bool // the entry is not on the list
}

func (c *changes) set(differs bool, name, value string) {
	if differs {
		c.values = append(c.values, tracker.Field{name, value})
	}
}

// count sends a count that differs; one that is not known goes over none.
func (c *changes) count(want, have int64, name string) {
	c.set(want != have, name, strconv.FormatInt(want, 10))
}

// Change implements tracker.Live. A score, a date or a note is never cleared. The
// site fills in dates by itself when a status is sent without them, so both go along
// then, also as unset.
func (*Live) Change(kind tracker.Kind, want tracker.Entry, have *tracker.Entry) tracker.Change {
	c := changes{fresh: have == nil}
	var there tracker.Entry
	if have != nil {
		there = *have
	}
	status := c.fresh || want.Status != there.Status || want.Repeating != there.Repeating
	c.set(status, elStatus, statusName(want.Facts))
	c.set(want.Score > 0 && want.Score != there.Score, "scoreRaw", strconv.FormatInt(want.Score, 10))
	c.count(want.Progress, there.Progress, elProgress)
	if kind == tracker.Manga {
		c.count(want.Volumes, there.Volumes, elVolumes)
	}
	c.count(want.Repeats, there.Repeats, elRepeat)
	c.set(want.Notes != "" && want.Notes != there.Notes, elNotes, listfile.Quote(want.Notes))
	c.set(want.Private != there.Private, elPrivate, strconv.FormatBool(want.Private))
	c.date(status, want.Start, there.Start, elStart)
	c.date(status, want.Finish, there.Finish, elFinish)
	c.native(want, there)
	out := tracker.Change{Values: c.values}
	if want.Seen != "" && want.Seen != tracker.UpTo(want.Seen.Count()) {
		out.Left = append(out.Left, "AniList keeps how many are done, not which.")
	}
	return out
}

func (c *changes) date(always bool, want, have tracker.Date, name string) {
	if want.IsZero() {
		want = have
	}
	c.set(always || want != have, name, dateValue(want))
}

// native sends what only this site has.
func (c *changes) native(want, have tracker.Entry) {
	value := func(e tracker.Entry, name, blank string) string {
		if v, _ := e.Get(name); v != "" {
			return v
		}
		return blank
	}
	c.set(value(want, "priority", "0") != value(have, "priority", "0"), "priority", value(want, "priority", "0"))
	c.set(value(want, elHidden, "false") != value(have, elHidden, "false"), elHidden, value(want, elHidden, "false"))
	names := slices.Sorted(slices.Values(customIn(want)))
	if slices.Equal(names, slices.Sorted(slices.Values(customIn(have)))) {
		return
	}
	if kept, _ := want.Get(elCustom); kept == "" {
		return // our side knows nothing of custom lists
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = listfile.Quote(name)
	}
	c.set(true, elCustom, "["+strings.Join(quoted, ",")+"]")
}

// Write implements tracker.LiveList.
func (s *session) Write(ctx context.Context, key tracker.RecordKey, change tracker.Change, _ tracker.Entry) (tracker.Entry, error) {
	var variables listfile.Writer
	variables.Put(elID, key.NativeID)
	declared, given := "$mediaId: Int", "mediaId: $mediaId"
	for _, v := range change.Values {
		declared += ", $" + v[0] + ": " + graphTypes[v[0]]
		given += ", " + v[0] + ": $" + v[0]
		variables.Put(v[0], v[1])
	}
	var saved struct {
		Entry json.RawMessage `json:"SaveMediaListEntry"`
	}
	mutation := "mutation (" + declared + ") { SaveMediaListEntry(" + given + ") { " + entryFields + " } }"
	if _, err := s.ask(ctx, mutation, variables.String(), true, &saved); err != nil {
		return tracker.Entry{}, err
	}
	row, err := rowOfEntry(key.Kind, saved.Entry)
	if err == nil && row.Fault != "" {
		err = errors.New("AniList gives back an entry that cannot be read: " + row.Fault)
	}
	if err != nil {
		return tracker.Entry{}, tracker.Unsure(err)
	}
	return row.Entry, nil
}

// Delete implements tracker.LiveList: entries have ids of their own.
func (s *session) Delete(ctx context.Context, key tracker.RecordKey) error {
	row, there, err := s.Find(ctx, key)
	if err != nil || !there {
		return err
	}
	id, _ := row.Entry.Get("id")
	var done struct {
		Delete struct {
			Deleted bool `json:"deleted"`
		} `json:"DeleteMediaListEntry"`
	}
	_, err = s.ask(ctx, "mutation ($id: Int) { DeleteMediaListEntry(id: $id) { deleted } }", fmt.Sprintf(`{"id":%s}`, id), true, &done)
	switch {
	case errors.Is(err, errAbsent):
		return nil
	case err != nil:
		return err
	case !done.Delete.Deleted:
		return tracker.Refused("AniList did not delete the entry.")
	}
	return nil
}
