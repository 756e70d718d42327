package xref

import (
	"encoding/json"
	"net/url"
	"path"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// ids reads a member that is an id, a list of ids, or nothing.
func (r *Row) ids(raw json.RawMessage, p tracker.Provider, kind tracker.Kind) {
	var list []json.RawMessage
	if len(raw) > 0 && raw[0] == '[' && json.Unmarshal(raw, &list) == nil {
		for _, one := range list {
			r.id(one, p, kind)
		}
		return
	}
	r.id(raw, p, kind)
}

func (r *Row) id(raw json.RawMessage, p tracker.Provider, kind tracker.Kind) {
	var text string
	var number json.Number
	switch {
	case len(raw) == 0 || string(raw) == "null":
	case raw[0] == '"' && json.Unmarshal(raw, &text) == nil:
		if !strings.EqualFold(text, "unknown") {
			r.add(p, kind, text)
		}
	case json.Unmarshal(raw, &number) == nil:
		r.add(p, kind, number.String())
	default:
		r.wrong("%s is no id of %s.", tasks.Clip(string(raw), 40), tracker.Titles[p])
	}
}

func (r *Row) object(raw []byte, into any) bool {
	if err := json.Unmarshal(raw, into); err != nil {
		r.wrong("The row is not an object as such files have them.")
		return false
	}
	return true
}

// fribbRow reads {"mal_id": 1, "anilist_id": 1, "anidb_id": [1], ...}; a member
// that is missing is an id that is not known.
func fribbRow(raw []byte, r *Row) {
	var doc struct {
		MAL     json.RawMessage `json:"mal_id"`
		AniList json.RawMessage `json:"anilist_id"`
		AniDB   json.RawMessage `json:"anidb_id"`
	}
	if r.object(raw, &doc) {
		r.ids(doc.MAL, tracker.MyAnimeList, tracker.Anime)
		r.ids(doc.AniList, tracker.AniList, tracker.Anime)
		r.ids(doc.AniDB, tracker.AniDB, tracker.Anime)
	}
}

// maxTitle bounds a title that is taken over, in bytes.
const maxTitle = 500

// maxRegular is the greatest count of episodes.
const maxRegular = 1<<31 - 1

// offlineRow reads {"sources": ["https://anilist.co/anime/1", ...], "title": "..",
// "type": "TV", "episodes": 12}.
func offlineRow(raw []byte, r *Row) {
	var doc struct {
		Sources  []string `json:"sources"`
		Title    string   `json:"title"`
		Type     string   `json:"type"`
		Episodes int64    `json:"episodes"`
	}
	if !r.object(raw, &doc) {
		return
	}
	r.Title, r.Type = tasks.Clip(strings.ToValidUTF8(strings.ReplaceAll(doc.Title, "\x00", ""), ""), maxTitle), doc.Type
	r.Regular = min(max(doc.Episodes, 0), maxRegular)
	for _, source := range doc.Sources {
		r.source(source)
	}
}

// hosts tell whose page an address of an anime is.
var hosts = map[string]tracker.Provider{
	"myanimelist.net": tracker.MyAnimeList, "anilist.co": tracker.AniList, "anidb.net": tracker.AniDB,
}

// source takes the id out of the address of a page; others than those of our
// providers say nothing here.
func (r *Row) source(address string) {
	u, err := url.Parse(address)
	if err != nil {
		r.wrong("%q is no address.", tasks.Clip(address, 80))
		return
	}
	p, known := hosts[strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")]
	if !known {
		return
	}
	dir, id := path.Split(strings.TrimSuffix(u.Path, "/"))
	if dir == "/" { // the short form https://anidb.net/a1
		id = strings.TrimPrefix(id, "a")
	}
	r.add(p, tracker.Anime, id)
}

// readData reads {"license": .., "data": [rows]}.
func readData(in *lines, each func(Row) error) error {
	o := newObjects(in)
	if _, err := o.token(json.Delim('{')); err != nil {
		return err
	}
	for o.More() {
		name, err := o.token(nil)
		if err == nil && name == "data" {
			err = o.array(offlineRow, each)
		} else if err == nil {
			_, _, err = o.next()
		}
		if err != nil {
			return err
		}
	}
	if _, err := o.token(json.Delim('}')); err != nil {
		return err
	}
	return o.end()
}
