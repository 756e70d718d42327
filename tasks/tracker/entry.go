package tracker

import (
	"slices"
	"strings"
)

// Provider names a provider of lists.
type Provider string

// The providers.
const (
	MyAnimeList  Provider = "myanimelist"
	MangaDex     Provider = "mangadex"
	AniList      Provider = "anilist"
	AniDB        Provider = "anidb"
	MangaUpdates Provider = "mangaupdates"
	VNDB         Provider = "vndb"
)

// Kind is what a list of a provider holds. Providers number the works of each
// kind apart.
type Kind string

// The kinds of lists.
const (
	Anime       Kind = "anime"
	Manga       Kind = "manga"
	VisualNovel Kind = "visual-novel"
)

// collectionsOf says where the works of a list kind may live; first where they
// do when the file does not tell: most manga lists do not tell light novels from
// comics.
var collectionsOf = map[Kind][]string{Anime: {"animes"}, Manga: {"graphicNovels", "lightNovels"}, VisualNovel: {"visualNovels"}}

// Status is a provider's own status in neutral words.
type Status string

// The statuses.
const (
	Watching  Status = "watching" // or reading
	Done      Status = "completed"
	Paused    Status = "on-hold"
	Dropped   Status = "dropped"
	PlannedTo Status = "planned"
)

// RecordKey names an entry of a provider's list.
type RecordKey struct {
	Provider Provider
	Kind     Kind
	NativeID string
}

// String gives the key of items, such as myanimelist:anime:41457.
func (k RecordKey) String() string {
	return string(k.Provider) + ":" + string(k.Kind) + ":" + k.NativeID
}

// Facts are what an entry says, in neutral words. What is not known is zero.
type Facts struct {
	Title        string `json:"title,omitempty"`
	Status       Status `json:"status"`
	Progress     int64  `json:"progress,omitempty"`     // episodes or chapters; of the repeat while Repeating
	Volumes      int64  `json:"volumes,omitempty"`      // read volumes
	Total        int64  `json:"total,omitempty"`        // episodes or chapters of the work
	TotalVolumes int64  `json:"totalVolumes,omitempty"` // volumes of the work
	Repeats      int64  `json:"repeats,omitempty"`      // finished repeats
	Repeating    bool   `json:"repeating,omitempty"`
	Score        int64  `json:"score,omitempty"` // 1 to 100
	Start        Date   `json:"start,omitzero"`
	Finish       Date   `json:"finish,omitzero"`
	// Seen are the numbers of the regular episodes or chapters, where the list
	// says each of them; Progress counts them then. Empty: the first Progress.
	Seen    Numbers `json:"seen,omitempty"`
	Notes   string  `json:"notes,omitempty"`
	Private bool    `json:"private,omitempty"` // hidden from others
}

// Sane reports whether the facts are such as formats make them: a known status,
// counts that are none below 0, a score of at most 100, dates that exist.
func (f Facts) Sane() bool {
	switch f.Status {
	case Watching, Done, Paused, Dropped, PlannedTo:
	default:
		return false
	}
	for _, count := range []int64{f.Progress, f.Volumes, f.Total, f.TotalVolumes, f.Repeats} {
		if count < 0 || count > maxSpan {
			return false
		}
	}
	seen, ok := ParseNumbers(string(f.Seen))
	return ok && seen == f.Seen && f.Score >= 0 && f.Score <= 100 && f.Start.Valid() && f.Finish.Valid()
}

// Field is one native value, verbatim: an element's name and its text.
type Field [2]string

// Entry is one entry of a provider's list: the neutral facts, and the native
// values in the order the provider wrote them, so that nothing is lost.
type Entry struct {
	Facts
	Native []Field `json:"native"`
}

// Equal reports whether nothing differs.
func (e Entry) Equal(other Entry) bool {
	return e.Facts == other.Facts && slices.Equal(e.Native, other.Native)
}

// Get gives the first native value of that name.
func (e Entry) Get(name string) (string, bool) {
	for _, f := range e.Native {
		if f[0] == name {
			return f[1], true
		}
	}
	return "", false
}

// With gives the entry with the native value set, in the place where it is or
// else at the end. The receiver's values stay as they are.
func (e Entry) With(name, value string) Entry {
	e.Native = slices.Clone(e.Native)
	for i := range e.Native {
		if e.Native[i][0] == name {
			e.Native[i][1] = value
			return e
		}
	}
	e.Native = append(e.Native, Field{name, value})
	return e
}

// mergeNative lays the given values over the old ones; an empty value clears
// nothing. Names that stand more than once are matched one by one.
func mergeNative(old, given []Field) []Field {
	merged := slices.Clone(old)
	at := map[string][]int{}
	for i, f := range merged {
		at[f[0]] = append(at[f[0]], i)
	}
	for _, f := range given {
		places := at[f[0]]
		if len(places) == 0 {
			merged = append(merged, f)
			continue
		}
		if strings.TrimSpace(f[1]) != "" {
			merged[places[0]][1] = f[1]
		}
		at[f[0]] = places[1:]
	}
	return merged
}
