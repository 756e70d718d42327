package tracker

import "strings"

// sites are the names of the providers' namespaces.
var sites = map[Provider]string{
	MyAnimeList: "myanimelist-net", AniList: "anilist-co", AniDB: "anidb-net", MangaUpdates: "mangaupdates-com",
	MangaDex: "mangadex-org", VNDB: "vndb-org",
}

// Name gives the name of a provider's id, such as
// namespaces/myanimelist-net/animes/1; empty for what is no provider's.
func (k RecordKey) Name() string {
	site, ok := sites[k.Provider]
	if !ok {
		return ""
	}
	return "namespaces/" + site + "/" + collectionsOf[k.Kind][0] + "/" + k.NativeID
}

// ParseName reads the name of a provider's id. Manga may be named as
// graphicNovels or as lightNovels, since providers number them together.
func ParseName(name string) (RecordKey, bool) {
	seg := strings.Split(name, "/")
	if len(seg) != 4 || seg[0] != "namespaces" {
		return RecordKey{}, false
	}
	for p, site := range sites {
		if site == seg[1] {
			k := RecordKey{p, kindOf(seg[2]), seg[3]}
			return k, k.Kind != "" && ValidID(p, k.NativeID)
		}
	}
	return RecordKey{}, false
}

// InCollection gives the key that says, as part of a saying, in which collection
// the work lives, such as lightNovels; false when works live nowhere such.
func InCollection(collection string) (RecordKey, bool) {
	k := RecordKey{inCollection, kindOf(collection), collection}
	return k, k.Kind != "" && collectionsOf[k.Kind][0] != collection
}
