package anidb

import (
	"bufio"
	"io"
	"iter"
	"strings"
	"time"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// writeJSON writes the template json-adborg, with the votes besides.
func writeJSON(w io.Writer, _ tracker.List, entries iter.Seq2[tracker.Entry, error]) error {
	out := bufio.NewWriterSize(w, 32<<10)
	_, _ = out.WriteString(`{"Animes":[`) // Flush tells the error
	comma := ""
	for e, err := range entries {
		if err != nil {
			return err
		}
		a := animeOf(e)
		if _, err := out.WriteString(comma + "\n" + a.object()); err != nil {
			return err
		}
		comma = ","
	}
	_, _ = out.WriteString("\n]}\n")
	return out.Flush()
}

func (a *anime) object() string {
	var o listfile.Writer
	text := func(name, value string) {
		if value != "" {
			o.Put(name, listfile.Quote(value))
		}
	}
	o.Put("aid", a.aid)
	text("romaji", a.title)
	text("kanji", a.kanji)
	text("english", a.english)
	text("type", a.typ)
	text("year", a.year)
	text("eps", a.eps)
	text("epsspecial", a.special)
	text("iswatched", a.watched)
	text("myvote", a.vote)
	text("mytmpvote", a.tmpVote)
	var episodes []string
	for _, e := range a.listed() {
		episodes = append(episodes, e.object())
	}
	o.Put("Episodes", "["+strings.Join(episodes, ",")+"]")
	return o.String()
}

func (e *episode) object() string {
	var o listfile.Writer
	text := func(o *listfile.Writer, name, value string) {
		if value != "" {
			o.Put(name, listfile.Quote(value))
		}
	}
	text(&o, "eid", e.EID)
	text(&o, "number", e.No)
	text(&o, "romaji", e.Name)
	text(&o, "length", e.Length)
	o.Put("watched", truth(e.seenHere()))
	files := make([]string, 0, len(e.Files))
	for i := range e.Files {
		f := &e.Files[i]
		var mine, one listfile.Writer
		text(&mine, "lid", f.LID)
		text(&mine, "mystate", f.State)
		mine.Put("viewdate", listfile.Quote(firstOf(dotted(f.Viewed), "-")))
		text(&mine, "storage", f.Storage)
		text(&mine, "source", f.Source)
		text(&mine, "other", f.Other)
		text(&one, "fid", f.FID)
		one.Put("MyList", mine.String())
		files = append(files, one.String())
	}
	o.Put("Files", "["+strings.Join(files, ",")+"]")
	return o.String()
}

// dotted writes a time as most templates do: without its seconds.
func dotted(viewed string) string {
	at, err := time.Parse(time.RFC3339, viewed)
	if err != nil {
		return ""
	}
	return at.UTC().Format("02.01.2006 15:04")
}
