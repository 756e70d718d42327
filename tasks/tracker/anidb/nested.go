package anidb

import (
	"encoding/xml"
	"io"
	"regexp"
	"strconv"
	"strings"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/xmlfile"
)

// taker takes over an anime that was read; broken says that it held bytes which
// are no text.
type taker func(a *anime, broken bool) error

// isNested tells the templates that say each anime in one place, each in words of
// its own. A document of one anime comes from their archives.
var isNested = regexp.MustCompile(prolog + `<(?:mylist|Mylist|myList|list|AC|anime)[\s/>]`)

// nestedRoots are the names of their root elements in lower case.
var nestedRoots = map[string]bool{"mylist": true, "list": true, "ac": true, "anime": true}

// readNested reads these templates: episodes and files are found inside the element
// of their anime, and what is said of each by its place. One anime is held, as far
// as it is kept.
func readNested(in io.Reader, take taker) error {
	r, err := xmlfile.NewReader(in, title, func(name string) bool { return nestedRoots[strings.ToLower(name)] })
	if err != nil {
		return err
	}
	tells := false
	return r.Starts(func(t xmlfile.Token) error {
		switch name := strings.ToLower(t.Name); {
		case name == "mylistitem":
			return tracker.Unreadable("This is what AniDB's HTTP API answers, which does not tell the numbers of episodes. Make an export at AniDB (My Export) with the template xml-plain-cs and send that.")
		case name == "anime" || name == "a":
			n := nested{reader: r, anime: anime{tells: silent}}
			if tells {
				n.tells = telling
			}
			if err := n.read(t); err != nil {
				return err
			}
			r.Count()
			return take(&n.anime, n.broken)
		case t.Depth == 1:
			for _, a := range t.Attrs { // an anime that it says nothing of has nothing watched
				tells = tells || a.Name.Local == "template" && a.Value == "mini"
			}
		}
		return nil
	})
}

// nested reads the element of one anime.
type nested struct {
	reader *xmlfile.Reader
	anime
	broken bool
	kept   holder // counts what is kept of its episodes and files
}

func (n *nested) spend(texts ...string) error { return n.kept.spend(texts...) }

// level is an element of an anime, an episode or a file that is open.
type level struct {
	*finder
	depth int
	done  func(values map[string]string) error
}

func (n *nested) read(start xmlfile.Token) error {
	var here *episode
	levels := []level{{newFinder(animePlaces), start.Depth, n.takeAnime}}
	attributes(levels[0].finder, start.Attrs)
	n.broken = start.Broken
	text := ""
	for {
		t, err := n.reader.Next()
		if err != nil {
			return err
		}
		n.broken = n.broken || t.Broken
		l := levels[len(levels)-1]
		switch {
		case t.Kind == xmlfile.Start:
			name := strings.ToLower(t.Name)
			switch {
			case len(levels) == 1 && (name == "episode" || name == "e"):
				here = &episode{}
				l = level{newFinder(episodePlaces), t.Depth, func(v map[string]string) error { return n.takeEpisode(here, v) }}
				levels = append(levels, l)
			case len(levels) == 2 && name == "file":
				l = level{newFinder(filePlaces), t.Depth, func(v map[string]string) error { return n.takeFile(here, v) }}
				levels = append(levels, l)
			default:
				l.path = append(l.path, name)
			}
			attributes(l.finder, t.Attrs)
			text = ""
		case t.Kind == xmlfile.Text:
			if l.knows() && len(text) < maxLine {
				text += string(t.Text)
			}
		case t.Depth > l.depth:
			l.put(l.place(), text)
			text = ""
			l.path = l.path[:len(l.path)-1]
		default:
			if err := l.done(l.values); err != nil {
				return err
			}
			if levels = levels[:len(levels)-1]; len(levels) == 0 {
				return nil
			}
		}
	}
}

// attributes takes over those of the element where one is.
func attributes(f *finder, attrs []xml.Attr) {
	for _, a := range attrs {
		place := "@" + strings.ToLower(a.Name.Local)
		if len(f.path) > 0 {
			place = f.place() + "/" + place
		}
		f.put(place, a.Value)
	}
}

func (n *nested) takeAnime(v map[string]string) error {
	a := &n.anime
	a.aid, a.title, a.kanji, a.english, a.typ, a.year = v[isAID], v[isTitle], v[isKanji], v[isEnglish], v[isType], v[isYear]
	a.eps, a.all, a.special, a.count = v[isEps], v[isAll], v[isSpecial], v[isCount]
	a.watched, a.complete, a.wish = v[isWatched], v[isComplete], v[isWish]
	a.vote, a.voteDate, a.tmpVote, a.tmpVoteDate = v[isVote], moment(v[isVoteDate]), v[isTmpVote], moment(v[isTmpVoteDate])
	if a.watched != "" || a.count != "" {
		a.tells = telling
	}
	return nil
}

func (n *nested) takeEpisode(e *episode, v map[string]string) error {
	e.No, e.EID, e.Name, e.Length = v[isNo], v[isEID], v[isName], v[isLength]
	e.Watched = v[isWatched] == "1"
	if _, tells := v[isWatched]; tells {
		n.tells = telling
	}
	if err := n.spend(e.Name, e.No); err != nil {
		return err
	}
	return n.add(*e)
}

func (n *nested) takeFile(e *episode, v map[string]string) error {
	if len(e.Files) > maxParts {
		return nil // the episode is refused at its end
	}
	f := file{
		FID: v[isFID], LID: v[isLID], State: v[isState], Storage: v[isStorage], Other: v[isComment],
		Viewed: moment(v[isViewed]), Watched: v[isWatched] == "1" || v[isViewed] == "1",
	}
	if f.Watched || f.Viewed != "" {
		n.tells = telling
	}
	e.Files = append(e.Files, f)
	return n.spend(f.Storage, f.Other)
}

// counted adds the first numbers to those that were seen, where an anime says how
// many episodes were watched, and its episodes say fewer.
func (a *anime) counted(seen tracker.Numbers) (all tracker.Numbers, fault string) {
	n, err := strconv.ParseInt(firstOf(a.count, "0"), 10, 64)
	if err != nil || n < 0 || n > maxCount {
		return "", "Its count of watched episodes is " + quote(a.count) + ", which is no number."
	}
	if n > seen.Count() {
		return filledUp(seen, n), ""
	}
	return seen, ""
}
