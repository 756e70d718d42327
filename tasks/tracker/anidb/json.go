package anidb

import (
	"encoding/json"
	"io"
	"strings"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// readJSON reads the templates json-adborg and json-large: {"Animes":[{..,
// "Episodes":[{.., "Files":[{.., "MyList":{..}}]}]}]}. One episode is held at a
// time, and what is kept of its anime.
func readJSON(in io.Reader, row func(tracker.Row) error) error {
	j, err := listfile.NewJSON(in, title)
	if err != nil {
		return err
	}
	if delim, err := j.Enter(); err != nil || delim != '{' {
		return orNotOurs(j, err)
	}
	found := false
	err = j.Members(func(name string) error {
		if name != "Animes" {
			return j.Skip()
		}
		if delim, err := j.Enter(); err != nil || delim != '[' {
			return orNotOurs(j, err)
		}
		found = true
		return j.Elements(func() error { return jsonAnime(j, row) })
	})
	switch {
	case err != nil:
		return err
	case !found:
		return j.NotOurs()
	}
	return j.End()
}

func orNotOurs(j *listfile.JSON, err error) error {
	if err != nil {
		return err
	}
	return j.NotOurs()
}

func jsonAnime(j *listfile.JSON, row func(tracker.Row) error) error {
	delim, err := j.Enter()
	if err != nil || delim != '{' {
		return orNotOurs(j, err)
	}
	var a anime
	broken := false
	values := map[string]string{}
	err = j.Members(func(name string) error {
		if name == "Episodes" {
			return jsonEpisodes(j, &a, &broken)
		}
		raw, err := j.Value()
		broken = broken || listfile.NoText(raw)
		values[strings.ToLower(name)] = scalar(raw)
		return err
	})
	if err != nil {
		return err
	}
	j.Entries++
	a.aid, a.title, a.kanji, a.english = firstOf(values["aid"], values["id"]), firstOf(values["romaji"], values["name"]), values["kanji"], values["english"]
	a.typ, a.year, a.eps = firstOf(values["typename"], values["type"]), values["year"], firstOf(values["eps"], values["epcount"])
	a.special, a.vote, a.tmpVote = values["epsspecial"], values["myvote"], values["mytmpvote"]
	a.watched = values["iswatched"]
	return row(unlessBroken(a.row(noteOf(&a)), broken))
}

func jsonEpisodes(j *listfile.JSON, a *anime, broken *bool) error {
	if delim, err := j.Enter(); err != nil || delim != '[' {
		return err
	}
	return j.Elements(func() error {
		raw, err := j.Value()
		if err != nil {
			return err
		}
		*broken = *broken || listfile.NoText(raw)
		return a.add(episodeIn(raw))
	})
}

// episodeIn reads an episode with its files. Numbers may stand as texts.
func episodeIn(raw json.RawMessage) episode {
	o, _ := listfile.ParseObject(string(raw))
	get := func(o listfile.Object, name string) string {
		value, _ := o.Get(name)
		return scalar(json.RawMessage(value))
	}
	e := episode{No: firstOf(get(o, "number"), get(o, "epno")), EID: get(o, "eid"), Name: firstOf(get(o, "romaji"), get(o, "name")), Length: get(o, "length"), Watched: get(o, "watched") == "1"}
	files, _ := o.Get("Files")
	for _, item := range listfile.Items(files) {
		f, _ := listfile.ParseObject(item)
		list, _ := f.Get("MyList")
		mine, _ := listfile.ParseObject(list)
		e.Files = append(e.Files, file{
			FID: get(f, "fid"), LID: get(mine, "lid"), State: firstOf(get(mine, "mystate"), get(mine, "state")), Viewed: moment(get(mine, "viewdate")),
			Storage: get(mine, "storage"), Source: get(mine, "source"), Other: get(mine, "other"),
		})
	}
	return e
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
