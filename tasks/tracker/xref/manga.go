package xref

import (
	"encoding/json"
	"strconv"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// malSyncRow reads {"mal_id": 1, "anilist_id": 30001, "mangadex_ids": ["..."],
// "title": "..", "type": "Manga"}; novels live in a collection of their own.
func malSyncRow(raw []byte, r *Row) {
	var doc struct {
		MAL          json.RawMessage `json:"mal_id"`
		AniList      json.RawMessage `json:"anilist_id"`
		MangaDex     json.RawMessage `json:"mangadex_ids"`
		MangaUpdates json.RawMessage `json:"mangaupdates_ids"`
		Type         string          `json:"type"`
	}
	if !r.object(raw, &doc) {
		return
	}
	r.ids(doc.MAL, tracker.MyAnimeList, tracker.Manga)
	r.ids(doc.AniList, tracker.AniList, tracker.Manga)
	r.ids(doc.MangaDex, tracker.MangaDex, tracker.Manga)
	r.ids(doc.MangaUpdates, tracker.MangaUpdates, tracker.Manga)
	if in, ok := tracker.InCollection("lightNovels"); ok && len(r.Keys) > 0 && strings.Contains(strings.ToLower(doc.Type), "novel") {
		r.Keys = append(r.Keys, in)
	}
}

// readOldIDs reads {"42": {"slug": "xiwtlgl", "series_id": 72977336805}, ...}: the
// ids that MangaUpdates had before, and what they are now. A slug is the same
// number, written with 36 digits.
func readOldIDs(in *lines, each func(Row) error) error {
	o := newObjects(in)
	if _, err := o.token(json.Delim('{')); err != nil {
		return err
	}
	for o.More() {
		name, err := o.token(nil)
		if err != nil {
			return err
		}
		raw, line, err := o.next()
		if err != nil {
			return err
		}
		row := Row{Line: line}
		old, _ := name.(string)
		row.add(tracker.MangaUpdates, tracker.Manga, old)
		row.renamed(raw)
		if err := each(row); err != nil {
			return err
		}
	}
	if _, err := o.token(json.Delim('}')); err != nil {
		return err
	}
	return o.end()
}

func (r *Row) renamed(raw []byte) {
	var doc struct {
		Slug   string          `json:"slug"`
		Series json.RawMessage `json:"series_id"`
	}
	switch {
	case json.Unmarshal(raw, &doc) == nil:
	case json.Unmarshal(raw, &doc.Slug) == nil:
	default:
		doc.Series = raw
	}
	if len(doc.Series) > 0 {
		r.id(doc.Series, tracker.MangaUpdates, tracker.Manga)
		return
	}
	id, err := strconv.ParseInt(strings.ToLower(doc.Slug), 36, 64)
	if err != nil || id <= 0 {
		r.wrong("%q is no id of MangaUpdates.", tasks.Clip(doc.Slug, 40))
		return
	}
	r.add(tracker.MangaUpdates, tracker.Manga, strconv.FormatInt(id, 10))
}
