package mangaupdates

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"asapi/tasks/tracker"
)

// perPage is how many entries of a page are asked for. The API does not say how many
// it gives at most.
const perPage = 100

// shelf is a list of the user: one of the site's own, 0 to 4, or one that the user
// made, which has the type of one of those.
type shelf struct {
	ID   int64  `json:"list_id"`
	Type string `json:"type"`
}

// shelved gives the user's lists by their numbers; they are asked for once in a task.
func (s *session) shelved(ctx context.Context) ([]shelf, error) {
	if s.lists != nil {
		return s.lists, nil
	}
	known, err := s.access.Remembered(ctx, "lists")
	if err != nil {
		return nil, err
	}
	if known != "" && json.Unmarshal([]byte(known), &s.lists) == nil {
		return s.lists, nil
	}
	if err := s.ask(ctx, false, http.MethodGet, "/lists", nil, &s.lists); err != nil {
		return nil, err
	}
	slices.SortFunc(s.lists, func(a, b shelf) int { return int(a.ID - b.ID) })
	text, err := json.Marshal(s.lists)
	if err != nil {
		return nil, fmt.Errorf("encode the lists: %w", err)
	}
	return s.lists, s.access.Remember(ctx, "lists", string(text))
}

// record is an entry as the API gives it.
type record struct {
	Series struct {
		ID    int64  `json:"id"`
		Title string `json:"title"`
	} `json:"series"`
	ListID int64  `json:"list_id"`
	Type   string `json:"list_type"`
	Status struct {
		Volume  float64 `json:"volume"`
		Chapter float64 `json:"chapter"`
	} `json:"status"`
	Priority *int64 `json:"priority"`
	Added    struct {
		Timestamp int64 `json:"timestamp"`
	} `json:"time_added"`
}

// Page implements tracker.LiveList. A cursor is the number of a list, that of a page of
// it, and how many entries the pages before had: they may be shorter than was asked for.
func (s *session) Page(ctx context.Context, _ tracker.Kind, cursor string) (page tracker.LivePage, err error) {
	all, err := s.shelved(ctx)
	if err != nil || len(all) == 0 {
		return page, err
	}
	list, number, before := all[0].ID, 1, 0
	if cursor != "" {
		switch n, err := fmt.Sscanf(cursor, "%d/%d/%d", &list, &number, &before); {
		case n == 2: // of a version before this one
			before = (number - 1) * perPage
		case err != nil:
			return page, fmt.Errorf("the cursor %q is none: %w", cursor, err)
		}
	}
	var found struct {
		Total   int `json:"total_hits"`
		Results []struct {
			Record   record `json:"record"`
			Metadata struct {
				Rating *float64 `json:"user_rating"`
			} `json:"metadata"`
		} `json:"results"`
	}
	path := "/lists/" + strconv.FormatInt(list, 10) + "/search"
	if err := s.ask(ctx, false, http.MethodPost, path, map[string]int{"page": number, "perpage": perPage}, &found); err != nil {
		return page, err
	}
	for i := range found.Results {
		page.Rows = append(page.Rows, rowFrom(&found.Results[i].Record, found.Results[i].Metadata.Rating))
	}
	if n := len(found.Results); n > 0 && before+n < found.Total {
		page.Next = fmt.Sprintf("%d/%d/%d", list, number+1, before+n)
	} else if i := slices.IndexFunc(all, func(l shelf) bool { return l.ID > list }); i >= 0 {
		page.Next = fmt.Sprintf("%d/1/0", all[i].ID)
	}
	return page, nil
}

// Names of native values that only the API has.
const (
	elListID   = "List Id"
	elPriority = "Priority"
)

// rowFrom makes a row of an entry, with the native values of the site's files.
func rowFrom(r *record, rating *float64) tracker.Row {
	rated := "N/A"
	if rating != nil && *rating > 0 {
		rated = ratingOf(int64(math.Round(*rating * 10)))
	}
	list := r.Type
	if known, ok := listNamed(list); ok {
		list = known.name
	}
	e := tracker.Entry{Native: []tracker.Field{
		{elSeries, r.Series.Title},
		{elVolume, strconv.FormatInt(int64(r.Status.Volume), 10)},
		{elChapter, strconv.FormatInt(int64(r.Status.Chapter), 10)},
		{elDate, time.Unix(r.Added.Timestamp, 0).UTC().Format(time.RFC3339)},
		{elRating, rated},
		{elID, strconv.FormatInt(r.Series.ID, 10)},
		{elListID, strconv.FormatInt(r.ListID, 10)},
	}}
	if r.Priority != nil {
		e.Native = append(e.Native, tracker.Field{elPriority, strconv.FormatInt(*r.Priority, 10)})
	}
	e.Native = append(e.Native, tracker.Field{elList, list})
	return rowOf(e, false, 0)
}
