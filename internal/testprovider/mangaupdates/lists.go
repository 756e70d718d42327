package mangaupdates

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (p *Provider) route(w http.ResponseWriter, r *http.Request, u *User) {
	part := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	number := func(i int) int64 { n, _ := strconv.ParseInt(part[i], 10, 64); return n }
	switch {
	case r.URL.Path == "/lists":
		p.shelves(w, u)
	case r.URL.Path == "/lists/series" && r.Method == http.MethodPost:
		p.save(w, r, u, true)
	case r.URL.Path == "/lists/series/update" && r.Method == http.MethodPost:
		p.save(w, r, u, false)
	case r.URL.Path == "/lists/series/delete" && r.Method == http.MethodPost:
		p.remove(w, r, u)
	case len(part) == 3 && part[0] == "lists" && part[1] == "series" && u.Entries[number(2)] != nil:
		answer(w, http.StatusOK, p.record(u, number(2)))
	case len(part) == 3 && part[0] == "lists" && part[2] == "search" && r.Method == http.MethodPost:
		p.search(w, r, u, number(1))
	case len(part) == 3 && part[0] == "series" && part[2] == "rating":
		p.rating(w, r, u, number(1))
	default:
		fail(w, http.StatusNotFound, "Not found.")
	}
}

func (p *Provider) shelves(w http.ResponseWriter, u *User) {
	all := []map[string]any{}
	for id, kind := range types {
		all = append(all, map[string]any{"list_id": id, "title": kind, "type": kind, "custom": false})
	}
	for _, id := range slices.Sorted(maps.Keys(u.Custom)) {
		all = append(all, map[string]any{"list_id": id, "title": "Mine", "type": u.Custom[id], "custom": true})
	}
	answer(w, http.StatusOK, all)
}

func (p *Provider) record(u *User, id int64) map[string]any {
	e := u.Entries[id]
	return map[string]any{
		"series": map[string]any{"id": id, "title": p.titles[id]}, "list_id": e.List, "list_type": u.typeOf(e.List), "list_icon": "",
		"status": map[string]any{"volume": e.Volume, "chapter": e.Chapter}, "priority": 0,
		"time_added": map[string]any{"timestamp": e.added, "as_rfc3339": time.Unix(e.added, 0).UTC().Format(time.RFC3339), "as_string": "today"},
	}
}

func (p *Provider) search(w http.ResponseWriter, r *http.Request, u *User, list int64) {
	var q struct{ Page, PerPage int }
	if json.NewDecoder(r.Body).Decode(&q) != nil || q.Page < 1 || q.PerPage < 1 || q.PerPage > 100 {
		fail(w, http.StatusBadRequest, "That page does not exist")
		return
	}
	q.PerPage = min(q.PerPage, cmp.Or(p.Page, 100))
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(u.Entries)), func(id int64) bool { return u.Entries[id].List != list })
	results := []map[string]any{}
	for _, id := range ids[min((q.Page-1)*q.PerPage, len(ids)):min(q.Page*q.PerPage, len(ids))] {
		var rated any
		if u.Entries[id].Rating > 0 {
			rated = u.Entries[id].Rating
		}
		results = append(results, map[string]any{"record": p.record(u, id), "metadata": map[string]any{"user_rating": rated}})
	}
	answer(w, http.StatusOK, map[string]any{"total_hits": len(ids), "page": q.Page, "per_page": q.PerPage, "list": nil, "results": results})
}

// refused tells what was wrong with entries; some faults come with status 200.
func refused(w http.ResponseWriter, status int, text string) {
	answer(w, status, map[string]any{"status": "EXCEPTION", "reason": "An error has occurred.", "context": map[string]any{"errors": []any{map[string]string{"error": text}}}})
}

// save adds entries, or changes some that are there. Counts are whole numbers.
func (p *Provider) save(w http.ResponseWriter, r *http.Request, u *User, add bool) {
	var items []struct {
		Series struct{ ID int64 }
		List   *int64 `json:"list_id"`
		Status struct{ Volume, Chapter *int64 }
	}
	if json.NewDecoder(r.Body).Decode(&items) != nil {
		fail(w, http.StatusBadRequest, "The request is malformed.")
		return
	}
	for _, one := range items {
		id, was := one.Series.ID, u.Entries[one.Series.ID]
		e := Entry{added: p.clock().Unix()}
		switch {
		case p.Refused[id] != "":
			refused(w, http.StatusOK, p.Refused[id])
			return
		case p.titles[id] == "":
			refused(w, http.StatusBadRequest, "That series does not exist")
			return
		case add && was != nil:
			refused(w, http.StatusBadRequest, "That series is already on one of your lists.")
			return
		case !add && was == nil:
			refused(w, http.StatusOK, "That series isn't on your list")
			return
		case add && one.List == nil || one.List != nil && u.typeOf(*one.List) == "":
			refused(w, http.StatusOK, "That list does not exist")
			return
		case was != nil:
			e = *was
		}
		for _, v := range []struct{ from, to *int64 }{{one.List, &e.List}, {one.Status.Volume, &e.Volume}, {one.Status.Chapter, &e.Chapter}} {
			if v.from != nil {
				*v.to = *v.from
			}
		}
		e.added = p.clock().Unix()
		u.Entries[id] = &e
		p.writes[id]++
	}
	answer(w, http.StatusOK, map[string]any{"status": "success", "reason": "Series were added.", "context": map[string]any{}})
}

func (p *Provider) remove(w http.ResponseWriter, r *http.Request, u *User) {
	var ids []int64
	if json.NewDecoder(r.Body).Decode(&ids) != nil || len(ids) == 0 {
		fail(w, http.StatusBadRequest, "The request is malformed.")
		return
	}
	for _, id := range ids {
		if u.Entries[id] == nil {
			refused(w, http.StatusBadRequest, "That series isn't on your list")
			return
		}
		delete(u.Entries, id)
		p.writes[id]++
	}
	answer(w, http.StatusOK, map[string]any{"status": "success", "reason": "Series were deleted.", "context": map[string]any{}})
}

// rating gives or sets the user's rating of a series.
func (p *Provider) rating(w http.ResponseWriter, r *http.Request, u *User, id int64) {
	e := u.Entries[id]
	if r.Method != http.MethodPut {
		if e == nil || e.Rating == 0 {
			fail(w, http.StatusNotFound, "Not found.")
			return
		}
		answer(w, http.StatusOK, map[string]any{"rating": e.Rating, "last_updated": map[string]any{"timestamp": 1}})
		return
	}
	var given struct{ Rating float64 }
	if json.NewDecoder(r.Body).Decode(&given) != nil || given.Rating < 0 || given.Rating > 10 || e == nil {
		refused(w, http.StatusBadRequest, "That rating is not possible")
		return
	}
	e.Rating = given.Rating
	answer(w, http.StatusOK, map[string]any{"status": "success", "reason": "Rating saved.", "context": map[string]any{}})
}
