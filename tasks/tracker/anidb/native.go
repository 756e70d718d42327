package anidb

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// Names of native values. Each episode is one, named by its number, so that two
// files that say different episodes are laid over each other.
const (
	elID      = "aid"
	elTitle   = "title"
	elVote    = "vote"
	elEps     = "eps"
	elWatched = "is_watched"
	elSeen    = "seen"
	elEpisode = "episode."
)

// plain are the native values that are texts, in the order they are kept.
func (a *anime) plain() []struct {
	name  string
	value *string
} {
	return []struct {
		name  string
		value *string
	}{
		{elID, &a.aid},
		{elTitle, &a.title},
		{"title_kanji", &a.kanji},
		{"title_english", &a.english},
		{"type", &a.typ},
		{"year", &a.year},
		{elEps, &a.eps},
		{"eps_special", &a.special},
		{"eps_all", &a.all},
		{elWatched, &a.watched},
		{"is_complete", &a.complete},
		{elVote, &a.vote},
		{"vote_date", &a.voteDate},
		{"tmp_vote", &a.tmpVote},
		{"tmp_vote_date", &a.tmpVoteDate},
		{"wishlist", &a.wish},
	}
}

// entry gives the entry as it is kept. Values that are not said are left out.
func (a *anime) entry() tracker.Entry {
	var e tracker.Entry
	for _, p := range a.plain() {
		if *p.value != "" {
			e.Native = append(e.Native, tracker.Field{p.name, *p.value})
		}
	}
	if a.seen != "" {
		e.Native = append(e.Native, tracker.Field{elSeen, string(a.seen)})
	}
	for i := range a.episodes {
		e.Native = append(e.Native, tracker.Field{elEpisode + a.episodes[i].No, a.episodes[i].text()})
	}
	e.Facts, _ = a.facts()
	return e
}

func (e *episode) text() string {
	b, err := json.Marshal(e)
	if err != nil {
		return "" // texts and truths always encode
	}
	return string(b)
}

// animeOf reads the native values of an entry.
func animeOf(e tracker.Entry) anime {
	var a anime
	texts := map[string]*string{}
	for _, p := range a.plain() {
		texts[p.name] = p.value
	}
	for _, f := range e.Native {
		if to, ok := texts[f[0]]; ok {
			*to = f[1]
			continue
		}
		if f[0] == elSeen {
			a.seen, _ = tracker.ParseNumbers(f[1])
			continue
		}
		if no, ok := strings.CutPrefix(f[0], elEpisode); ok {
			one := episode{}
			if json.Unmarshal([]byte(f[1]), &one) == nil {
				one.No = no
				a.episodes = append(a.episodes, one)
			}
		}
	}
	return a
}

// maxParts bounds the episodes and files of one anime. The longest has some
// thousand episodes.
const maxParts = 100_000

// add puts an episode in, or its files to those of the episode that is there.
func (a *anime) add(e episode) error {
	if a.parts += 1 + len(e.Files); a.parts > maxParts {
		return tracker.Unreadable(fmt.Sprintf("One anime of the file (id %s) has more than %d episodes and files; a list has none such.", quote(a.aid), maxParts))
	}
	if i, known := a.places[e.No]; known {
		old := &a.episodes[i]
		old.Watched = old.Watched || e.Watched
		for _, f := range e.Files {
			if f.FID == "" || !slices.ContainsFunc(old.Files, func(o file) bool { return o == f }) {
				old.Files = append(old.Files, f)
			}
		}
		old.EID, old.Name, old.Length = firstOf(old.EID, e.EID), firstOf(old.Name, e.Name), firstOf(old.Length, e.Length)
		return nil
	}
	if a.places == nil {
		a.places = map[string]int{}
	}
	a.places[e.No] = len(a.episodes)
	a.episodes = append(a.episodes, e)
	return nil
}

// addFile puts in a file of an episode whose row may come later.
func (a *anime) addFile(eid string, f file) error {
	if a.parts++; a.parts > maxParts {
		return a.add(episode{})
	}
	if a.loose == nil {
		a.loose = map[string][]file{}
	}
	a.loose[eid] = append(a.loose[eid], f)
	return nil
}

// settle puts the loose files to their episodes.
func (a *anime) settle() {
	for i := range a.episodes {
		e := &a.episodes[i]
		e.Files = append(e.Files, a.loose[e.EID]...)
	}
	a.loose = nil
}

// inOrder sorts the episodes: the regular ones by number, then the others.
func (a *anime) inOrder() {
	slices.SortStableFunc(a.episodes, func(x, y episode) int {
		nx, ny := x.number(), y.number()
		switch {
		case nx > 0 && ny > 0:
			return cmp.Compare(nx, ny)
		case nx > 0:
			return -1
		case ny > 0:
			return 1
		}
		return cmp.Compare(x.No, y.No)
	})
}

// listed gives the episodes as they are written: with those of which only the
// number is known.
func (a *anime) listed() []episode {
	b := anime{episodes: slices.Clone(a.episodes)}
	for n := range a.seen.All {
		b.episodes = append(b.episodes, episode{No: strconv.FormatInt(n, 10), Watched: true})
	}
	b.inOrder()
	return b.episodes
}

// row makes the row of an anime. note is what there is to tell of it.
func (a *anime) row(note string) tracker.Row {
	a.settle()
	a.inOrder()
	id, err := strconv.ParseInt(a.aid, 10, 64)
	if err != nil || id < 1 {
		if a.aid != "" {
			return tracker.Row{Key: keyOf(tasks.Clip(a.aid, 40)), Fault: "Its id is " + quote(a.aid) + ", which is no number of an anime."}
		}
		return tracker.Row{Key: keyOf(""), Foreign: true, Fault: "It has no id" + ofTitle(a.title) + "."}
	}
	a.aid = strconv.FormatInt(id, 10)
	if a.broken != "" {
		return tracker.Row{Key: keyOf(a.aid), Fault: a.broken}
	}
	f, fault := a.facts()
	if fault != "" {
		return tracker.Row{Key: keyOf(a.aid), Fault: fault}
	}
	seen, fault := a.counted(f.Seen)
	if fault != "" {
		return tracker.Row{Key: keyOf(a.aid), Fault: fault}
	}
	if a.watched == "1" {
		seen = seen.Union(tracker.UpTo(f.Total))
	}
	if seen != f.Seen {
		a.watch(seen)
	}
	return tracker.Row{Key: keyOf(a.aid), Entry: a.entry(), Note: note}
}

func keyOf(aid string) tracker.RecordKey {
	return tracker.RecordKey{Provider: tracker.AniDB, Kind: tracker.Anime, NativeID: aid}
}

func ofTitle(title string) string {
	if title == "" {
		return ""
	}
	return " (" + tasks.Clip(title, 80) + ")"
}

func quote(text string) string { return strconv.Quote(tasks.Clip(text, 40)) }
