package mangadex

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// The names of what is sent: those of the API, and two of our own.
const (
	toAdd     = "add"
	inStatus  = "status"
	inRating  = "rating"
	inRead    = "chapterIdsRead"
	inUnread  = "chapterIdsUnread"
	inNumbers = "chapters" // numbers of which the ids have to be found
)

// Change implements tracker.Live. A rating is never cleared. Chapters are marked by their
// ids where they are known, and by their numbers else; only such whose number was taken
// back are marked as unread.
func (*Live) Change(_ tracker.Kind, want tracker.Entry, have *tracker.Entry) (c tracker.Change) {
	set := func(name, value string) { c.Values = append(c.Values, tracker.Field{name, value}) }
	var there tracker.Entry
	if have != nil {
		there = *have
	} else {
		set(toAdd, "true")
	}
	if have == nil || statusName(want.Facts) != statusName(there.Facts) {
		set(inStatus, statusName(want.Facts))
	}
	if want.Score > 0 && ratingOf(want.Score) != ratingOf(there.Score) {
		set(inRating, ratingOf(want.Score))
	}
	read, unread, numbers := remarked(want, there)
	for _, v := range []struct{ name, value string }{
		{inRead, strings.Join(read, " ")}, {inUnread, strings.Join(unread, " ")}, {inNumbers, string(numbers)},
	} {
		if v.value != "" {
			set(v.name, v.value)
		}
	}
	for _, left := range []struct {
		there bool
		what  string
	}{
		{!want.Start.IsZero() || !want.Finish.IsZero(), "dates"},
		{want.Notes != "", "notes"},
		{want.Repeats > 0, "counts of repeats"},
		{want.Volumes > 0, "counts of volumes"},
		{want.Private, "hidden entries"},
	} {
		if left.there {
			c.Left = append(c.Left, "MangaDex has no "+left.what+".")
		}
	}
	return c
}

// numbersOf gives the regular chapters that an entry says were read.
func numbersOf(e tracker.Entry) tracker.Numbers {
	if e.Seen != "" || listed(e, elChapters) != "" {
		return e.Seen
	}
	return tracker.UpTo(min(e.Progress, maxChapters))
}

// remarked compares the chapters of two states of an entry: the ids to mark as read, those
// to mark as unread, and the numbers to mark as read that no known id has.
func remarked(want, there tracker.Entry) (read, unread []string, numbers tracker.Numbers) {
	wanted, stands := numbersOf(want), numbersOf(there)
	has := map[string]bool{}
	for _, c := range marked(there) {
		has[c.ID] = true
		if n := int64(c.order()); n > 0 && !wanted.Has(n) {
			unread = append(unread, c.ID)
		}
	}
	var named []int64
	for _, c := range marked(want) {
		if !has[c.ID] {
			read = append(read, c.ID)
			named = append(named, int64(c.order()))
		}
	}
	return read, unread, wanted.Without(stands).Without(tracker.NumbersOf(named))
}

// errUntitled says that an entry has no id: some files have titles only.
var errUntitled = tracker.Refused("The entry is kept by its title, and its id at MangaDex is not known; import the list from MangaDex, or load references.")

// perWrite is how many chapters one request marks: its body may have 10 KB.
const perWrite = 250

// Write implements tracker.LiveList. The status goes first: it puts the title on the list,
// so that a change that broke off in the middle is found there.
func (s *session) Write(ctx context.Context, key tracker.RecordKey, change tracker.Change, want tracker.Entry) (tracker.Entry, error) {
	if !uuidPattern.MatchString(key.NativeID) {
		return tracker.Entry{}, errUntitled
	}
	value := map[string]string{}
	for _, v := range change.Values {
		value[v[0]] = v[1]
	}
	w, err := s.writing(ctx, key.NativeID, fmt.Sprint(change.Values))
	if err != nil {
		return tracker.Entry{}, err
	}
	if err := w.write(ctx, value, want); err != nil {
		return tracker.Entry{}, w.keep(ctx, err)
	}
	stands, err := w.result(ctx, value, want)
	if err != nil {
		return stands, w.keep(ctx, err)
	}
	return stands, w.over(ctx)
}

// write sends all parts of a change.
func (w *writing) write(ctx context.Context, value map[string]string, want tracker.Entry) error {
	if status := value[inStatus]; status != "" {
		if err := w.send(ctx, http.MethodPost, "/manga/"+w.id+"/status", map[string]string{"status": plainOf(status)}); err != nil {
			return err
		}
	}
	if rating, err := strconv.Atoi(value[inRating]); err == nil {
		if err := w.send(ctx, http.MethodPost, "/rating/"+w.id, map[string]int{"rating": rating}); err != nil {
			return err
		}
	}
	found, err := w.identified(ctx, tracker.Numbers(value[inNumbers]), languageOf(want))
	if err != nil {
		return err
	}
	read, unread := append(strings.Fields(value[inRead]), found...), strings.Fields(value[inUnread])
	for len(read)+len(unread) > 0 {
		r := min(len(read), perWrite)
		u := min(len(unread), perWrite-r)
		body := map[string][]string{inRead: slices.Concat([]string{}, read[:r]), inUnread: slices.Concat([]string{}, unread[:u])}
		if err := w.send(ctx, http.MethodPost, "/manga/"+w.id+"/read", body); err != nil {
			return err
		}
		read, unread = read[r:], unread[u:]
	}
	return nil
}

// result gives the entry as it stands then. The site sets nothing by itself, so that it is
// read again only for what it knew of a new title, and for the ids of chapters.
func (w *writing) result(ctx context.Context, value map[string]string, want tracker.Entry) (tracker.Entry, error) {
	wanted := numbersOf(want)
	switch {
	case w.Parts == 0: // of all that is missing there, the site has nothing
		missing := tracker.Numbers(value[inNumbers])
		want.Seen = wanted.Without(missing)
		want.Progress = want.Seen.Count()
		return Format{}.Conform(want), tracker.Lacking(absentChapters(wanted, missing), false)
	case value[toAdd] == "" && value[inNumbers] == "":
		said, _ := factsOf(want)
		want.Score = said.Score // of which the site has the nearest rating
		return want, nil
	}
	g, err := w.begun(ctx, "written "+w.For)
	if err != nil {
		return tracker.Entry{}, err
	}
	g.Titles = []standing{{w.id, plainOf(statusName(want.Facts))}}
	row, err := w.look(ctx, g)
	switch {
	case err != nil:
		return tracker.Entry{}, err
	case row.Fault != "":
		return tracker.Entry{}, tracker.Refused("MangaDex took the entry, and gives one that cannot be read. " + row.Fault)
	}
	if missing := wanted.Without(row.Entry.Seen); missing != "" {
		return row.Entry, tracker.Lacking(absentChapters(wanted, missing), true)
	}
	return row.Entry, nil
}

// absentChapters says which chapters could not be marked.
func absentChapters(wanted, missing tracker.Numbers) string {
	if wanted == missing {
		return "MangaDex has none of the chapters that were read, so that none was marked."
	}
	return "MangaDex does not have the chapters " + tasks.Clip(string(missing), 80) + ", so that they were not marked."
}

// Delete implements tracker.LiveList. The rating goes with the entry; which chapters were
// read stays, because the site keeps that for titles on no list, too.
func (s *session) Delete(ctx context.Context, key tracker.RecordKey) error {
	if !uuidPattern.MatchString(key.NativeID) {
		return errUntitled
	}
	w, err := s.writing(ctx, key.NativeID, "delete")
	if err != nil {
		return err
	}
	for _, part := range []struct {
		method, path string
		body         any
	}{
		{http.MethodDelete, "/rating/" + w.id, nil},
		{http.MethodPost, "/manga/" + w.id + "/status", map[string]any{"status": nil}},
	} {
		switch err := w.send(ctx, part.method, part.path, part.body); {
		case isAbsent(err):
			w.Parts++ // it is as it should be
		case err != nil:
			return w.keep(ctx, err)
		}
	}
	return w.over(ctx)
}
