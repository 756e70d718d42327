package mangadex

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// idsIn gives the ids that a request names; more than the API takes are refused.
func idsIn(w http.ResponseWriter, q url.Values, name string) ([]string, bool) {
	ids := q[name]
	if len(ids) == 0 || len(ids) > maxIDs {
		fail(w, http.StatusBadRequest, "validation_exception", "Error validating "+name)
		return nil, false
	}
	return ids, true
}

func (p *Provider) statuses(w http.ResponseWriter, r *http.Request, u *User) {
	only, all := r.URL.Query().Get("status"), map[string]string{}
	for id, e := range u.Entries {
		if e.Status != "" && (only == "" || only == e.Status) {
			all[id] = e.Status
		}
	}
	answer(w, http.StatusOK, map[string]any{"result": "ok", "statuses": orArray(all)})
}

func (p *Provider) status(w http.ResponseWriter, r *http.Request, u *User) {
	id := r.PathValue("id")
	var status any
	switch e := u.Entries[id]; {
	case p.titles[id] == nil:
		fail(w, http.StatusNotFound, "not_found_http_exception", "Manga not found")
		return
	case e != nil && e.Status != "":
		status = e.Status
	}
	answer(w, http.StatusOK, map[string]any{"result": "ok", "status": status})
}

func (p *Provider) ratings(w http.ResponseWriter, r *http.Request, u *User) {
	ids, ok := idsIn(w, r.URL.Query(), "manga[]")
	if !ok {
		return
	}
	all := map[string]any{}
	for _, id := range ids {
		if e := u.Entries[id]; e != nil && e.Rating > 0 {
			all[id] = map[string]any{"rating": e.Rating, "createdAt": "2026-11-22T10:00:00+00:00"}
		}
	}
	answer(w, http.StatusOK, map[string]any{"result": "ok", "ratings": orArray(all)})
}

func (p *Provider) markers(w http.ResponseWriter, r *http.Request, u *User) {
	ids, ok := idsIn(w, r.URL.Query(), "ids[]")
	if !ok {
		return
	}
	grouped, flat := map[string][]string{}, []string{}
	for _, id := range ids {
		if e := u.Entries[id]; e != nil && len(e.Read) > 0 {
			grouped[id] = e.Read
			flat = append(flat, e.Read...)
		}
	}
	if r.URL.Query().Get("grouped") != "true" {
		answer(w, http.StatusOK, map[string]any{"result": "ok", "data": flat})
		return
	}
	answer(w, http.StatusOK, map[string]any{"result": "ok", "data": orArray(grouped)})
}

// shown reports whether a title is given: the last rating of content is left out unless
// it is named.
func (t *Title) shown(q url.Values) bool {
	return !t.Adult || slices.Contains(q["contentRating[]"], "pornographic")
}

// collection answers with as many as the limit allows, which is ten where none is given.
func collection(w http.ResponseWriter, q url.Values, all []map[string]any) {
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil {
		limit = 10
	}
	if limit < 0 || limit > maxIDs {
		fail(w, http.StatusBadRequest, "validation_exception", "Error validating /limit")
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"result": "ok", "response": "collection", "data": slices.Concat([]map[string]any{}, all[:min(limit, len(all))]), "limit": limit, "offset": 0, "total": len(all),
	})
}

func (p *Provider) works(w http.ResponseWriter, r *http.Request, _ *User) {
	q := r.URL.Query()
	ids, ok := idsIn(w, q, "ids[]")
	if !ok {
		return
	}
	var all []map[string]any
	for _, id := range ids {
		t := p.titles[id]
		if t == nil || !t.shown(q) {
			continue
		}
		var links any
		if t.Links != nil {
			links = orArray(t.Links)
		}
		all = append(all, map[string]any{"id": id, "type": "manga", "relationships": []any{}, "attributes": map[string]any{
			"title": map[string]string{"ja-ro": t.Name}, "altTitles": []any{}, "description": []any{}, "links": links, "lastChapter": nil, "status": "ongoing",
		}})
	}
	collection(w, q, all)
}

func (p *Provider) chapters(w http.ResponseWriter, r *http.Request, _ *User) {
	q := r.URL.Query()
	ids, ok := idsIn(w, q, "ids[]")
	if !ok {
		return
	}
	var all []map[string]any
	for _, t := range p.titles {
		for _, c := range t.Chapters {
			if slices.Contains(ids, c.ID) && !c.Gone && t.shown(q) {
				all = append(all, map[string]any{"id": c.ID, "type": "chapter", "attributes": map[string]any{
					"volume": nil, "chapter": orNull(c.Number), "title": "", "translatedLanguage": c.Language, "pages": 20,
				}})
			}
		}
	}
	collection(w, q, all)
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// aggregate gives the numbers of a title's chapters, each with one id and the others.
func (p *Provider) aggregate(w http.ResponseWriter, r *http.Request, _ *User) {
	t := p.titles[r.PathValue("id")]
	if t == nil {
		fail(w, http.StatusNotFound, "not_found_http_exception", "Manga not found")
		return
	}
	languages, all := r.URL.Query()["translatedLanguage[]"], map[string]map[string]any{}
	for _, c := range t.Chapters {
		number := c.Number
		if number == "" {
			number = "none"
		}
		switch one := all[number]; {
		case c.Gone || len(languages) > 0 && !slices.Contains(languages, c.Language):
		case one == nil:
			all[number] = map[string]any{"chapter": number, "id": c.ID, "others": []string{}, "count": 1}
		default:
			others, _ := one["others"].([]string)
			one["others"], one["count"] = append(others, c.ID), len(others)+2
		}
	}
	volumes := map[string]any{}
	if len(all) > 0 {
		volumes["none"] = map[string]any{"volume": "none", "count": len(all), "chapters": orArray(all)}
	}
	answer(w, http.StatusOK, map[string]any{"result": "ok", "volumes": orArray(volumes)})
}
