package anidb

import "strings"

// What the places in a document say of an anime, an episode or a file.
const (
	isAID, isTitle, isKanji, isEnglish, isType, isYear    = "aid", "title", "kanji", "english", "type", "year"
	isEps, isAll, isSpecial, isCount                      = "eps", "all", "special", "count"
	isWatched, isComplete, isWish                         = "watched", "complete", "wish"
	isVote, isVoteDate, isTmpVote, isTmpVoteDate          = "vote", "vote date", "temporary vote", "temporary vote date"
	isNo, isEID, isName, isLength                         = "no", "eid", "name", "length"
	isFID, isLID, isState, isViewed, isStorage, isComment = "fid", "lid", "state", "viewed", "storage", "comment"
)

// animePlaces are the paths from the element of an anime to what is said of it, in
// lower case, in the templates xml, xml-anivote, xml-large, xml-mini, xml-naive,
// xml-nx and xml-plain-full; an attribute begins with @. AniDB keeps its templates
// in a public repository, which is where these are from.
var animePlaces = map[string]string{
	"@aid": isAID, "@id": isAID, "id": isAID, "@i": isAID, "anidb": isAID,
	"name": isTitle, "title": isTitle, "titles/default": isTitle, "titles/title": isTitle, "romanjiname": isTitle,
	"seriesinfo/name/romanji": isTitle, "defaulttitle/name": isTitle, "n": isTitle,
	"titles/nihongo": isKanji, "seriesinfo/name/kanji": isKanji, "japtitle": isKanji,
	"titles/english": isEnglish, "englishname": isEnglish, "seriesinfo/name/english": isEnglish, "engtitle": isEnglish,
	"@type": isType, "type": isType, "type_name": isType, "seriesinfo/type": isType, "t": isType,
	"@year": isYear, "year": isYear, "seriesinfo/airingdate/@year": isYear, "@y": isYear,
	"eps": isEps, "episodes/@total": isEps, "@totalepisodes": isEps, "count/@eps": isEps,
	"episodes/episodecount/normal/@totalepisodes": isEps, "total": isEps,
	"@eps": isAll, "count/@total": isAll, "episodes/episodecount/total/@totalepisodes": isAll,
	"specialepisodes/@totalepisodes": isSpecial, "count/@specials": isSpecial, "episodes/episodecount/special/@totalepisodes": isSpecial,
	"my_watchedeps": isCount, "mylist_entry/watched/@eps": isCount, "episodes/episodecount/normal/@watchedepisodes": isCount,
	"watched": isCount, "@we": isCount,
	"@watched": isWatched, "status/iswatched": isWatched, "@w": isWatched,
	"@complete": isComplete, "status/iscomplete": isComplete, "@c": isComplete,
	"vote": isVote, "mlpermvote": isVote, "voted/myvote/value": isVote,
	"mlpermvote/@date": isVoteDate, "voted/myvote/date": isVoteDate,
	"mltempvote": isTmpVote, "voted/mytmpvote/value": isTmpVote,
	"mltempvote/@date": isTmpVoteDate, "voted/mytmpvote/date": isTmpVoteDate,
	"onwishlist/type/@id": isWish,
}

// episodePlaces are those from the element of an episode.
var episodePlaces = map[string]string{
	"@epno": isNo, "epno": isNo, "@number": isNo, "@i": isNo,
	"@eid": isEID, "@id": isEID, "id": isEID,
	"name": isName, "titles/english": isName, "name/english": isName, "n": isName,
	"@length": isLength, "length": isLength, "@l": isLength,
	"@watched": isWatched, "@iswatched": isWatched, "iswatched": isWatched, "@w": isWatched,
}

// filePlaces are those from the element of a file. Where xml-mini says of a file that
// it was watched, it says when.
var filePlaces = map[string]string{
	"@fid": isFID, "fid": isFID, "@id": isFID, "@lid": isLID,
	"mystate": isState, "mystate/@id": isState,
	"@iswatched": isWatched, "state/iswatched": isWatched, "@watched": isViewed, "viewdate": isViewed, "viewdate/long": isViewed,
	"storage": isStorage, "comment": isComment,
}

// finder gathers what stands at known places below one element.
type finder struct {
	places map[string]string
	path   []string          // from the element down
	values map[string]string // by what is said; the first that is something counts
}

func newFinder(places map[string]string) *finder {
	return &finder{places: places, values: map[string]string{}}
}

// place names where one is.
func (f *finder) place() string { return strings.Join(f.path, "/") }

// knows reports whether something is said where one is.
func (f *finder) knows() bool { return f.places[f.place()] != "" }

// put takes over what stands at a place.
func (f *finder) put(place, text string) {
	what := f.places[place]
	if text = said(text); what != "" {
		f.values[what] = firstOf(f.values[what], text)
	}
}
