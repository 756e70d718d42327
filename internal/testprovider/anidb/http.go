package anidb

import (
	"compress/gzip"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Handler gives the HTTP side.
func (p *Provider) Handler() http.Handler { return p.Gate.Handler(http.HandlerFunc(p.serve)) }

// answer answers as the site does: packed, whether that was asked for or not.
func answer(w http.ResponseWriter, doc string) {
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	_, _ = z.Write([]byte(doc))
	_ = z.Close()
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	switch {
	case r.URL.Path != "/httpapi":
		http.NotFound(w, r)
		return
	case q.Get("client") != Client || q.Get("clientver") != Version || q.Get("protover") != "1":
		answer(w, `<error code="302">client version missing or invalid</error>`)
		return
	case q.Get("request") == "anime":
		aid, _ := strconv.ParseInt(q.Get("aid"), 10, 64)
		p.tell(w, p.anime[aid])
		return
	}
	u := p.users[q.Get("user")]
	switch {
	case u == nil || u.Password != q.Get("pass"):
		answer(w, `<error code="500">Login failed</error>`)
	case q.Get("request") == "mylist":
		p.lists++
		p.mylist(w, u)
	case q.Get("request") == "votes":
		answer(w, votes(u))
	default:
		answer(w, "<error>request missing or invalid</error>")
	}
}

// tell tells of an anime.
func (p *Provider) tell(w http.ResponseWriter, a *Anime) {
	if a == nil {
		answer(w, "<error>Anime not found</error>")
		return
	}
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?><anime id="%d" restricted="false"><type>TV Series</type><episodecount>%d</episodecount><startdate>2020-01-05</startdate>`, a.ID, a.regular())
	if a.Ended {
		b.WriteString("<enddate>2020-03-29</enddate>")
	}
	_, _ = fmt.Fprintf(&b, `<titles><title xml:lang="x-jat" type="main">%s</title><title xml:lang="en" type="synonym">Another name</title></titles><episodes>`, escaped(a.Title))
	for _, no := range a.Episodes {
		kind := 1 + strings.IndexByte("SCTPO", no[0]) + 1
		_, _ = fmt.Fprintf(&b, `<episode id="%d" update="2020-01-06"><epno type="%d">%s</epno><length>25</length><airdate>2020-01-05</airdate><title xml:lang="ja">話</title><title xml:lang="en">Episode %s</title></episode>`, a.eid(no), kind, no, no)
	}
	b.WriteString(`</episodes><resources><resource type="2"><externalentity><identifier>1</identifier></externalentity></resource></resources></anime>`)
	answer(w, b.String())
}

// mylist gives the whole list, file by file.
func (p *Provider) mylist(w http.ResponseWriter, u *User) {
	if len(u.Items) == 0 {
		answer(w, `<error code="330">no such mylist</error>`)
		return
	}
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><mylist uid="1">`)
	for _, lid := range slices.Sorted(maps.Keys(u.Items)) {
		i := u.Items[lid]
		_, _ = fmt.Fprintf(&b, `<mylistitem id="%d" aid="%d" eid="%d" fid="%d" updated="2026-08-22T12:00:00Z"`, i.lid, i.AID, i.eid, i.fid)
		if i.Viewed > 0 {
			_, _ = fmt.Fprintf(&b, ` viewdate="%s"`, time.Unix(i.Viewed, 0).UTC().Format(time.RFC3339))
		}
		_, _ = fmt.Fprintf(&b, `><state>%d</state><filestate>0</filestate></mylistitem>`, i.State)
	}
	b.WriteString("</mylist>")
	answer(w, b.String())
}

// votes gives the votes for good and those for now.
func votes(u *User) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><votes uid="1">`)
	for name, list := range map[string]map[int64]int{"anime": u.Votes, "animetemporary": u.Temp} {
		b.WriteString("<" + name + ">")
		for _, aid := range slices.Sorted(maps.Keys(list)) {
			_, _ = fmt.Fprintf(&b, `<vote aid="%d" date="2024-01-01">%.2f</vote>`, aid, float64(list[aid])/100)
		}
		b.WriteString("</" + name + ">")
	}
	b.WriteString("</votes>")
	return b.String()
}
