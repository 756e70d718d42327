// Package anilist reads and writes the list files of anilist.co: the answer to
// the GraphQL query MediaListCollection, as tools save it, and the JSON of the
// site's own data export. What is known of both stands in
// docs/providers/anilist.md.
package anilist

import (
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// Format implements tracker.Format for AniList JSON.
type Format struct{}

var (
	_ tracker.Format  = Format{}
	_ tracker.Plainer = Format{}
)

// Provider implements tracker.Format.
func (Format) Provider() tracker.Provider { return tracker.AniList }

// Title implements tracker.Format.
func (Format) Title() string { return "AniList" }

// Kinds implements tracker.Format.
func (Format) Kinds() []tracker.Kind { return []tracker.Kind{tracker.Anime, tracker.Manga} }

// Forms implements tracker.Format.
func (Format) Forms() []tracker.Form {
	return []tracker.Form{
		{Name: "graphql", ContentType: "application/json", Extension: ".json", Write: writeCollection},
		{Name: "gdpr", ContentType: "application/json", Extension: ".json", Write: writeExport},
	}
}

// Names of native values. They are those of the GraphQL type MediaList; the
// members of its media stand one by one, with a prefix. Values are compact
// JSON; empty is null.
const (
	elMedia       = "media." // prefix of the members of media
	elID          = "mediaId"
	elStatus      = "status"
	elScore       = "score"       // always 0 to 100 here
	elScoreRaw    = "scoreRaw"    // of a file: 0 to 100 whatever the format
	elScoreFormat = "scoreFormat" // the format the file gave scores in
	elProgress    = "progress"
	elVolumes     = "progressVolumes"
	elRepeat      = "repeat"
	elPrivate     = "private"
	elNotes       = "notes"
	elHidden      = "hiddenFromStatusLists"
	elCustom      = "customLists"
	elStart       = "startedAt"
	elFinish      = "completedAt"
	elType        = elMedia + "type"
	elMediaFormat = elMedia + "format"
	elTitle       = elMedia + "title"
	elMAL         = elMedia + "idMal"
	elAllVolumes  = elMedia + "volumes"
)

// totalOf names the value that counts a work's episodes or chapters.
func totalOf(k tracker.Kind) string {
	if k == tracker.Manga {
		return elMedia + "chapters"
	}
	return elMedia + "episodes"
}

// kindIn tells the kind of an entry from its native values, as read adds it.
func kindIn(e tracker.Entry) tracker.Kind {
	if value, _ := e.Get(elType); value == typeOf(tracker.Manga) {
		return tracker.Manga
	}
	return tracker.Anime
}

// typeOf spells a kind as AniList does, in JSON.
func typeOf(k tracker.Kind) string {
	if k == tracker.Manga {
		return listfile.Quote("MANGA")
	}
	return listfile.Quote("ANIME")
}
