package vndb

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func answer(w http.ResponseWriter, doc any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(doc)
}

// fail answers in plain text, as the real one does.
func fail(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func idIn(text string) int64 {
	n, _ := strconv.ParseInt(strings.TrimPrefix(text, "v"), 10, 64)
	return n
}

// labels gives the labels that a token may see.
func (p *Provider) labels(w http.ResponseWriter, u *User) {
	shown := []Label{}
	for _, l := range u.Labels {
		if !l.Private || slices.Contains(u.Permissions, "listread") {
			shown = append(shown, l)
		}
	}
	answer(w, map[string]any{"labels": shown})
}

// hidden reports whether others do not see an entry: none of its labels is public.
func (u *User) hidden(e *Entry) bool {
	for _, l := range u.Labels {
		if slices.Contains(e.Labels, l.ID) && !l.Private || l.ID == 7 && e.Vote > 0 && !l.Private {
			return false
		}
	}
	return true
}

// query gives a page of the list, by id. Hidden entries are silently left out for a
// token that may not see them.
func (p *Provider) query(w http.ResponseWriter, r *http.Request, u *User) {
	var q struct {
		User, Sort, Fields string
		Filters            []string
		Results            int
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(body, &q) != nil || q.User != u.ID || q.Sort != "id" || len(q.Filters) != 0 && len(q.Filters) != 3 {
		fail(w, http.StatusBadRequest, "Invalid query.")
		return
	}
	if q.Results < 0 || q.Results > 100 {
		fail(w, http.StatusBadRequest, "Invalid 'results' member.")
		return
	}
	shown := []map[string]any{}
	for _, id := range slices.Sorted(maps.Keys(u.Entries)) {
		e := u.Entries[id]
		left := u.hidden(e) && !slices.Contains(u.Permissions, "listread")
		if len(q.Filters) == 3 {
			at := idIn(q.Filters[2])
			left = left || q.Filters[1] == ">" && id <= at || q.Filters[1] == "=" && id != at
		}
		if !left {
			shown = append(shown, p.shape(u, id, e))
		}
	}
	answer(w, map[string]any{"results": shown[:min(len(shown), q.Results)], "more": len(shown) > q.Results})
}

func null[T comparable](v T) any {
	var none T
	if v == none {
		return nil
	}
	return v
}

func (p *Provider) shape(u *User, id int64, e *Entry) map[string]any {
	labels := []map[string]any{}
	for _, l := range u.Labels {
		if slices.Contains(e.Labels, l.ID) || l.ID == 7 && e.Vote > 0 {
			labels = append(labels, map[string]any{"id": l.ID, "label": l.Label})
		}
	}
	return map[string]any{
		"id": "v" + strconv.FormatInt(id, 10), "added": e.added, "voted": null(e.voted), "lastmod": e.modified, "vote": null(e.Vote),
		"started": null(e.Started), "finished": null(e.Finished), "notes": null(e.Notes), "labels": labels,
		"vn": map[string]any{"title": p.titles[id], "alttitle": nil},
	}
}
