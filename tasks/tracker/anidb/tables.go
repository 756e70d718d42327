package anidb

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/xmlfile"
)

// readPlainNew reads the template xml-plain-new: flat tables of anime, episodes
// and files, whose rows name the anime that they belong to.
func readPlainNew(in io.Reader, row func(tracker.Row) error) error {
	held := newHolder()
	err := eachElement(in, "my_anime_list", []string{"anime", "episode", "file"}, func(e *xmlfile.Element) error {
		m := valuesOf(e)
		if err := held.spend(m["epname"], m["romajiname"], m["name"], m["storage"]); err != nil {
			return err
		}
		a := held.of(m["animeid"])
		switch e.Name {
		case "anime":
			a.take(m)
		case "episode":
			return a.add(episode{No: m["epno"], EID: m["epid"], Name: m["epname"], Watched: m["myepwatched"] == "1"})
		case "file":
			return a.addFile(m["epid"], file{
				FID: m["fid"], LID: m["lid"], State: m["mystate"], Viewed: moment(m["viewdate"]), Watched: m["mywatched"] == "1", Storage: m["storage"],
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return held.rows(row)
}

// take takes over what the row of an anime says.
func (a *anime) take(m map[string]string) {
	a.title = firstOf(m["romajiname"], m["name"], m["title"])
	a.kanji, a.english = firstOf(m["namekanji"], m["kanjiname"]), firstOf(m["nameenglish"], m["englishname"])
	a.typ, a.year = firstOf(m["typename"], m["type"]), m["year"]
	a.eps, a.special = m["eps"], m["epsspecial"]
	a.vote, a.tmpVote, a.wish = m["myvote"], m["mytempvote"], m["mywishlisttype"]
	a.voteDate, a.tmpVoteDate = moment(m["myvotedate"]), moment(m["mytempvotedate"])
}

// readMyStatus reads the template xml-mystatus. Its root element ends before the
// list begins, so that the file has two; the first one is left out here.
func readMyStatus(in io.Reader, row func(tracker.Row) error) error {
	in, root, err := withoutEmptyRoot(in)
	if err != nil {
		return err
	}
	return eachElement(in, root, []string{"entry"}, func(e *xmlfile.Element) error {
		m := valuesOf(e)
		a := anime{
			aid: firstOf(m["id"], m["aid"]), title: firstOf(m["title"], m["name"]), watched: m["is_watched"],
			complete: m["is_completed"], vote: m["my_rating"], tmpVote: m["my_rating_temp"],
		}
		return row(unlessBroken(a.row(a.takeCount(m["eps"])), e.Broken))
	})
}

// takeCount takes over how many episodes were watched, where nothing says which, and
// gives the note of that. A template that counts so counts specials, too.
func (a *anime) takeCount(count string) (note string) {
	n, err := strconv.ParseInt(firstOf(count, "0"), 10, 64)
	if err != nil || n < 0 || n > maxCount {
		a.broken = "Its count of watched episodes is " + quote(count) + ", which is no number."
		return ""
	}
	if n == 0 {
		return ""
	}
	a.seen = tracker.UpTo(n)
	return "This file tells how many episodes were watched, specials too, and not which; the first ones are taken."
}

// eachElement calls each for the elements of those names wherever they stand
// below the root; elements inside them belong to them.
func eachElement(in io.Reader, root string, names []string, each func(*xmlfile.Element) error) error {
	r, err := xmlfile.NewReader(in, title, func(name string) bool { return name == root })
	if err != nil {
		return err
	}
	return r.Starts(func(t xmlfile.Token) error {
		if t.Depth < 2 || !slices.Contains(names, t.Name) {
			return nil
		}
		e, err := r.Element(t)
		if err != nil {
			return err
		}
		r.Count()
		return each(&e)
	})
}

// valuesOf gives the attributes and the texts of the children of an element, by
// their names in lower case.
func valuesOf(e *xmlfile.Element) map[string]string {
	m := make(map[string]string, len(e.Attrs)+len(e.Children))
	for _, a := range e.Attrs {
		m[strings.ToLower(a.Name)] = said(a.Value)
	}
	for i := range e.Children {
		m[strings.ToLower(e.Children[i].Name)] = said(e.Children[i].Text)
	}
	return m
}

// moment reads a time as most templates write it, dd.mm.yyyy hh:mm, and gives it
// as it is kept; what is none is empty.
func moment(text string) string {
	for _, layout := range []string{"02.01.2006 15:04", "02.01.2006", time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil && at.Year() > 1970 {
			return at.UTC().Format(time.RFC3339)
		}
	}
	return ""
}
