package anilist

import (
	"encoding/json"
	"io"
	"slices"

	"asapi/tasks/tracker/listfile"
)

// visitor sees what a file holds, in its order.
type visitor interface {
	// user sees an object that describes the user.
	user(raw json.RawMessage)
	// collection sees that a collection begins inside another one, by the name
	// it has there.
	collection(number, inside int, name string)
	// hint sees a word that tells what a collection holds, such as ANIME.
	hint(collection int, word string)
	// list sees what a list said of itself, after its entries.
	list(place place, name string, custom bool)
	// entry sees an object that stands where an entry is expected.
	entry(place place, o listfile.Object) error
}

// place says where in the file an entry stands. Collections and lists are
// numbered as they come.
type place struct {
	collection int
	list       int
}

// walker finds the lists of a file, however they are wrapped.
type walker struct {
	*listfile.JSON
	visitor
	collections int
	lists       int
	found       bool // something that is a list, or wraps lists, was there
}

// walk reads a whole file.
func walk(in io.Reader, v visitor) error {
	j, err := listfile.NewJSON(in, Format{}.Title())
	if err != nil {
		return err
	}
	w := &walker{JSON: j, visitor: v}
	for first := true; first || w.More(); first = false {
		if err := w.document(); err != nil {
			return err
		}
	}
	if !w.found {
		return w.NotOurs()
	}
	return w.End()
}

// document reads a whole JSON document; files hold one, as a rule.
func (w *walker) document() error {
	delim, err := w.Enter()
	switch {
	case err != nil:
		return err
	case delim == '[':
		here := w.begin(place{}, "")
		return w.Elements(func() error { return w.element(here) })
	case delim == '{':
		here := w.begin(place{}, "")
		return w.Members(func(name string) error { return w.part(here, name) })
	}
	return nil
}

// begin numbers what may be a list collection.
func (w *walker) begin(outer place, name string) place {
	w.collections++
	w.collection(w.collections, outer.collection, name)
	return place{collection: w.collections}
}

// listNames are the members that hold lists or entries, in the forms that the
// API had over the years.
var listNames = []string{"lists", "statusLists", "customLists", "entries", "mediaList"}

// others are the parts of the site's data export that hold no list.
var others = []string{"activity", "activityReplies", "favourites", "forumThreads", "forumComments", "reviews", "errors", "extensions", "stats", "statistics"}

// part reads one member of an object that wraps lists.
func (w *walker) part(here place, name string) error {
	switch {
	case slices.Contains(listNames, name):
		return w.array(here, name == "customLists")
	case name == "user", name == "User", name == "Viewer":
		raw, err := w.Value()
		if err == nil {
			w.user(raw)
		}
		return err
	case name == "type":
		raw, err := w.Value()
		if text, ok := listfile.Text(string(raw)); err == nil && ok {
			w.hint(here.collection, text)
		}
		return err
	case slices.Contains(others, name):
		return w.Skip()
	}
	return w.nested(here, name)
}

// nested looks into an object whose name says nothing; the alias of a query may
// be any. Arrays of such names hold no lists.
func (w *walker) nested(outer place, name string) error {
	delim, err := w.Enter()
	switch {
	case err != nil:
		return err
	case delim == '[':
		return w.Elements(w.Skip)
	case delim == '{':
		here := w.begin(outer, name)
		return w.Members(func(name string) error { return w.part(here, name) })
	}
	return nil
}

// array reads an array of lists or of entries, or lists by their names.
func (w *walker) array(here place, custom bool) error {
	delim, err := w.Enter()
	switch {
	case err != nil:
		return err
	case delim == '[':
		w.found = true
		return w.Elements(func() error { return w.element(here) })
	case delim == '{':
		return w.Members(func(name string) error {
			w.lists++
			here.list = w.lists
			w.list(here, name, custom)
			return w.array(here, custom)
		})
	}
	return nil
}

// entries reads an array that holds nothing but entries.
func (w *walker) entries(here place) error {
	delim, err := w.Enter()
	switch {
	case err != nil:
		return err
	case delim == '{':
		return w.Members(func(string) error { return w.Skip() })
	case delim == 0:
		return nil
	}
	w.found = true
	return w.Elements(func() error {
		raw, err := w.Value()
		if err != nil {
			return err
		}
		var o listfile.Object
		if raw[0] == '{' {
			err = o.Split(raw)
		}
		if err != nil {
			return err
		}
		return w.one(here, o)
	})
}

// element reads an entry, or a list that holds entries, or a document.
func (w *walker) element(here place) error {
	delim, err := w.Enter()
	if err != nil {
		return err
	}
	if delim == '[' {
		w.lists++
		here.list = w.lists
		return w.Elements(func() error { return w.element(here) })
	}
	if delim == 0 {
		return w.one(here, listfile.Object{})
	}
	var o listfile.Object
	holds := false
	inside := place{here.collection, w.lists + 1}
	err = w.Members(func(name string) error {
		switch name {
		case "entries", "mediaList":
			if !holds {
				w.lists++
			}
			holds = true
			return w.entries(inside)
		case "lists", "statusLists":
			holds = true
			return w.array(w.begin(here, ""), false)
		case "data", "MediaListCollection", "Page":
			holds = true
			return w.nested(here, name)
		}
		raw, err := w.Value()
		if err != nil {
			return err
		}
		return o.Add(name, raw)
	})
	switch {
	case err != nil:
		return err
	case holds:
		w.about(inside, o)
		return nil
	}
	return w.one(here, o)
}

// about passes on what a list, or an answer, says of itself.
func (w *walker) about(here place, o listfile.Object) {
	if name, ok := o.Get("name"); ok {
		custom, _ := o.Get("isCustomList")
		text, _ := listfile.Text(name)
		w.list(here, text, custom == "true")
	}
	for _, name := range []string{"user", "User"} {
		if raw, ok := o.Get(name); ok {
			w.user(json.RawMessage(raw))
		}
	}
}

func (w *walker) one(here place, o listfile.Object) error {
	_, media := o.Get("mediaId")
	_, series := o.Get("series_id")
	_, work := o.Get("media")
	if media || series || work {
		w.found = true
	}
	if !w.found {
		return w.NotOurs() // an array of other things
	}
	w.Entries++
	return w.entry(here, o)
}
