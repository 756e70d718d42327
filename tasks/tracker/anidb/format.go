// Package anidb reads and writes the list files of anidb.net: what its export
// templates make of a user's list, alone or in the archive in which the site
// delivers them. AniDB's lists hold files of episodes; this package makes one
// entry of each anime. What is known of the templates stands in
// docs/providers/anidb.md.
package anidb

import (
	"asapi/tasks/tracker"
)

// Format implements tracker.Format for AniDB's export templates.
type Format struct{}

var _ tracker.Format = Format{}

const title = "AniDB"

// Provider implements tracker.Format.
func (Format) Provider() tracker.Provider { return tracker.AniDB }

// Title implements tracker.Format.
func (Format) Title() string { return title }

// Kinds implements tracker.Format.
func (Format) Kinds() []tracker.Kind { return []tracker.Kind{tracker.Anime} }

// Forms implements tracker.Format.
func (Format) Forms() []tracker.Form {
	return []tracker.Form{
		{Name: "xml-plain-cs", ContentType: "application/xml", Extension: ".xml", Write: writePlainCS},
		{Name: "csv-adborg", ContentType: "application/gzip", Extension: ".tgz", Write: writeCSV},
		{Name: "json-adborg", ContentType: "application/json", Extension: ".json", Write: writeJSON},
	}
}

// Blank implements tracker.Format.
func (f Format) Blank(_ tracker.Kind, nativeID string, facts tracker.Facts) tracker.Entry {
	a := anime{aid: nativeID}
	e := a.entry()
	e.Facts = facts
	return f.Conform(e)
}
