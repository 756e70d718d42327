// Package myanimelist reads and writes the list files of myanimelist.net: XML,
// one element per entry, anime or manga. There is no published schema; what is
// known of the format stands in docs/providers/myanimelist.md.
package myanimelist

import (
	"asapi/tasks/tracker"
)

// Format implements tracker.Format for MyAnimeList XML.
type Format struct{}

var _ tracker.Format = Format{}

// Provider implements tracker.Format.
func (Format) Provider() tracker.Provider { return tracker.MyAnimeList }

// Title implements tracker.Format.
func (Format) Title() string { return "MyAnimeList" }

// Kinds implements tracker.Format.
func (Format) Kinds() []tracker.Kind { return []tracker.Kind{tracker.Anime, tracker.Manga} }

// Forms implements tracker.Format.
func (Format) Forms() []tracker.Form {
	return []tracker.Form{{Name: "xml", ContentType: "application/xml", Extension: ".xml", Write: write}}
}

// names are the elements that carry the facts, per kind of list.
type names struct {
	kind                         tracker.Kind
	id, title                    string
	total, totalVolumes          string
	progress, volumes            string
	repeats, repeating, yes, no  string
	watching, planned            string
	totalWatching, totalPlanned  string
	exportType, totalName, order string
}

var (
	anime = names{
		kind: tracker.Anime, id: "series_animedb_id", title: "series_title", total: "series_episodes",
		progress: "my_watched_episodes", repeats: "my_times_watched", repeating: "my_rewatching", yes: "1", no: "0",
		watching: "Watching", planned: "Plan to Watch",
		totalWatching: "user_total_watching", totalPlanned: "user_total_plantowatch",
		exportType: "1", totalName: "user_total_anime",
		order: `series_animedb_id series_title series_type series_episodes my_id my_watched_episodes my_start_date
			my_finish_date my_rated my_score my_dvd my_storage my_storage_value my_status my_comments my_times_watched
			my_rewatch_value my_priority my_tags my_rewatching my_rewatching_ep my_discuss my_sns`,
	}
	manga = names{
		kind: tracker.Manga, id: "manga_mangadb_id", title: "manga_title", total: "manga_chapters", totalVolumes: "manga_volumes",
		progress: "my_read_chapters", volumes: "my_read_volumes", repeats: "my_times_read",
		repeating: "my_rereading", yes: "YES", no: "NO",
		watching: "Reading", planned: "Plan to Read",
		totalWatching: "user_total_reading", totalPlanned: "user_total_plantoread",
		exportType: "2", totalName: "user_total_manga",
		order: `manga_mangadb_id manga_title manga_volumes manga_chapters my_id my_read_volumes my_read_chapters
			my_start_date my_finish_date my_scanalation_group my_score my_storage my_retail_volumes my_status my_comments
			my_times_read my_tags my_priority my_reread_value my_rereading my_discuss my_sns`,
	}
)

// Elements that both kinds share.
const (
	elStart  = "my_start_date"
	elFinish = "my_finish_date"
	elScore  = "my_score"
	elStatus = "my_status"
	elUpdate = "update_on_import"
	elNotes  = "my_comments"
)

// namesFor tells the kind of a list from the element of an entry.
func namesFor(element string) (names, bool) {
	switch element {
	case "anime":
		return anime, true
	case "manga":
		return manga, true
	}
	return names{}, false
}

func namesOf(k tracker.Kind) names {
	if k == tracker.Manga {
		return manga
	}
	return anime
}

// namesIn tells the kind of an entry from its native values.
func namesIn(e tracker.Entry) names {
	if _, ok := e.Get(manga.id); ok {
		return manga
	}
	return anime
}
