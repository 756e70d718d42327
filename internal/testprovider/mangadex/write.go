package mangadex

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
)

var known = []string{"reading", "on_hold", "plan_to_read", "dropped", "re_reading", "completed"}

// entryOf gives a user's entry of the title of a request, or says that there is none such.
func (p *Provider) entryOf(w http.ResponseWriter, r *http.Request, u *User) (string, *Entry) {
	id := r.PathValue("id")
	if p.titles[id] == nil {
		fail(w, http.StatusNotFound, "not_found_http_exception", "Manga not found")
		return id, nil
	}
	if u.Entries[id] == nil {
		u.Entries[id] = &Entry{}
	}
	return id, u.Entries[id]
}

// body decodes the body of a request, which has a largest size.
func body(w http.ResponseWriter, r *http.Request, into any) bool {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil || len(raw) > maxBody:
		fail(w, http.StatusRequestEntityTooLarge, "payload_too_large_http_exception", "The body is too large")
		return false
	case r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(raw, into) != nil:
		fail(w, http.StatusBadRequest, "validation_exception", "Error validating the body")
		return false
	}
	return true
}

func (p *Provider) done(w http.ResponseWriter, id string) {
	p.writes[id]++
	answer(w, http.StatusOK, map[string]string{"result": "ok"})
}

func (p *Provider) setStatus(w http.ResponseWriter, r *http.Request, u *User) {
	var given struct {
		Status *string `json:"status"`
	}
	id, e := p.entryOf(w, r, u)
	if e == nil || !body(w, r, &given) {
		return
	}
	switch {
	case given.Status == nil:
		e.Status = ""
	case !slices.Contains(known, *given.Status):
		fail(w, http.StatusBadRequest, "validation_exception", "Error validating /status")
		return
	default:
		e.Status = *given.Status
	}
	p.done(w, id)
}

func (p *Provider) rate(w http.ResponseWriter, r *http.Request, u *User) {
	var given struct{ Rating int }
	id, e := p.entryOf(w, r, u)
	if e == nil || !body(w, r, &given) {
		return
	}
	if given.Rating < 1 || given.Rating > 10 {
		fail(w, http.StatusBadRequest, "validation_exception", "Error validating /rating")
		return
	}
	e.Rating = given.Rating
	p.done(w, id)
}

func (p *Provider) unrate(w http.ResponseWriter, r *http.Request, u *User) {
	id, e := p.entryOf(w, r, u)
	switch {
	case e == nil:
		return
	case e.Rating == 0:
		fail(w, http.StatusNotFound, "not_found_http_exception", "Rating not found")
		return
	}
	e.Rating = 0
	p.done(w, id)
}

// mark marks chapters of a title as read and unread; ids of none of them are passed over.
func (p *Provider) mark(w http.ResponseWriter, r *http.Request, u *User) {
	var given struct {
		Read   []string `json:"chapterIdsRead"`
		Unread []string `json:"chapterIdsUnread"`
	}
	id, e := p.entryOf(w, r, u)
	if e == nil || !body(w, r, &given) {
		return
	}
	p.largest = max(p.largest, len(given.Read)+len(given.Unread))
	for _, c := range p.titles[id].Chapters {
		if slices.Contains(given.Read, c.ID) && !slices.Contains(e.Read, c.ID) {
			e.Read = append(e.Read, c.ID)
		}
	}
	e.Read = slices.DeleteFunc(e.Read, func(one string) bool { return slices.Contains(given.Unread, one) })
	p.done(w, id)
}
