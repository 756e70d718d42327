package tracker

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
)

// Rank orders what is said about the ids of a work; where two ranks speak about
// the same providers, the higher one stands and the lower is not heard.
type Rank int8

// The ranks.
const (
	FromList   Rank = iota // a list file said it, when it was imported
	ForAll                 // a reference file that was loaded for all clients
	ForClient              // a reference file that was loaded for this client
	ranksCount             // not a rank: how many there are
)

// AliasSource is the source of reference files whose rows name old and new ids
// of one provider.
const AliasSource = "mangaupdates-ids"

// Saying says that ids of different providers are the same work. Several ids
// of one provider in one saying make it a relation that is not one to one.
type Saying struct {
	Rank Rank
	// Alias says that the ids are old and new ids of one provider.
	Alias bool
	Keys  []RecordKey
}

// Claim is what a list file itself says about the work of an entry.
type Claim struct {
	Key        RecordKey
	Collection string      // where the work lives, such as lightNovels; empty: not said
	Same       []RecordKey // the same work at other providers
}

// The pseudo providers of keys that are no provider's: the name of a work in
// the client's own catalogue, and the collection that works live in.
const (
	ownName      Provider = "own"
	inCollection Provider = "in"
)

// OwnKey gives the key of a work that has a name of the client's own, such as
// animes/1245678; false when the name is none of a work.
func OwnKey(resource string) (RecordKey, bool) {
	res, ok := ParseResource(resource)
	if !ok || res.IsPart() {
		return RecordKey{}, false
	}
	return RecordKey{ownName, kindOf(res.Collection), resource}, true
}

// Saying gives the claim as one; false when it says nothing.
func (c Claim) Saying() (Saying, bool) {
	said := Saying{Rank: FromList, Keys: []RecordKey{c.Key}}
	for _, k := range c.Same {
		if ValidID(c.Key.Provider, c.Key.NativeID) && k.Kind == c.Key.Kind && k.Provider != c.Key.Provider && ValidID(k.Provider, k.NativeID) {
			said.Keys = append(said.Keys, k)
		}
	}
	if c.Collection != "" && c.Collection != collectionsOf[c.Key.Kind][0] && kindOf(c.Collection) == c.Key.Kind {
		said.Keys = append(said.Keys, RecordKey{inCollection, c.Key.Kind, c.Collection})
	}
	SortKeys(said.Keys)
	said.Keys = slices.Compact(said.Keys)
	return said, len(said.Keys) > 1
}

// Related reports whether the key leads to other ids of its work. The key of a
// collection does not: many works live in one.
func (k RecordKey) Related() bool { return k.Provider != inCollection }

// Resources gives the names that the id can give a work.
func (k RecordKey) Resources() []string {
	if k.Provider == ownName {
		return []string{k.NativeID}
	}
	var names []string
	for _, collection := range collectionsOf[k.Kind] {
		names = append(names, k.ResourceIn(collection))
	}
	return names
}

// precedence says which id names a work that has several: the first of these.
// It never changes, since the names of works come from it.
var precedence = map[Provider]int{
	ownName: 0, MyAnimeList: 1, AniList: 2, AniDB: 3, MangaUpdates: 4, MangaDex: 5, VNDB: 6, inCollection: 7,
}

// Titles are the providers' names for people.
var Titles = map[Provider]string{
	MyAnimeList: "MyAnimeList", AniList: "AniList", AniDB: "AniDB", MangaUpdates: "MangaUpdates", MangaDex: "MangaDex",
	VNDB: "VNDB", ownName: "the catalogue",
}

// SortKeys sorts ids as they name a work.
func SortKeys(keys []RecordKey) {
	slices.SortFunc(keys, func(a, b RecordKey) int {
		return cmp.Or(
			cmp.Compare(precedence[a.Provider], precedence[b.Provider]), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(len(a.NativeID), len(b.NativeID)), cmp.Compare(a.NativeID, b.NativeID))
	})
}

// kindOf gives the kind of list that works of a collection are in.
func kindOf(collection string) Kind {
	switch collection {
	case "animes":
		return Anime
	case "graphicNovels", "lightNovels":
		return Manga
	case "visualNovels":
		return VisualNovel
	}
	return ""
}

// KeyOf gives the provider's id that a work's resource was derived from, such as
// animes/myanimelist-41457; false when it was not.
func KeyOf(resource string) (RecordKey, bool) {
	collection, name, _ := strings.Cut(resource, "/")
	provider, id, _ := strings.Cut(name, "-")
	k := RecordKey{Provider(provider), kindOf(collection), id}
	return k, k.Kind != "" && ValidID(k.Provider, id)
}

// ValidID reports whether an id has the form that the provider gives its ids.
func ValidID(p Provider, id string) bool {
	switch p {
	case MyAnimeList, AniList, AniDB:
		return isID(id)
	case MangaUpdates:
		return isID(id) || isTitleID(id)
	case VNDB:
		return strings.HasPrefix(id, "v") && isID(id[1:])
	case MangaDex:
		return isUUID(id) || isTitleID(id)
	}
	return false
}

// isID reports whether the text is a number above 0 as providers write it.
func isID(s string) bool { return isNumber(s) && s[0] != '0' && s[0] != '+' && len(s) < 20 }

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'f'
		if dash != (s[i] == '-') || (!dash && !hex) {
			return false
		}
	}
	return true
}

// Hash gives a number for the ids of a saying; they must be sorted.
func (s Saying) Hash() int64 {
	var b []byte
	for _, k := range s.Keys { // no id holds a NUL
		b = append(append(append(append(b, k.Provider...), 0), k.Kind...), 0)
		b = append(append(b, k.NativeID...), 0)
	}
	h := sha256.Sum256(b)
	return int64(binary.BigEndian.Uint64(h[:]))
}
