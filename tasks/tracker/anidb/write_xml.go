package anidb

import (
	"bufio"
	"encoding/xml"
	"io"
	"iter"
	"strconv"
	"strings"

	"asapi/tasks/tracker"
)

// writePlainCS writes the template xml-plain-cs, as far as a list of this
// service has what stands in it.
func writePlainCS(w io.Writer, list tracker.List, entries iter.Seq2[tracker.Entry, error]) error {
	x := &xmlWriter{bufio.NewWriterSize(w, 32<<10)}
	x.put("<?xml version='1.0' encoding='utf-8'?>\n<MyList>\n")
	x.open("User", "Name", list.User, "AnimeCount", strconv.FormatInt(list.Total(), 10))
	x.put(" />\n")
	for e, err := range entries {
		if err != nil {
			return err
		}
		a := animeOf(e)
		if err := x.anime(&a); err != nil {
			return err
		}
	}
	x.put("</MyList>\n")
	return x.Flush()
}

// xmlWriter keeps its first error, as bufio.Writer does, until Flush.
type xmlWriter struct{ *bufio.Writer }

func (x *xmlWriter) put(s string) { _, _ = x.WriteString(s) }

// open writes the beginning of a tag with those attributes that have a value.
func (x *xmlWriter) open(name string, attributes ...string) {
	x.put("<" + name)
	for i := 0; i+1 < len(attributes); i += 2 {
		if attributes[i+1] != "" {
			x.put(" " + attributes[i] + `="`)
			_ = xml.EscapeText(x, []byte(attributes[i+1])) // the error stays in the writer until Flush
			x.put(`"`)
		}
	}
}

func (x *xmlWriter) anime(a *anime) error {
	f, _ := a.facts()
	from, to := yearsIn(a.year)
	watched := a.watched
	if f.Status == tracker.Done {
		watched = "1"
	}
	x.open("Anime", "Id", a.aid, "Eps", a.eps, "EpsSpecial", a.special, "EpsTotal", a.all, "YearStart", from, "YearEnd", to,
		"TypeName", a.typ, "MyWatchedEps", strconv.FormatInt(f.Progress, 10), "IsComplete", a.complete, "IsWatched", watched,
		"Name", a.title, "TitleJapKanji", a.kanji, "TitleEng", a.english, "WishListType", a.wish,
		"MyVote", firstOf(a.vote, "NaN"), "MyVoteDate", a.voteDate, "MyTmpVote", firstOf(a.tmpVote, "NaN"), "MyTmpVoteDate", a.tmpVoteDate)
	x.put(">\n")
	for _, e := range a.listed() {
		x.episode(&e)
	}
	_, err := x.WriteString("</Anime>\n")
	return err
}

func (x *xmlWriter) episode(e *episode) {
	x.open("Ep", "Id", e.EID, "EpNo", e.No, "Name", e.Name, "Length", e.Length, "StateIsWatched", truth(e.Watched))
	if len(e.Files) == 0 {
		x.put(" />\n")
		return
	}
	x.put(">\n")
	for i := range e.Files {
		f := &e.Files[i]
		x.open("File", "Id", f.FID, "LId", f.LID, "Storage", f.Storage, "Source", f.Source, "ViewDate", f.Viewed, "IsWathed", truth(f.Watched), "MyOther", f.Other, "MyState", f.State)
		x.put(" />\n")
	}
	x.put("</Ep>\n")
}

func truth(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// legal replaces what a table or a text of a template cannot hold.
func legal(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '|':
			return '/'
		case r < ' ':
			return ' '
		}
		return r
	}, s)
}
