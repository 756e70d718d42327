package mangadex

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// gathering is what the site told so far of some titles of the list. It takes many
// requests, and the site may want a wait after any of them; what it told before that is
// kept, so that a run that is limited all along comes to an end.
type gathering struct {
	For      string              `json:"for"` // which page, or which title
	Titles   []standing          `json:"titles"`
	More     bool                `json:"more,omitempty"` // the list goes on after them
	Total    int64               `json:"total,omitempty"`
	Step     int                 `json:"step"`
	Read     map[string][]string `json:"read,omitempty"` // ids of chapters, by title
	Ratings  map[string]int64    `json:"ratings,omitempty"`
	Works    map[string]work     `json:"works,omitempty"`
	Asked    int                 `json:"asked,omitempty"` // chapters that were asked for
	Chapters map[string]chapter  `json:"chapters,omitempty"`

	kept bool
}

// The note of a gathering that is not done, and how large it may be; more is asked for
// again.
const (
	gathered    = "gathered"
	maxGathered = 1 << 20
)

// begun gives what an attempt before this one gathered for a purpose, or a new gathering.
func (s *session) begun(ctx context.Context, purpose string) (*gathering, error) {
	text, err := s.access.Remembered(ctx, gathered)
	if err != nil {
		return nil, err
	}
	g := &gathering{}
	if text != "" && json.Unmarshal([]byte(text), g) == nil && g.For == purpose {
		g.kept = true
		return g, nil
	}
	return &gathering{For: purpose}, nil
}

// gather asks for all that is missing.
func (s *session) gather(ctx context.Context, g *gathering) error {
	steps := []func(context.Context, *gathering) error{s.markers, s.ratings, s.works, s.chapters}
	for g.Step < len(steps) {
		if err := steps[g.Step](ctx, g); err != nil {
			return s.keep(ctx, g, err)
		}
		g.Step++
	}
	if g.kept { // it must not be taken for what is so later
		g.kept = false
		return s.access.Remember(ctx, gathered, "")
	}
	return nil
}

// keep remembers what was gathered before an error that lets the run wait.
func (s *session) keep(ctx context.Context, g *gathering, cause error) error {
	if _, waits := tasks.AsLater(cause); !waits {
		return cause
	}
	text, err := json.Marshal(g)
	if err != nil {
		return fmt.Errorf("encode what was gathered: %w", err)
	}
	if len(text) > maxGathered {
		return cause
	}
	g.kept = true
	if err := s.access.Remember(ctx, gathered, string(text)); err != nil {
		return err
	}
	return cause
}

func (g *gathering) ids() []string {
	ids := make([]string, len(g.Titles))
	for i, t := range g.Titles {
		ids[i] = t.ID
	}
	return ids
}

// markers asks which chapters were read. Titles whose chapters are too many for one page
// are left to the next.
func (s *session) markers(ctx context.Context, g *gathering) error {
	var got struct {
		Data mapOf[[]string] `json:"data"`
	}
	if err := s.ask(ctx, http.MethodGet, "/manga/read?"+url.Values{"ids[]": g.ids(), "grouped": {"true"}}.Encode(), nil, &got); err != nil {
		return err
	}
	g.Read = map[string][]string{}
	many := 0
	for i, t := range g.Titles {
		read := slices.Clone(got.Data[t.ID])
		if many += len(read); i > 0 && many > pageChapters {
			g.Titles, g.More = g.Titles[:i], true
			break
		}
		slices.Sort(read)
		if read = slices.Compact(read); len(read) > 0 {
			g.Read[t.ID] = read
		}
	}
	return nil
}

func (s *session) ratings(ctx context.Context, g *gathering) error {
	var got struct {
		Ratings mapOf[struct {
			Rating int64 `json:"rating"`
		}] `json:"ratings"`
	}
	if err := s.ask(ctx, http.MethodGet, "/rating?"+url.Values{"manga[]": g.ids()}.Encode(), nil, &got); err != nil {
		return err
	}
	g.Ratings = map[string]int64{}
	for id, r := range got.Ratings {
		g.Ratings[id] = r.Rating
	}
	return nil
}

// listing is the path that asks for things by their ids. Without naming all ratings of content the API
// leaves out the last, and without a limit it gives ten.
func listing(path string, ids []string) string {
	return path + "?" + url.Values{
		"ids[]": ids, "limit": {strconv.Itoa(batch)}, "contentRating[]": {"safe", "suggestive", "erotica", "pornographic"},
	}.Encode()
}

func (s *session) works(ctx context.Context, g *gathering) error {
	var got struct {
		Data []struct {
			ID         string `json:"id"`
			Attributes work   `json:"attributes"`
		} `json:"data"`
	}
	if err := s.ask(ctx, http.MethodGet, listing("/manga", g.ids()), nil, &got); err != nil {
		return err
	}
	g.Works = map[string]work{}
	for _, d := range got.Data {
		g.Works[strings.ToLower(d.ID)] = d.Attributes
	}
	return nil
}

// chapters asks for the numbers of the chapters that were read. One that the site does not
// give any more has none.
func (s *session) chapters(ctx context.Context, g *gathering) error {
	var all []string
	for _, t := range g.Titles {
		all = append(all, g.Read[t.ID]...)
	}
	if g.Chapters == nil {
		g.Chapters = map[string]chapter{}
	}
	for g.Asked < len(all) {
		to := min(g.Asked+batch, len(all))
		var got struct {
			Data []struct {
				ID         string `json:"id"`
				Attributes struct {
					Number   *string `json:"chapter"`
					Language string  `json:"translatedLanguage"`
				} `json:"attributes"`
			} `json:"data"`
		}
		if err := s.ask(ctx, http.MethodGet, listing("/chapter", all[g.Asked:to]), nil, &got); err != nil {
			return err
		}
		for _, d := range got.Data {
			g.Chapters[d.ID] = chapter{d.ID, d.Attributes.Number, d.Attributes.Language}
		}
		g.Asked = to
	}
	return nil
}

// rows gives the rows of what was gathered.
func (g *gathering) rows() []tracker.Row {
	rows := make([]tracker.Row, len(g.Titles))
	for i, t := range g.Titles {
		var read []chapter
		for _, id := range g.Read[t.ID] {
			c, known := g.Chapters[id]
			if !known {
				c = chapter{ID: id}
			}
			read = append(read, c)
		}
		rows[i] = rowFrom(t, g.Ratings[t.ID], read, g.Works[t.ID])
	}
	return rows
}
