package vndb

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"asapi/tasks/tracker"
)

// perPage is how many entries a page has; the API gives at most 100.
const perPage = 100

// entryFields are what is asked of an entry. Releases are left out: they are written
// elsewhere, and a list file says more of them.
const entryFields = "id,added,voted,lastmod,vote,started,finished,notes,labels{id,label},vn{title,alttitle}"

// query asks for entries of a list.
type query struct {
	User    string   `json:"user"`
	Fields  string   `json:"fields"`
	Filters []string `json:"filters,omitempty"`
	Sort    string   `json:"sort"`
	Results int      `json:"results"`
}

// found is a page of entries.
type found struct {
	Results []answered `json:"results"`
	More    bool       `json:"more"`
}

// answered is an entry as the API gives it. Times are seconds since 1970; a vote is 10
// to 100, where the XML export has 1 to 10.
type answered struct {
	ID       string  `json:"id"`
	Added    int64   `json:"added"`
	Voted    *int64  `json:"voted"`
	Modified int64   `json:"lastmod"`
	Vote     *int64  `json:"vote"`
	Started  *string `json:"started"`
	Finished *string `json:"finished"`
	Notes    *string `json:"notes"`
	Labels   []struct {
		ID    int64  `json:"id"`
		Label string `json:"label"`
	} `json:"labels"`
	VN struct {
		Title    string  `json:"title"`
		AltTitle *string `json:"alttitle"`
	} `json:"vn"`
}

// Page implements tracker.LiveList. A cursor is the id of the last entry: pages by
// number would shift when the list changes in between.
func (s *session) Page(ctx context.Context, _ tracker.Kind, cursor string) (page tracker.LivePage, err error) {
	q := query{User: s.User, Fields: entryFields, Sort: "id", Results: perPage}
	if cursor != "" {
		q.Filters = []string{"id", ">", cursor}
	}
	var f found
	if err := s.ask(ctx, http.MethodPost, "/ulist", q, &f); err != nil {
		return page, err
	}
	for i := range f.Results {
		page.Rows = append(page.Rows, s.row(&f.Results[i]))
	}
	if n := len(f.Results); f.More && n > 0 {
		page.Next = f.Results[n-1].ID
	}
	return page, nil
}

// Find implements tracker.LiveList.
func (s *session) Find(ctx context.Context, key tracker.RecordKey) (row tracker.Row, there bool, err error) {
	var f found
	q := query{User: s.User, Fields: entryFields, Sort: "id", Results: 1, Filters: []string{"id", "=", key.NativeID}}
	if err := s.ask(ctx, http.MethodPost, "/ulist", q, &f); err != nil || len(f.Results) == 0 {
		return row, false, err
	}
	return s.row(&f.Results[0]), true, nil
}

// row makes a row of an entry, with the native values of the XML export.
func (s *session) row(a *answered) tracker.Row {
	id, known := idOf(a.ID)
	labels, private := s.labelled(a)
	e := tracker.Entry{}
	add := func(name, value string) { e.Native = append(e.Native, tracker.Field{name, value}) }
	add(atID, id)
	add(atPrivate, strconv.FormatBool(private))
	add(elTitle, a.VN.Title)
	if a.VN.AltTitle != nil {
		add(elTitle+"@original", *a.VN.AltTitle)
	}
	add(atLabels, labelsText(labels))
	add("added", timeText(a.Added))
	add("modified", timeText(a.Modified))
	add(elVote, voteOf(orZero(a.Vote)))
	if a.Vote != nil && a.Voted != nil {
		add(elVoted, timeText(*a.Voted))
	}
	add(elStarted, orZero(a.Started))
	add(elFinished, orZero(a.Finished))
	add(elNotes, orZero(a.Notes))
	row := tracker.Row{Key: tracker.RecordKey{Provider: tracker.VNDB, Kind: tracker.VisualNovel, NativeID: id}, Entry: e}
	row.Entry.Facts, row.Fault = factsOf(e)
	row.Changed = time.Unix(a.Modified, 0).UTC()
	return judged(row, a.ID, known, labels)
}

// labelled gives an entry's labels, and whether they hide it: the site shows an entry
// that has at least one public label. Voted is no label that somebody gave.
func (s *session) labelled(a *answered) (labels []label, private bool) {
	hidden := map[int64]bool{}
	for _, l := range s.Labels {
		hidden[l.ID] = l.Private
	}
	private = true
	for _, l := range a.Labels {
		labels = append(labels, label{l.ID, strconv.FormatBool(hidden[l.ID]), l.Label})
		private = private && hidden[l.ID]
	}
	return labels, private
}

func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func timeText(unix int64) string {
	return time.Unix(unix, 0).UTC().Format(time.RFC3339)
}
