package anidb

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"asapi/tasks/tracker/xmlfile"
)

// mylist is a user's whole list, as one answer gives it.
type mylist struct {
	Anime map[int64]*listed `json:"anime"`
}

// listed is what the list has of one anime, and how the user voted. It says episodes by
// their ids; what AniDB tells of the anime has their numbers.
type listed struct {
	Items   []item `json:"i,omitempty"`
	Vote    string `json:"v,omitempty"`
	TmpVote string `json:"t,omitempty"`
}

// item is a file, or in place of one an episode, on the list.
type item struct {
	EID       string `json:"e"`
	LID       string `json:"l,omitempty"` // its place; empty: not known, and no real file is there
	State     string `json:"s,omitempty"`
	FileState string `json:"f,omitempty"`
	Watched   bool   `json:"w,omitempty"`
	Viewed    string `json:"d,omitempty"` // RFC 3339, in UTC
	Storage   string `json:"p,omitempty"`
	Source    string `json:"q,omitempty"`
	Other     string `json:"o,omitempty"`
}

// ids gives the anime of the list in rising order.
func (m *mylist) ids() []int64 {
	var ids []int64
	for id, l := range m.Anime {
		if len(l.Items) > 0 { // a vote alone puts nothing on the list
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// of gives what the list has of an anime, to be changed.
func (m *mylist) of(aid int64) *listed {
	l := m.Anime[aid]
	if l == nil {
		l = &listed{}
		m.Anime[aid] = l
	}
	return l
}

// list gives the user's list. It is read once in a task, however often that is
// interrupted: AniDB bans who reads it again and again.
func (s *session) list(ctx context.Context) (*mylist, error) {
	if s.mine != nil {
		return s.mine, nil
	}
	m := &mylist{Anime: map[int64]*listed{}}
	known, err := s.recall(ctx, "list", m)
	if err != nil {
		return nil, err
	}
	if !known {
		if err := s.read(ctx, m); err != nil {
			return nil, err
		}
		if err := s.remember(ctx, "list", m); err != nil {
			return nil, err
		}
	}
	s.mine = m
	return m, nil
}

// read reads the list and the votes from AniDB. The list is remembered before the votes
// are asked for.
func (s *session) read(ctx context.Context, m *mylist) error {
	known, err := s.recall(ctx, "items", m)
	if err != nil {
		return err
	}
	if !known {
		body, err := s.whole(ctx, "mylist")
		if err != nil {
			return err
		}
		if err := m.items(body); err != nil {
			return err
		}
		if err := s.remember(ctx, "items", m); err != nil {
			return err
		}
	}
	body, err := s.whole(ctx, "votes")
	if err != nil {
		return err
	}
	return m.votes(body)
}

// whole asks for all that a user has of something; nil: nothing.
func (s *session) whole(ctx context.Context, request string) ([]byte, error) {
	body, err := s.ask(ctx, s.live.lists, request, url.Values{"user": {s.name}, "pass": {s.password}})
	if errors.Is(err, errEmptyList) {
		return nil, nil // an empty document
	}
	return body, err
}

// items takes the files of the list.
func (m *mylist) items(body []byte) error {
	if body == nil {
		return nil
	}
	err := elements(body, "mylist", func(e *xmlfile.Element) {
		aid, err := strconv.ParseInt(e.Attr("aid"), 10, 64)
		if e.Name != "mylistitem" || err != nil || aid < 1 {
			return
		}
		text := func(name string) string {
			if c, ok := e.Child(name); ok {
				return said(c.Text)
			}
			return said(e.Attr(name))
		}
		one := item{
			EID: e.Attr("eid"), LID: e.Attr("id"), State: stateText(text("state")), FileState: stateText(text("filestate")),
			Storage: text("storage"), Source: text("source"), Other: text("other"),
		}
		one.Watched, one.Viewed = viewed(e.Attr("viewdate"))
		m.of(aid).Items = append(m.of(aid).Items, one)
	})
	for _, l := range m.Anime {
		slices.SortFunc(l.Items, func(a, b item) int { return compareIDs(a.LID, b.LID) })
	}
	return err
}

// compareIDs orders numbers that are texts.
func compareIDs(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// stateText gives a state, which is left out where it says nothing.
func stateText(state string) string {
	if state == "0" {
		return ""
	}
	return state
}

// viewed reads when something was watched; one that cannot be read still says that it was.
func viewed(text string) (watched bool, at string) {
	if text = said(text); text == "" || text == "0" {
		return false, ""
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return true, ""
	}
	return true, t.UTC().Format(time.RFC3339)
}

// votes takes the user's votes on anime.
func (m *mylist) votes(body []byte) error {
	if body == nil {
		return nil
	}
	return elements(body, "votes", func(e *xmlfile.Element) {
		for i := range e.Children {
			v := &e.Children[i]
			aid, err := strconv.ParseInt(v.Attr("aid"), 10, 64)
			if v.Name != "vote" || err != nil || aid < 1 {
				continue
			}
			switch e.Name {
			case "anime":
				m.of(aid).Vote = voteText(v.Text)
			case "animetemporary":
				m.of(aid).TmpVote = voteText(v.Text)
			}
		}
	})
}

// voteText gives a vote without zeros at its end.
func voteText(text string) string {
	v, err := strconv.ParseFloat(said(text), 64)
	if err != nil || v <= 0 {
		return said(text)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
