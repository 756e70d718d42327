package mangadex

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"asapi/tasks/tracker"
)

// languageOf gives the language in which a user reads a title: the one of most chapters
// that were marked, or else English.
func languageOf(e tracker.Entry) string {
	best, count := "en", map[string]int{}
	for _, c := range marked(e) {
		if count[c.Language]++; c.Language != "" && count[c.Language] > count[best] {
			best = c.Language
		}
	}
	return best
}

// resolved is which ids some numbers of a title have.
type resolved struct {
	For string           `json:"for"`
	IDs map[int64]string `json:"ids"`
}

// numbered names the note of what was resolved last.
const numbered = "numbered"

// identified finds ids of the chapters that have some numbers: the translation into a
// language where there is one, and else any. One of a chapter is enough: the site shows
// it as read, and counts are of numbers. What was found is remembered, so that the
// change that needs it does not begin with asking again.
func (w *writing) identified(ctx context.Context, numbers tracker.Numbers, language string) ([]string, error) {
	if numbers == "" {
		return nil, nil
	}
	known := resolved{For: w.id + " " + string(numbers) + " " + language}
	text, err := w.access.Remembered(ctx, numbered)
	if err != nil {
		return nil, err
	}
	var last resolved
	if text != "" && json.Unmarshal([]byte(text), &last) == nil && last.For == known.For {
		return idsOf(last.IDs, numbers), nil
	}
	known.IDs = map[int64]string{}
	for _, only := range []string{language, ""} {
		if int64(len(known.IDs)) == numbers.Count() {
			break
		}
		if err := w.aggregate(ctx, only, numbers, known.IDs); err != nil {
			return nil, err
		}
	}
	note, err := json.Marshal(known)
	if err != nil {
		return nil, fmt.Errorf("encode ids of chapters: %w", err)
	}
	return idsOf(known.IDs, numbers), w.access.Remember(ctx, numbered, string(note))
}

// aggregate adds ids that are not known yet, of translations into a language; empty: all.
func (w *writing) aggregate(ctx context.Context, language string, numbers tracker.Numbers, ids map[int64]string) error {
	path := "/manga/" + w.id + "/aggregate"
	if language != "" {
		path += "?" + url.Values{"translatedLanguage[]": {language}}.Encode()
	}
	var got struct {
		Volumes valuesOf[struct {
			Chapters valuesOf[struct {
				Chapter string `json:"chapter"`
				ID      string `json:"id"`
			}] `json:"chapters"`
		}] `json:"volumes"`
	}
	if err := w.ask(ctx, http.MethodGet, path, nil, &got); err != nil {
		return err
	}
	missing := numbers.Without(tracker.NumbersOf(slices.Collect(maps.Keys(ids))))
	for _, v := range got.Volumes {
		for _, c := range v.Chapters {
			n := numberOf([]byte(`"` + c.Chapter + `"`))
			// Of several with one number the least id is taken: maps have no order.
			if id := strings.ToLower(c.ID); missing.Has(n) && uuidPattern.MatchString(id) && (ids[n] == "" || id < ids[n]) {
				ids[n] = id
			}
		}
	}
	return nil
}

func idsOf(ids map[int64]string, numbers tracker.Numbers) []string {
	var list []string
	for n := range numbers.All {
		if id := ids[n]; id != "" {
			list = append(list, id)
		}
	}
	return list
}
