package tracker

import (
	"bytes"
	"regexp"
)

// signs tell whose file something is by what stands near its beginning; the
// first that matches counts.
var signs = []struct {
	sign *regexp.Regexp
	what string
}{
	{regexp.MustCompile(`^\s*(?i:<!doctype html|<html)`), "a web page, not an export (it may be the page that asks you to sign in)"},
	{regexp.MustCompile(`<myanimelist[\s>]`), "a MyAnimeList export"},
	{regexp.MustCompile(`<vndb-export[\s>]`), "a VNDB export"},
	{regexp.MustCompile(`<MyList[\s>]|<my_anime_list[\s>]|<mylist\s|"Animes"\s*:|AID\|Romaji\|`), "an AniDB export"},
	{regexp.MustCompile(`"MediaListCollection"|"lists"\s*:|"series_id"\s*:[^}]*"series_type"`), "an AniList export"},
	{regexp.MustCompile(`^Series\tVolume\tChapter`), "a MangaUpdates list"},
	{regexp.MustCompile(`"links"\s*:\s*\{|mangadex`), "a MangaDex list"},
	{regexp.MustCompile(`^PK\x03\x04`), "a zip archive; unpack it and send the file inside"},
	{regexp.MustCompile(`^\x1f\x8b`), "a file that was packed twice; unpack it once and send it again"},
	{regexp.MustCompile(`^(?s:.{257})ustar`), "a tar archive, as AniDB makes them"},
	{regexp.MustCompile(`^\s*[\[{]`), "JSON of an unknown kind"},
	{regexp.MustCompile(`^\s*<\?xml|^\s*<[A-Za-z]`), "XML of an unknown kind"},
}

// Recognise says what a file looks like, as words that follow "It looks like";
// empty: like nothing known.
func Recognise(head []byte) string {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	for _, s := range signs {
		if s.sign.Match(head) {
			return s.what
		}
	}
	return ""
}

// NotA makes the error of a file that is not what title names.
func NotA(title string, head []byte) error {
	if what := Recognise(head); what != "" {
		return Unreadable("This is not a " + title + " export. It looks like " + what + ".")
	}
	return Unreadable("This is not a " + title + " export, and it looks like no list that is known here.")
}
