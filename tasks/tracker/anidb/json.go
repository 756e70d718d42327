package anidb

import (
	"encoding/json"
	"io"
	"regexp"
	"strings"

	"asapi/tasks/tracker/listfile"
)

// isNestedJSON tells JSON of AniDB's templates from other files of an archive.
var isNestedJSON = regexp.MustCompile(`"(?:Animes|aid|romanjiName|seriesInfo)"\s*:|^\s*\{\s*"user"\s*:\s*"[^"]*"\s*,\s*"date"\s*:`)

// jsonPlaces are the paths, in lower case, from an anime to what is said of it in
// the templates json-adborg and json-large.
var jsonPlaces = map[string]string{
	"aid": isAID, "id": isAID,
	"romaji": isTitle, "name": isTitle, "romanjiname": isTitle, "seriesinfo/name/romanji": isTitle,
	"kanji": isKanji, "seriesinfo/name/kanji": isKanji,
	"english": isEnglish, "englishname": isEnglish, "seriesinfo/name/english": isEnglish,
	"typename": isType, "type": isType, "seriesinfo/type": isType,
	"year": isYear, "seriesinfo/airingdate/year": isYear,
	"eps": isEps, "epcount": isEps, "totalepisodes": isEps, "episodeinfo/episodecount/normal/totalepisodes": isEps,
	"episodeinfo/episodecount/total/totalepisodes": isAll,
	"epsspecial": isSpecial, "specialepisodes/totalepisodes": isSpecial, "episodeinfo/episodecount/special/totalepisodes": isSpecial,
	"episodeinfo/episodecount/normal/watchedepisodes": isCount,
	"iswatched": isWatched, "myvote": isVote, "mytmpvote": isTmpVote,
}

// jsonInside are the paths of the objects that hold some of them.
var jsonInside = map[string]bool{
	"specialepisodes": true, "seriesinfo": true, "seriesinfo/name": true, "seriesinfo/airingdate": true,
	"episodeinfo": true, "episodeinfo/episodecount": true, "episodeinfo/episodecount/normal": true,
	"episodeinfo/episodecount/special": true, "episodeinfo/episodecount/total": true,
}

// readJSON reads the templates json-adborg and json-large: {"Animes":[{..,
// "Episodes":[{.., "Files":[{.., "MyList":{..}}]}]}]}, {"anime":[{.., "episodes":
// [..]}]}, and the document of one anime that their archives hold besides. One
// episode is held at a time, and what is kept of its anime.
func readJSON(in io.Reader, take taker) error {
	j, err := listfile.NewJSON(in, title)
	if err != nil {
		return err
	}
	if delim, err := j.Enter(); err != nil || delim != '{' {
		return orNotOurs(j, err)
	}
	found := false
	itself := &jsonAnime{JSON: j, finder: newFinder(jsonPlaces)}
	err = j.Members(func(name string) error {
		if name != "Animes" && name != "anime" {
			return itself.member(name)
		}
		if delim, err := j.Enter(); err != nil || delim != '[' {
			return orNotOurs(j, err)
		}
		found = found || name == "Animes"
		return j.Elements(func() error {
			if delim, err := j.Enter(); err != nil || delim != '{' {
				return orNotOurs(j, err)
			}
			one := &jsonAnime{JSON: j, finder: newFinder(jsonPlaces)}
			if err := j.Members(one.member); err != nil {
				return err
			}
			if found = found || one.values[isAID] != ""; !found {
				return j.NotOurs()
			}
			return one.end(take)
		})
	})
	switch {
	case err != nil:
		return err
	case !found && itself.values[isAID] != "" && itself.listed:
		err = itself.end(take)
	case !found:
		return j.NotOurs()
	}
	if err != nil {
		return err
	}
	return j.End()
}

func orNotOurs(j *listfile.JSON, err error) error {
	if err != nil {
		return err
	}
	return j.NotOurs()
}

// jsonAnime reads one anime.
type jsonAnime struct {
	*listfile.JSON
	*finder
	anime
	listed bool // it has a list of episodes
	broken bool
}

// member reads a member of the anime, or of an object in it.
func (a *jsonAnime) member(name string) error {
	name = strings.ToLower(name)
	if name == "episodes" {
		return a.episodeList()
	}
	a.path = append(a.path, name)
	defer func() { a.path = a.path[:len(a.path)-1] }()
	switch {
	case jsonInside[a.place()]:
		return a.inside(a.member)
	case !a.knows():
		return a.Skip()
	}
	raw, err := a.Value()
	a.broken = a.broken || listfile.NoText(raw)
	a.put(a.place(), scalar(raw))
	return err
}

// inside reads an object member by member; anything else is passed over.
func (a *jsonAnime) inside(member func(name string) error) error {
	switch delim, err := a.Enter(); {
	case err != nil || delim == 0:
		return err
	case delim == '[':
		return a.Elements(a.Skip)
	}
	return a.Members(member)
}

func (a *jsonAnime) episodeList() error {
	switch delim, err := a.Enter(); {
	case err != nil || delim == 0:
		return err
	case delim == '{':
		return a.Members(func(string) error { return a.Skip() })
	}
	a.listed = true
	return a.Elements(func() error {
		raw, err := a.Value()
		if err != nil {
			return err
		}
		a.broken = a.broken || listfile.NoText(raw)
		e, tells := episodeIn(raw)
		if a.tells == unsure && !tells {
			a.tells = silent
		}
		if tells {
			a.tells = telling
		}
		return a.add(e)
	})
}

// end hands over what was read.
func (a *jsonAnime) end(take taker) error {
	a.Entries++
	v := a.values
	a.aid, a.title, a.kanji, a.english, a.typ, a.year = v[isAID], v[isTitle], v[isKanji], v[isEnglish], v[isType], v[isYear]
	a.eps, a.all, a.special, a.count, a.watched, a.vote, a.tmpVote = v[isEps], v[isAll], v[isSpecial], v[isCount], v[isWatched], v[isVote], v[isTmpVote]
	if a.count != "" || a.watched != "" {
		a.tells = telling
	}
	return take(&a.anime, a.broken)
}

// episodeIn reads an episode with its files. Numbers may stand as texts. tells
// reports whether something says if it was watched.
func episodeIn(raw json.RawMessage) (e episode, tells bool) {
	o, _ := listfile.ParseObject(string(raw))
	get := func(o listfile.Object, name string) string {
		value, _ := o.Get(name)
		return scalar(json.RawMessage(value))
	}
	inner := func(o listfile.Object, name string) listfile.Object {
		value, _ := o.Get(name)
		object, _ := listfile.ParseObject(value)
		return object
	}
	_, tells = o.Get("watched")
	e = episode{
		No: firstOf(get(o, "number"), get(o, "epno")), EID: firstOf(get(o, "eid"), get(o, "id")), Length: get(o, "length"), Watched: get(o, "watched") == "1",
		Name: firstOf(get(o, "english"), get(o, "romaji"), get(o, "name"), get(inner(o, "name"), "english")),
	}
	files, ok := o.Get("Files")
	if !ok {
		files, _ = o.Get("files")
	}
	for _, item := range listfile.Items(files) {
		f, _ := listfile.ParseObject(item)
		mine := inner(f, "MyList")
		tells = tells || len(mine.Members) > 0
		e.Files = append(e.Files, file{
			FID: firstOf(get(f, "fid"), get(f, "id")), LID: get(mine, "lid"), State: firstOf(get(mine, "mystate"), get(mine, "state")), Viewed: moment(get(mine, "viewdate")),
			Storage: get(mine, "storage"), Source: get(mine, "source"), Other: get(mine, "other"),
		})
	}
	return e, tells
}

// scalar gives a text, a number or a truth as text; anything else is empty.
func scalar(raw json.RawMessage) string {
	switch text := strings.TrimSpace(string(raw)); {
	case text == "", text == "null", text[0] == '{', text[0] == '[', text == "false":
		return ""
	case text == "true":
		return "1"
	case text[0] != '"':
		return text
	}
	text, _ := listfile.Text(string(raw))
	return said(text)
}
