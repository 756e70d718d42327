package anidb

import (
	"encoding/xml"
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
// attributes; older exports have some values as elements. An anime of a thousand episodes has several megabytes, so only
// what is kept of it is held.
func readPlainCS(in io.Reader, row func(tracker.Row) error) error {
	r, err := xmlfile.NewReader(in, title, func(name string) bool { return name == "MyList" })
	if err != nil {
		return err
	}
	return r.Starts(func(t xmlfile.Token) error {
		if t.Depth != 2 {
			return nil
		}
		if t.Name != "Anime" {
			return r.Skip(t)
		}
		a, broken, err := plainAnime(r, t)
		if err != nil {
			return err
		}
		r.Count()
		return row(unlessBroken(a.row(""), broken))
	})
}

// errNoText is why an anime cannot be taken that holds bytes which are no text.
const errNoText = "It holds bytes that are no text (control characters, or another encoding than UTF-8)."

// unlessBroken makes a row fail whose bytes were no text.
func unlessBroken(row tracker.Row, broken bool) tracker.Row {
	if broken && row.Fault == "" {
		return tracker.Row{Key: row.Key, Fault: errNoText}
	}
	return row
}

// plainTexts are the values that older exports of the template have as elements,
// of an anime and of a file.
var plainTexts = map[string]bool{
	"Id": true, "Name": true, "TitleJapKanji": true, "TitleEng": true, "TypeName": true, "YearStart": true, "YearEnd": true,
	"Eps": true, "EpsSpecial": true, "EpsTotal": true, "IsWatched": true, "IsComplete": true, "WishListType": true,
	"MyVote": true, "MyVoteDate": true, "MyTmpVote": true, "MyTmpVoteDate": true,
	"LId": true, "MyState": true, "ViewDate": true, "Storage": true, "Source": true, "MyOther": true, "IsWathed": true,
}

// plain reads one anime of the template.
type plain struct {
	reader  *xmlfile.Reader
	anime   anime
	broken  bool
	values  attrs // of the anime
	episode *episode
	file    attrs // of the file that is open
	at      int   // the depth of the element whose values are read
	text    string
}

// plainAnime reads an Anime element to its end.
func plainAnime(r *xmlfile.Reader, start xmlfile.Token) (a anime, broken bool, err error) {
	p := &plain{reader: r, broken: start.Broken, values: attrsOf(start.Attrs), at: start.Depth}
	for {
		t, err := r.Next()
		if err != nil {
			return p.anime, p.broken, err
		}
		p.broken = p.broken || t.Broken
		if t.Kind == xmlfile.End && t.Depth == start.Depth {
			err = p.endEpisode()
			p.takeValues()
			return p.anime, p.broken, err
		}
		switch t.Kind {
		case xmlfile.Start:
			err = p.start(t)
		case xmlfile.Text:
			if len(p.text) < maxLine {
				p.text += string(t.Text)
			}
		case xmlfile.End:
			p.end(t, start.Depth)
		}
		if err != nil {
			return p.anime, p.broken, err
		}
	}
}

func (p *plain) start(t xmlfile.Token) error {
	p.text = ""
	switch {
	case t.Name == "Ep":
		if err := p.endEpisode(); err != nil {
			return err
		}
		m := attrsOf(t.Attrs)
		p.episode = &episode{No: m["EpNo"], EID: m["Id"], Name: m["Name"], Length: m["Length"], Watched: m["StateIsWatched"] == "1"}
	case t.Name == "File" && p.episode != nil:
		p.file, p.at = attrsOf(t.Attrs), t.Depth
	}
	return nil
}

// end takes over the text of an element, or a file.
func (p *plain) end(t xmlfile.Token, depth int) {
	into := p.values
	if p.file != nil {
		into = p.file
	}
	switch {
	case p.file != nil && t.Depth == p.at:
		p.endFile()
		p.file, p.at = nil, depth
	case t.Depth == p.at+1 && plainTexts[t.Name] && into[t.Name] == "":
		into[t.Name] = said(p.text)
	}
	p.text = ""
}

func (p *plain) endEpisode() error {
	if p.episode == nil {
		return nil
	}
	e := *p.episode
	p.episode = nil
	return p.anime.add(e)
}

func (p *plain) endFile() {
	if m := p.file; len(p.episode.Files) <= maxParts {
		p.episode.Files = append(p.episode.Files, file{
			FID: m["Id"], LID: m["LId"], State: m["MyState"], Viewed: m["ViewDate"], Storage: m["Storage"], Source: m["Source"], Other: m["MyOther"],
			Watched: m["IsWathed"] == "1" || m["IsWatched"] == "1", // the template misspells it
		})
	}
}

func (p *plain) takeValues() {
	a, m := &p.anime, p.values
	a.aid, a.title, a.kanji, a.english, a.typ, a.year = m["Id"], m["Name"], m["TitleJapKanji"], m["TitleEng"], m["TypeName"], years(m["YearStart"], m["YearEnd"])
	a.eps, a.special, a.all, a.watched, a.complete = m["Eps"], m["EpsSpecial"], m["EpsTotal"], m["IsWatched"], m["IsComplete"]
	a.vote, a.voteDate, a.tmpVote, a.tmpVoteDate, a.wish = m["MyVote"], m["MyVoteDate"], m["MyTmpVote"], m["MyTmpVoteDate"], m["WishListType"]
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
