package mangadex

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"asapi/tasks/tracker"
)

// The sizes of what is asked for at once.
const (
	// batch is how many ids one request names; the API takes at most 100.
	batch = 100
	// pageChapters is how many read chapters a page has at most, unless a single
	// title has more: each hundred of them is a request.
	pageChapters = 2000
)

// standings gives the whole list, by id; it is asked for once in a run.
func (s *session) standings(ctx context.Context) ([]standing, error) {
	if s.statuses != nil {
		return s.statuses, nil
	}
	var got struct {
		Statuses mapOf[string] `json:"statuses"`
	}
	if err := s.ask(ctx, http.MethodGet, "/manga/status", nil, &got); err != nil {
		return nil, err
	}
	s.statuses = make([]standing, 0, len(got.Statuses))
	for id, status := range got.Statuses {
		s.statuses = append(s.statuses, standing{strings.ToLower(id), status})
	}
	slices.SortFunc(s.statuses, func(a, b standing) int { return strings.Compare(a.ID, b.ID) })
	return s.statuses, nil
}

// Page implements tracker.LiveList. A cursor is the id of the last entry: the API gives
// the whole list at once, and what is known of its entries in batches.
func (s *session) Page(ctx context.Context, _ tracker.Kind, cursor string) (page tracker.LivePage, err error) {
	g, err := s.begun(ctx, "after "+cursor)
	if err != nil {
		return page, err
	}
	if len(g.Titles) == 0 {
		all, err := s.standings(ctx)
		if err != nil {
			return page, err
		}
		from, found := slices.BinarySearchFunc(all, cursor, func(on standing, id string) int { return strings.Compare(on.ID, id) })
		if found {
			from++
		}
		to := min(from+batch, len(all))
		g.Titles, g.More, g.Total = all[from:to], to < len(all), int64(len(all))
	}
	if page.Total = g.Total; len(g.Titles) == 0 {
		return page, nil
	}
	if err := s.gather(ctx, g); err != nil {
		return page, err
	}
	if g.More {
		page.Next = g.Titles[len(g.Titles)-1].ID
	}
	page.Rows = g.rows()
	return page, nil
}

// Find implements tracker.LiveList. A title without a status is not on the list, though
// the site may know what of it was read.
func (s *session) Find(ctx context.Context, key tracker.RecordKey) (row tracker.Row, there bool, err error) {
	if !uuidPattern.MatchString(key.NativeID) {
		return row, false, nil
	}
	g, err := s.begun(ctx, key.NativeID)
	if err != nil {
		return row, false, err
	}
	if len(g.Titles) == 0 {
		var got struct {
			Status string `json:"status"`
		}
		err := s.ask(ctx, http.MethodGet, "/manga/"+key.NativeID+"/status", nil, &got)
		if isAbsent(err) || err == nil && got.Status == "" {
			return row, false, nil
		}
		if err != nil {
			return row, false, err
		}
		g.Titles = []standing{{key.NativeID, got.Status}}
	}
	row, err = s.look(ctx, g)
	return row, err == nil, err
}

// look gives the row of the one title that is gathered for.
func (s *session) look(ctx context.Context, g *gathering) (tracker.Row, error) {
	if err := s.gather(ctx, g); err != nil {
		return tracker.Row{}, err
	}
	return g.rows()[0], nil
}
