package xref

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"

	"asapi/tasks/tracker"
)

// Source is the kind of a reference file. What a file says of an id replaces
// what earlier files of its source said of it.
type Source string

// The sources.
const (
	Fribb        Source = "fribb"
	Offline      Source = "anime-offline-database"
	AnimeAPI     Source = "animeapi"
	MALSync      Source = "mal-sync"
	MangaUpdates Source = tracker.AliasSource
	Own          Source = "own"
)

// recogniseHead is how much of a file is looked at to find out what it is.
const recogniseHead = 64 << 10

// form is one form of a source's files.
type form struct {
	source Source
	sign   *regexp.Regexp
	read   func(in *lines, each func(Row) error) error
}

// forms are tried in this order.
var forms = []form{
	{AnimeAPI, regexp.MustCompile(`^[^\n]*\b(myanimelist|anilist|anidb)\b[^\n]*\t|^[^\n]*\t[^\n]*\b(myanimelist|anilist|anidb)\b`), readTSV},
	{MALSync, regexp.MustCompile(`^\s*\[(?s:.)*"mangadex_ids"`), readArray(malSyncRow)},
	{Fribb, regexp.MustCompile(`^\s*\[(?s:.)*"(?:anidb|kitsu|livechart|anisearch|simkl|imdb|tvdb|thetvdb|themoviedb|anime-planet|animenewsnetwork|animecountdown)_id"`), readArray(fribbRow)},
	{MangaUpdates, regexp.MustCompile(`^\s*\{\s*"[0-9]+"\s*:`), readOldIDs},
	{Offline, regexp.MustCompile(`^\s*\{(?s:.)*"data"\s*:\s*\[`), readData},
	{Own, regexp.MustCompile(`^\s*\{[^\n]*"same"\s*:`), readLines(ownRow)},
	{Offline, regexp.MustCompile(`^\s*\{(?s:.)*"sources"\s*:\s*\[`), readLines(offlineRow)},
}

// Read recognises the kind of a reference file from its content and calls each
// with every row. A row that is wrong has a Fault; a file that cannot be read to
// its end is a permanent *tasks.Error that says what is wrong and where. One row
// is held in memory.
func Read(r io.Reader, each func(Row) error) (Source, error) {
	in := bufio.NewReaderSize(r, recogniseHead)
	head, err := in.Peek(recogniseHead)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return "", tracker.Unreadable("The file is empty.")
	}
	for _, f := range forms {
		if f.sign.Match(head) {
			return f.source, f.read(newLines(in), func(row Row) error {
				row.done()
				return each(row)
			})
		}
	}
	what := tracker.Recognise(head)
	if what != "" {
		what = " It looks like " + what + "."
	}
	return "", tracker.Unreadable("This is no file of cross references that is known here." + what)
}
