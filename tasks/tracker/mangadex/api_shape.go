package mangadex

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// mapOf is a map as the API spells it: an empty one may be an empty array.
type mapOf[V any] map[string]V

// UnmarshalJSON implements json.Unmarshaler.
func (m *mapOf[V]) UnmarshalJSON(raw []byte) error {
	if text := bytes.TrimSpace(raw); len(text) > 0 && text[0] == '[' {
		var none []json.RawMessage
		*m = nil
		return json.Unmarshal(raw, &none)
	}
	return json.Unmarshal(raw, (*map[string]V)(m))
}

// valuesOf are the values of a map, which may be an array when its keys are numbers.
type valuesOf[V any] []V

// UnmarshalJSON implements json.Unmarshaler.
func (v *valuesOf[V]) UnmarshalJSON(raw []byte) error {
	if text := bytes.TrimSpace(raw); len(text) > 0 && text[0] == '[' {
		return json.Unmarshal(raw, (*[]V)(v))
	}
	var all map[string]V
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	*v = nil
	for _, one := range all {
		*v = append(*v, one)
	}
	return nil
}

// standing is a title on the list.
type standing struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// chapter is one chapter in one translation, as a member of entries.
type chapter struct {
	ID       string  `json:"id"`
	Number   *string `json:"chapter"` // nil: it has none
	Language string  `json:"translatedLanguage,omitempty"`
}

// work is a title. Names are by language.
type work struct {
	Title json.RawMessage `json:"title"`
	Links json.RawMessage `json:"links"`
}

// rowFrom makes a row of an entry, with the native values of the JSON form.
func rowFrom(on standing, rating int64, read []chapter, about work) tracker.Row {
	slices.SortFunc(read, func(a, b chapter) int {
		if d := a.order() - b.order(); d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
	chapters := []byte("[]")
	if len(read) > 0 {
		if text, err := json.Marshal(read); err == nil { // texts always encode
			chapters = text
		}
	}
	title := titleOf(tracker.Entry{Native: []tracker.Field{{elTitle, listfile.Compact(about.Title)}}})
	links := ""
	if found, ok := listfile.ParseObject(string(about.Links)); ok && len(found.Members) > 0 {
		links = listfile.Compact(about.Links)
	}
	rated := ""
	if rating > 0 {
		rated = strconv.FormatInt(rating, 10)
	}
	e := tracker.Entry{Native: []tracker.Field{
		{elID, listfile.Quote(on.ID)},
		{elTitle, listfile.Quote(title)},
		{elStatus, listfile.Quote(on.Status)},
		{elRating, rated},
		{elChapters, string(chapters)},
		{elLinks, links},
	}}
	broken := false
	for _, f := range e.Native {
		broken = broken || listfile.NoText([]byte(f[1]))
	}
	return rowOf(e, broken, "The entry "+strconv.Quote(on.ID))
}

// order sorts chapters by their regular numbers; others come first.
func (c *chapter) order() int {
	if c.Number == nil {
		return 0
	}
	return int(numberOf([]byte(listfile.Quote(*c.Number))))
}

// marked gives the chapters of an entry whose ids it knows.
func marked(e tracker.Entry) (known []chapter) {
	for _, item := range listfile.Items(listed(e, elChapters)) {
		var c struct {
			ID       string          `json:"id"`
			Number   json.RawMessage `json:"chapter"`
			Language string          `json:"translatedLanguage"`
		}
		if json.Unmarshal([]byte(item), &c) != nil || !uuidPattern.MatchString(c.ID) {
			continue
		}
		one := chapter{ID: c.ID, Language: c.Language}
		if n := plainOf(listfile.Compact(c.Number)); n != "" {
			one.Number = &n
		}
		known = append(known, one)
	}
	return known
}
