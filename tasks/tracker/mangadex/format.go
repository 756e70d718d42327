// Package mangadex reads and writes lists of mangadex.org. The site has no list
// file of its own: there is a JSON form with the names of its API, which is
// defined in docs/providers/mangadex.md, and tables of follows as tools write
// them.
package mangadex

import (
	"bufio"
	"errors"
	"io"

	"asapi/tasks/tracker"
)

// Format implements tracker.Format for MangaDex lists.
type Format struct{}

var _ tracker.Format = Format{}

// Provider implements tracker.Format.
func (Format) Provider() tracker.Provider { return tracker.MangaDex }

// Title implements tracker.Format.
func (Format) Title() string { return "MangaDex" }

// Kinds implements tracker.Format.
func (Format) Kinds() []tracker.Kind { return []tracker.Kind{tracker.Manga} }

// Forms implements tracker.Format.
func (Format) Forms() []tracker.Form {
	return []tracker.Form{
		{Name: "mangadex", ContentType: "application/json", Extension: ".json", Write: writeJSON},
		{Name: "csv", ContentType: "text/csv", Extension: ".csv", Write: writeTable},
	}
}

// Names of native values, which are those of the JSON form. Values are compact
// JSON; empty is null.
const (
	elID       = "id"
	elTitle    = "title"
	elStatus   = "status"
	elRating   = "rating"
	elChapters = "chapters"
	elCurrent  = "current" // the highest chapter read, where a file says no more
	elVolume   = "volume"  // the highest volume read
	elLinks    = "links"
	elURL      = "url"
)

// Read implements tracker.Format. It holds one entry in memory. What the file
// begins with tells JSON from a table.
func (Format) Read(file tracker.Input, row func(tracker.Row) error) error {
	in := bufio.NewReaderSize(file, 64<<10)
	for n := 1; ; n++ {
		head, err := in.Peek(n)
		if len(head) < n {
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			return tracker.NotA(Format{}.Title(), head)
		}
		switch head[n-1] {
		case ' ', '\t', '\r', '\n':
			if n < 4096 {
				continue
			}
		case '[', '{':
			return readJSON(in, row)
		}
		return readTable(in, row)
	}
}
