package anilist

import (
	"encoding/json"
	"hash/maphash"
	"path"
	"slices"
	"strconv"
	"strings"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/listfile"
)

// survey is what a first look at a file finds out, because files say it behind
// the entries that it concerns, or nowhere in one place.
type survey struct {
	format string // the user's score format, in JSON
	top    float64
	scores int
	custom map[tracker.Kind][]string // names of custom lists, in the user's order
	kinds  map[int]*votes            // by collection
	outer  map[int]int               // the collection around a collection
	named  map[int]string            // names of custom lists, by number
	inside map[uint64][]int          // lists that entries are in, by their key
	seed   maphash.Seed
	byName tracker.Kind // what the name of the file says
}

// votes count what speaks for either kind.
type votes struct{ anime, manga int }

func newSurvey(file string) *survey {
	s := &survey{custom: make(map[tracker.Kind][]string), kinds: map[int]*votes{}, outer: map[int]int{}, named: map[int]string{}, inside: map[uint64][]int{}, seed: maphash.MakeSeed()}
	s.byName = kindNamed(path.Base(strings.ReplaceAll(file, `\`, "/")))
	return s
}

// scale decides in which format the scores of the file are.
func (s *survey) scale() scale { return scaleOf(s.format, s.top, s.scores) }

// kindOf decides what a collection holds; empty: nothing tells.
func (s *survey) kindOf(collection int) tracker.Kind {
	v := s.kinds[collection]
	switch {
	case v != nil && v.anime > v.manga:
		return tracker.Anime
	case v != nil && v.manga > v.anime:
		return tracker.Manga
	case collection == 0:
		return s.byName
	}
	return s.kindOf(s.outer[collection])
}

func (s *survey) vote(collection int, k tracker.Kind, weight int) {
	v := s.kinds[collection]
	if v == nil {
		v = &votes{}
		s.kinds[collection] = v
	}
	switch k {
	case tracker.Anime:
		v.anime += weight
	case tracker.Manga:
		v.manga += weight
	case tracker.VisualNovel:
	}
}

// kindNamed tells a kind from a name such as animeList, MANGA or
// mangalist_2.json; empty: it names none, or both.
func kindNamed(name string) tracker.Kind {
	name = strings.ToLower(name)
	anime, manga := strings.Contains(name, "anime"), strings.Contains(name, "manga")
	switch {
	case anime && !manga:
		return tracker.Anime
	case manga && !anime:
		return tracker.Manga
	}
	return ""
}

func (s *survey) collection(number, inside int, name string) {
	s.outer[number] = inside
	s.hint(number, name)
}

func (s *survey) hint(collection int, word string) { s.vote(collection, kindNamed(word), 1<<30) }

// listKinds are names of lists that only one kind has.
var listKinds = map[string]tracker.Kind{
	"Watching": tracker.Anime, "Rewatching": tracker.Anime, "Completed TV": tracker.Anime, "Completed TV Short": tracker.Anime,
	"Completed Movie": tracker.Anime, "Completed OVA": tracker.Anime, "Completed ONA": tracker.Anime, "Completed Special": tracker.Anime,
	"Completed Music": tracker.Anime,
	"Reading":         tracker.Manga, "Rereading": tracker.Manga, "Completed Manga": tracker.Manga, "Completed Novel": tracker.Manga,
	"Completed One Shot": tracker.Manga,
}

func (s *survey) list(p place, name string, custom bool) {
	if custom {
		s.named[p.list] = name
		return
	}
	s.vote(p.collection, listKinds[name], 1<<20)
}

func (s *survey) user(raw json.RawMessage) {
	var u struct {
		Options struct {
			Format json.RawMessage `json:"scoreFormat"`
		} `json:"mediaListOptions"`
		Custom json.RawMessage `json:"custom_lists"`
	}
	if json.Unmarshal(raw, &u) != nil {
		return
	}
	if _, known := scaleNamed(string(u.Options.Format)); known {
		s.format = string(u.Options.Format)
	}
	var names map[string]json.RawMessage
	if json.Unmarshal(unwrapped(u.Custom), &names) != nil {
		return
	}
	for name, list := range names {
		var texts []string
		if k := kindNamed(name); k != "" && json.Unmarshal(unwrapped(list), &texts) == nil {
			s.custom[k] = texts
		}
	}
}

// unwrapped takes JSON out of a text that holds it.
func unwrapped(raw json.RawMessage) json.RawMessage {
	if text, ok := listfile.Text(string(raw)); ok {
		return json.RawMessage(text)
	}
	return raw
}

func (s *survey) entry(p place, o listfile.Object) error {
	if _, export := o.Get("series_id"); export {
		return nil // says everything itself
	}
	s.vote(p.collection, ownKind(&o), 1)
	if volumes, _ := o.Get(elVolumes); volumes != "" && volumes != "0" {
		s.vote(p.collection, tracker.Manga, 1)
	}
	value, _ := o.Get(elScore)
	if score, err := scoreOf(value); err == nil && score > 0 {
		s.scores++
		s.top = max(s.top, score)
	}
	if custom, _ := o.Get(elCustom); custom == "" {
		key := s.key(p.collection, idOf(&o))
		s.inside[key] = append(s.inside[key], p.list)
	}
	return nil
}

// key hashes what names an entry within its collection.
func (s *survey) key(collection int, id string) uint64 {
	return maphash.String(s.seed, strconv.Itoa(collection)+":"+id)
}

// customOf gives the custom lists that an entry stands in, as the site would
// say it, in JSON; empty: none.
func (s *survey) customOf(p place, id string) string {
	var names []string
	for _, list := range s.inside[s.key(p.collection, id)] {
		if name, custom := s.named[list]; custom && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return membership(names, func(string) bool { return true })
}

// membership writes the names of custom lists, and which an entry is in, as
// the site does; empty: there are none.
func membership(names []string, in func(string) bool) string {
	if len(names) == 0 {
		return ""
	}
	var out strings.Builder
	for i, name := range names {
		out.WriteString(map[bool]string{true: "{", false: ","}[i == 0])
		out.WriteString(listfile.Quote(name) + ":" + strconv.FormatBool(in(name)))
	}
	return out.String() + "}"
}

// scoreOf reads a score of any format; null and empty are none.
func scoreOf(value string) (float64, error) {
	if text, ok := listfile.Text(value); ok {
		value = text
	}
	if value == "" {
		return 0, nil
	}
	return strconv.ParseFloat(value, 64)
}
