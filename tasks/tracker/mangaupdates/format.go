// Package mangaupdates reads and writes the list files of mangaupdates.com: a
// table for each list, its cells parted by tabs, with titles and without ids.
// What is known of them stands in docs/providers/mangaupdates.md.
package mangaupdates

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"asapi/tasks/tracker"
)

// Format implements tracker.Format for MangaUpdates lists.
type Format struct{}

var _ tracker.Format = Format{}

// Provider implements tracker.Format.
func (Format) Provider() tracker.Provider { return tracker.MangaUpdates }

// Title implements tracker.Format.
func (Format) Title() string { return "MangaUpdates" }

// Kinds implements tracker.Format.
func (Format) Kinds() []tracker.Kind { return []tracker.Kind{tracker.Manga} }

// Forms implements tracker.Format.
func (Format) Forms() []tracker.Form {
	return []tracker.Form{
		{Name: "tsv", ContentType: "text/tab-separated-values", Extension: ".tsv", Write: writeTable},
		{Name: "archive", ContentType: "application/gzip", Extension: ".tar.gz", Write: writeArchive},
	}
}

// Names of native values: the columns of the site's files, one for the id, and
// one for the list, which the site says by the name of the file. Values are the
// cells as they stand.
const (
	elSeries  = "Series"
	elVolume  = "Volume"
	elChapter = "Chapter"
	elDate    = "Date Changed"
	elRating  = "Rating"
	elID      = "Id"
	elList    = "List"
)

// own are the columns of the site's files, in its order.
var own = []string{elSeries, elVolume, elChapter, elDate, elRating}

// Read implements tracker.Format. It holds one row in memory. A tar archive is
// read as the lists that are in it.
func (Format) Read(file tracker.Input, row func(tracker.Row) error) error {
	in := bufio.NewReaderSize(file, 64<<10)
	head, err := in.Peek(512)
	if len(head) < 512 && err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if len(head) == 512 && bytes.HasPrefix(head[257:], []byte("ustar")) {
		return readArchive(in, row)
	}
	return readTable(in, listOf(file.Name), row)
}
