package anidb

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"asapi/tasks/tracker/xmlfile"
)

// info is what AniDB tells everybody of an anime.
type info struct {
	Absent   bool          `json:"absent,omitempty"` // there is none of that id
	Title    string        `json:"title,omitempty"`
	Kanji    string        `json:"kanji,omitempty"`
	English  string        `json:"english,omitempty"`
	Type     string        `json:"type,omitempty"`
	Year     string        `json:"year,omitempty"`
	Count    int64         `json:"count,omitempty"` // of regular episodes; 0: not known
	Special  int64         `json:"special,omitempty"`
	Ended    string        `json:"ended,omitempty"`
	Episodes []toldEpisode `json:"episodes,omitempty"`
}

// toldEpisode is an episode; its number says what it is: plain ones are regular, S1 is a
// special one, and so on.
type toldEpisode struct {
	ID     string `json:"id"`
	No     string `json:"no"`
	Name   string `json:"name,omitempty"`
	Length string `json:"length,omitempty"` // minutes
}

// byID gives the episode of an id.
func (in *info) byID(eid string) (toldEpisode, bool) {
	for _, e := range in.Episodes {
		if e.ID == eid {
			return e, true
		}
	}
	return toldEpisode{}, false
}

// byNumber gives the episode of a number.
func (in *info) byNumber(no string) (toldEpisode, bool) {
	for _, e := range in.Episodes {
		if e.No == no {
			return e, true
		}
	}
	return toldEpisode{}, false
}

// How long what AniDB told of an anime is kept: it wants to be asked as rarely as may be.
const (
	keptEnded = 7 * 24 * time.Hour
	keptOther = 20 * time.Hour
)

// anime gives what AniDB tells of an anime; fresh says that it had to be asked.
func (s *session) anime(ctx context.Context, aid int64) (in info, fresh bool, err error) {
	if s.told.aid == aid {
		return s.told.info, false, nil
	}
	id := strconv.FormatInt(aid, 10)
	text, known, err := s.live.cache.Get(ctx, "anidb:anime:"+id)
	if err != nil || !known || json.Unmarshal([]byte(text), &in) != nil {
		// A cache that does not answer costs a request.
		if in, err = s.askAnime(ctx, id); err != nil {
			return in, true, err
		}
		fresh = true
	}
	s.told.aid, s.told.info = aid, in
	return in, fresh, nil
}

func (s *session) askAnime(ctx context.Context, id string) (in info, err error) {
	body, err := s.ask(ctx, s.live.reader, "anime", url.Values{"aid": {id}})
	switch {
	case errors.Is(err, errNoAnime):
		in.Absent = true
	case err != nil:
		return in, err
	default:
		if in, err = infoIn(body); err != nil {
			return in, err
		}
	}
	text, err := json.Marshal(in)
	if err != nil {
		return in, err
	}
	keep := keptOther
	if in.Ended != "" && in.Ended < s.live.now().UTC().Format(time.DateOnly) {
		keep = keptEnded
	}
	// It is kept so that nobody needs to ask soon; when that fails somebody does.
	_ = s.live.cache.Put(ctx, "anidb:anime:"+id, string(text), keep)
	return in, nil
}

// infoIn reads an anime.
func infoIn(body []byte) (in info, err error) {
	var started string
	err = elements(body, "anime", func(e *xmlfile.Element) {
		switch e.Name {
		case "type":
			in.Type = said(e.Text)
		case "episodecount":
			in.Count, _ = strconv.ParseInt(said(e.Text), 10, 64) // what cannot be read is not known
		case "startdate":
			started = said(e.Text)
		case "enddate":
			in.Ended = said(e.Text)
		case "titles":
			in.titles(e)
		case "episodes":
			in.episodes(e)
		}
	})
	in.Count = min(max(in.Count, 0), maxCount)
	in.Year = years(yearOf(started), yearOf(in.Ended))
	return in, err
}

func yearOf(date string) string {
	year, _, _ := strings.Cut(date, "-")
	return year
}

// titles takes the main title, and the official ones in Japanese and English.
func (in *info) titles(e *xmlfile.Element) {
	for i := range e.Children {
		t := &e.Children[i]
		lang, text := t.Attr("xml:lang"), said(t.Text)
		switch t.Attr("type") {
		case "main":
			in.Title = text
		case "official":
			switch lang {
			case "ja":
				in.Kanji = text
			case "en":
				in.English = text
			}
		}
	}
}

// episodes takes the episodes.
func (in *info) episodes(e *xmlfile.Element) {
	for i := range e.Children {
		c := &e.Children[i]
		no, ok := c.Child("epno")
		if c.Name != "episode" || !ok {
			continue
		}
		one := toldEpisode{ID: c.Attr("id"), No: said(no.Text)}
		if no.Attr("type") == "2" {
			in.Special++
		}
		if length, ok := c.Child("length"); ok {
			one.Length = said(length.Text)
		}
		for j := range c.Children {
			t := &c.Children[j]
			if t.Name == "title" && (one.Name == "" || t.Attr("xml:lang") == "en") {
				one.Name = said(t.Text)
			}
		}
		in.Episodes = append(in.Episodes, one)
	}
}
