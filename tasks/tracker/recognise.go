package tracker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"asapi/tasks"
)

// recogniseHead is how much of a file's beginning tells whose it is.
const recogniseHead = 64 << 10

// Neutral names our own form of everything that is known of trackers. It is no
// provider, so it is no constant of that type, but stands where one is named.
const Neutral = "neutral"

// weight says how much a sign is worth against others.
type weight int

const (
	hint  weight = iota // others' files may look so: a file name, a shape
	mark                // somewhere in the file stands what only one provider writes
	begin               // the file begins as only one provider's does
)

// sign tells whose file something is.
type sign struct {
	weight   weight
	provider Provider // empty: a list of nobody known
	what     string   // follows "It looks like"
	content  *regexp.Regexp
	inside   func(head []byte) bool // only where content is nil
	name     *regexp.Regexp         // of the file; only where both are nil
}

// prolog is what may stand before the root element of an XML document.
const prolog = `^(?s:\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<![A-Za-z][^>]*>\s*)*)`

// listRoot begins a list of MyAnimeList, and plainRoot what AniDB's template
// xml-plain makes, which has the same root.
var (
	listRoot  = regexp.MustCompile(prolog + `<myanimelist[\s/>]`)
	plainRoot = regexp.MustCompile(prolog + `<myanimelist>\s*(?:<!--(?s:.*?)-->\s*)*<(?:user_info|animes)>`)
)

const uuid = `[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`

func starts(p Provider, what, pattern string) sign {
	return sign{weight: begin, provider: p, what: what, content: regexp.MustCompile(pattern)}
}

func holds(p Provider, what, pattern string) sign {
	return sign{weight: mark, provider: p, what: what, content: regexp.MustCompile(pattern)}
}

func shaped(p Provider, what, pattern string) sign {
	return sign{weight: hint, provider: p, what: what, content: regexp.MustCompile(pattern)}
}

func named(p Provider, what, pattern string) sign {
	return sign{weight: hint, provider: p, what: what, name: regexp.MustCompile(pattern)}
}

// signs are those of every kind of file that is known, also of kinds that
// cannot be imported. Among those of one provider the first tells what it is.
var signs = []sign{
	starts("", "a web page, not an export (it may be the page that asks you to sign in)", prolog+`(?i:<html[\s>])|^\s*(?i:<!doctype html)`),
	starts("", "XML that declares entities or elements of its own, which no list does", prolog+`<!DOCTYPE[^>\[]*\[`),
	starts("", "a zip archive; unpack it and send the file inside", `^PK\x03\x04`),
	starts("", "a file that was packed twice; unpack it once and send it again", `^\x1f[^\x00-\x7f]\x08`), // the second byte, 8b, is no letter for a pattern
	starts(Neutral, "an export of this service (neutral JSON)", `^\s*\{\s*"format"\s*:\s*"asapi-trackers"`),
	{weight: begin, provider: MyAnimeList, what: "a MyAnimeList export", inside: func(head []byte) bool { return listRoot.Match(head) && !plainRoot.Match(head) }},
	{weight: begin, provider: AniDB, what: "an AniDB export", content: plainRoot},
	starts(VNDB, "a VNDB export", prolog+`<vndb-export[\s/>]`),
	starts(VNDB, "a VNDB vote dump", `^v?\d+[ \t]+u?\d+[ \t]+\d{1,3}[ \t]+\d{4}-\d\d-\d\d\s*(?:\n|$)`),
	starts(AniDB, "an AniDB export", prolog+`<(?:(?:MyList|mylist|Mylist|myList|my_anime_list|export|myvotes|votes)[\s/>]|AC\s+u=|list>\s*<created>)`),
	starts(AniDB, "an AniDB export", `^\s*\{\s*"Animes"\s*:|^"?AID"?\||^(?:Name;Year;Eps;Seen;|aid;episode;title;group;|# MYLIST export)`),
	{weight: begin, provider: MangaUpdates, what: "an archive of MangaUpdates lists", inside: mangaArchive},
	starts(AniList, "an AniList export", `^\s*\[?\s*\{\s*(?:"data"\s*:\s*\{\s*)?"MediaListCollection"`),
	starts(MangaUpdates, "a MangaUpdates list", `^"?Series"?\t"?Volume"?\t"?Chapter`),

	holds(AniList, "an AniList export", `"MediaListCollection"|"series_type"\s*:|"(?:isCustomList|hiddenFromStatusLists|mediaId)"\s*:|^\s*\{\s*"user"\s*:\s*\{(?s:.*)"(?:custom_lists|title_language|donator_tier)"`),
	holds(AniDB, "a tar archive, as AniDB makes them", `^(?s:.{257})ustar`),
	holds(AniDB, "an AniDB export", `"Animes"\s*:|"(?:aid|mystate|romanjiName|seriesInfo)"\s*:`),
	holds(VNDB, "VNDB's list as JSON (send the XML that the site exports)", `"id"\s*:\s*"v\d+"`),
	holds(MangaDex, "a MangaDex list", `"(?:id|manga|mangaId|uuid)"\s*:\s*"`+uuid+`"|"statuses"\s*:\s*\{\s*"`+uuid+`"|(?i:\bmangadex\.org/(?:title|manga)/)|^(?i:[^\n\[{<]*\bmangadex)`),
	holds(MangaDex, "a MangaDex list", `(?m:^"?`+uuid+`"?[,;\t])`),
	holds(MangaUpdates, "a MangaUpdates list", `(?i:\bmangaupdates\.com/series)`),
	holds("", "a file of cross references, not a list (asapi crossref load takes it)", `"(?:mal_id|anidb_id|anilist_id|animeSeason)"\s*:`),

	named(MangaUpdates, "a MangaUpdates list", `(?i)^(?:read|reading|wish|complete|completed|unfinished|hold|on.?hold)(?:[ _.-].*)?\.(?:txt|tsv)(?:\.gz)?$`),
	named(AniDB, "an AniDB archive", `(?i)\.(?:tar|tgz|tar\.gz)$`),
	named(AniList, "an AniList export", `(?i)^gdpr_data.*\.json$`),
	shaped("", "JSON of an unknown kind", `^\s*[\[{]`),
	shaped("", "XML of an unknown kind", `^\s*<(?:\?xml|[A-Za-z!])`),
}

// match reports whether the sign is on the file.
func (s sign) match(head []byte, name string) bool {
	switch {
	case s.content != nil:
		return s.content.Match(head)
	case s.inside != nil:
		return s.inside(head)
	}
	return s.name.MatchString(name)
}

// look finds the signs on a file that are worth most, one of each provider;
// those of nobody known only where there are no others.
func look(head []byte, name string) []sign {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	for _, w := range []weight{begin, mark, hint} {
		var known, unknown []sign
		for _, s := range signs {
			switch {
			case s.weight != w || !s.match(head, name):
			case s.provider == "":
				unknown = append(unknown, s)
			case !slices.ContainsFunc(known, func(o sign) bool { return o.provider == s.provider }):
				known = append(known, s)
			}
		}
		if len(known) > 0 {
			return known
		}
		if len(unknown) > 0 {
			return unknown[:1]
		}
	}
	return nil
}

// Recognise says what a file looks like, as words that follow "It looks like";
// empty: like nothing known.
func Recognise(head []byte) string {
	if found := look(head, ""); len(found) > 0 {
		return whatOf(found)
	}
	return ""
}

// whatOf joins what a file may be.
func whatOf(found []sign) string {
	whats := make([]string, len(found))
	for i, s := range found {
		whats[i] = s.what
	}
	return strings.Join(whats, " or ")
}

// NotA makes the error of a file that is not what title names.
func NotA(title string, head []byte) error {
	article := "a "
	if strings.HasPrefix(title, "Ani") {
		article = "an "
	}
	what := Recognise(head)
	if strings.Contains(what, title) {
		return Unreadable("It looks like " + what + ", but holds no list in a form that can be read here.")
	}
	if what == "" {
		return Unreadable("This is not " + article + title + " export, and it looks like no list that is known here.")
	}
	return Unreadable("This is not " + article + title + " export. It looks like " + what + ".")
}

// recognise decides whose list a file is. asked may be empty; the file of
// another provider than the one that is asked for is refused.
func (s *service) recognise(ctx context.Context, f tasks.File, asked Provider) (Provider, error) {
	head := make([]byte, recogniseHead)
	err := readFile(ctx, f, func(r io.Reader) error {
		n, err := io.ReadFull(r, head)
		head = head[:n]
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", err
	}
	found := look(head, f.Name)
	if asked != "" {
		return asked, refuse(asked, found, head)
	}
	switch {
	case len(found) == 1 && found[0].provider != "":
		p := found[0].provider
		if _, ok := s.formats[p]; !ok && p != Neutral {
			return "", Unreadable("This looks like " + found[0].what + ". Such lists cannot be imported here.")
		}
		return p, nil
	case len(found) > 1:
		return "", s.undecided("It may be "+whatOf(found)+".", found)
	case len(found) == 1 && found[0].weight != hint:
		return "", Unreadable("This is no list that could be imported. It looks like " + found[0].what + ".")
	case len(found) == 1:
		return "", s.undecided("It looks like "+found[0].what+".", nil)
	}
	return "", s.undecided("It looks like no list that is known here.", nil)
}

// refuse gives the error of a file that is surely not of the provider.
func refuse(asked Provider, found []sign, head []byte) error {
	ours := func(o sign) bool { return o.provider == asked }
	if len(found) == 0 || found[0].weight == hint || slices.ContainsFunc(found, ours) {
		return nil
	}
	return NotA(title(asked), head)
}

// undecided asks for the provider.
func (s *service) undecided(what string, among []sign) error {
	var say []string
	for _, sign := range among {
		say = append(say, "provider="+string(sign.provider))
	}
	if len(among) == 0 {
		for _, p := range s.providers() {
			say = append(say, "provider="+p)
		}
	}
	return &tasks.Error{
		Code: tasks.CodeUnsupportedFormat, Field: "provider",
		Message: "The file does not tell whose list it is. " + what + " Say whose it is with " + strings.Join(say, " or ") + ".",
	}
}
