package anidb

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/xmlfile"
)

// attrs are the attributes of an element by their names.
type attrs map[string]string

func attrsOf(list []xml.Attr) attrs {
	m := make(attrs, len(list))
	for _, a := range list {
		m[a.Name.Local] = said(a.Value)
	}
	return m
}

// readPlainCS reads the template xml-plain-cs: MyList, Anime, Ep, File, all in
// attributes. An anime of a thousand episodes has several megabytes, so only
// what is kept of it is held.
func readPlainCS(in io.Reader, row func(tracker.Row) error) error {
	r, err := xmlfile.NewReader(in, title, func(name string) bool { return name == "MyList" })
	if err != nil {
		return err
	}
	for {
		t, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if t.Kind != xmlfile.Start || t.Depth != 2 {
			continue
		}
		if t.Name != "Anime" {
			if err := r.Skip(t); err != nil {
				return err
			}
			continue
		}
		a, broken, err := plainAnime(r, t)
		if err != nil {
			return err
		}
		r.Count()
		if err := row(unlessBroken(a.row(""), broken)); err != nil {
			return err
		}
	}
}

// unlessBroken makes a row fail whose bytes were no text.
func unlessBroken(row tracker.Row, broken bool) tracker.Row {
	if broken && row.Fault == "" {
		return tracker.Row{Key: row.Key, Fault: "It holds bytes that are no text (control characters, or another encoding than UTF-8)."}
	}
	return row
}

// plainAnime reads an Anime element to its end.
func plainAnime(r *xmlfile.Reader, start xmlfile.Token) (a anime, broken bool, err error) {
	m := attrsOf(start.Attrs)
	a = anime{
		aid: m["Id"], title: m["Name"], kanji: m["TitleJapKanji"], english: m["TitleEng"], typ: m["TypeName"], year: years(m["YearStart"], m["YearEnd"]),
		eps: m["Eps"], special: m["EpsSpecial"], all: m["EpsTotal"], watched: m["IsWatched"], complete: m["IsComplete"],
		vote: m["MyVote"], voteDate: m["MyVoteDate"], tmpVote: m["MyTmpVote"], tmpVoteDate: m["MyTmpVoteDate"], wish: m["WishListType"],
	}
	broken = start.Broken
	var here *episode
	done := func() error {
		if here == nil {
			return nil
		}
		e := *here
		here = nil
		return a.add(e)
	}
	for {
		t, err := r.Next()
		if err != nil {
			return a, broken, err
		}
		broken = broken || t.Broken
		switch {
		case t.Kind == xmlfile.End && t.Depth == start.Depth:
			return a, broken, done()
		case t.Kind == xmlfile.Start && t.Name == "Ep":
			if err := done(); err != nil {
				return a, broken, err
			}
			m := attrsOf(t.Attrs)
			here = &episode{No: m["EpNo"], EID: m["Id"], Name: m["Name"], Length: m["Length"], Watched: m["StateIsWatched"] == "1"}
		case t.Kind == xmlfile.Start && t.Name == "File" && here != nil && len(here.Files) <= maxParts:
			m := attrsOf(t.Attrs)
			here.Files = append(here.Files, file{
				FID: m["Id"], LID: m["LId"], State: m["MyState"], Viewed: m["ViewDate"], Storage: m["Storage"], Source: m["Source"], Other: m["MyOther"],
				Watched: m["IsWathed"] == "1" || m["IsWatched"] == "1", // the template misspells it
			})
		}
	}
}

// years joins the years between which an anime ran.
func years(from, to string) string {
	if to == "" || to == from {
		return from
	}
	return from + "-" + to
}

// yearsIn takes joined years apart.
func yearsIn(joined string) (from, to string) {
	from, to, ranged := strings.Cut(joined, "-")
	if !ranged {
		to = from
	}
	return from, to
}
