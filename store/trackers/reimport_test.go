package trackers_test

import (
	"slices"
	"strings"
	"testing"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anidb"
	"asapi/tasks/tracker/anilist"
	"asapi/tasks/tracker/mangadex"
	"asapi/tasks/tracker/mangaupdates"
	"asapi/tasks/tracker/myanimelist"
	"asapi/tasks/tracker/vndb"
)

// ownExport is a list in the form of AniList's data export.
const ownExport = `{"user":{"id":5,"display_name":"someone","custom_lists":{"anime":["Best","Later"],"manga":[]}},"lists":[
{"id":900,"series_type":0,"user_id":5,"series_id":11,"status":0,"score":85,"progress":3,"progress_volume":0,"priority":0,"repeat":2,"private":1,
 "notes":"a \"b\"","custom_lists":"[1]","advanced_scores":"[1,2]","hidden_default":0,"started_on":20240500,"finished_on":0,
 "created_at":"2024-05-01 10:00:00","updated_at":"2024-05-02 10:00:00"},
{"id":901,"series_type":0,"user_id":5,"series_id":12,"status":5,"score":0,"progress":0,"progress_volume":0,"priority":0,"repeat":0,"private":0,
 "notes":null,"custom_lists":"[0,1]","advanced_scores":"[]","hidden_default":1,"started_on":0,"finished_on":20210101,"created_at":null,"updated_at":null}]}`

// TestWhatWasExportedChangesNothingWhereItCameFrom shows it for every form of every
// provider, of lists that came in every form.
func TestWhatWasExportedChangesNothingWhereItCameFrom(t *testing.T) {
	mine := sampleFiles(t)
	lists := []struct {
		format tracker.Format
		name   string
		list   string
	}{
		{myanimelist.Format{}, "anime.xml", string(mine["animelist_40.xml"])},
		{myanimelist.Format{}, "older.xml", string(mine["animelist_30_older.xml"])},
		{myanimelist.Format{}, "manga.xml", string(mine["mangalist_25.xml"])},
		{anilist.Format{}, "answer.json", ownAnswer},
		{anilist.Format{}, "export.json", ownExport},
		{anidb.Format{}, "list.xml", ownAniDB},
		{mangadex.Format{}, "list.json", ownFollows},
		{mangaupdates.Format{}, "read.txt", "Series\tVolume\tChapter\tDate Changed\tRating\nMade Up\t3\t12.5\tMay 17th\t7.5\nOther\t\t\t\tN/A\n"},
		{vndb.Format{}, "list.xml", ownNovels},
	}
	onBoth(t, func(t *testing.T, b *bench) {
		for _, l := range lists {
			first := b.report(b.do(l.name, "import-trackers", listFile(string(l.format.Provider()), l.name, []byte(l.list))))
			if first.Created == 0 {
				t.Fatalf("%s: %s", l.name, first.counts())
			}
			for _, form := range l.format.Forms() {
				b.comesBack(l.name, l.format.Provider(), form, kindsIn(first))
				fresh := l.name + " as " + form.Name
				for kind, raw := range b.exportsAs(l.name, l.format.Provider(), form, kindsIn(first)) {
					made := b.report(b.do(fresh, "import-trackers", listFile(string(l.format.Provider()), string(kind)+form.Extension, raw)))
					for _, other := range l.format.Forms() {
						b.comesBack(fresh, l.format.Provider(), other, kindsIn(made))
					}
				}
			}
		}
	})
}

// kindsIn tells of which kinds the entries of a report are, by their keys.
func kindsIn(r report) []tracker.Kind {
	var kinds []tracker.Kind
	for _, item := range r.Items {
		if parts := strings.Split(item.Key, ":"); item.Tracker != "" && !slices.Contains(kinds, tracker.Kind(parts[1])) {
			kinds = append(kinds, tracker.Kind(parts[1]))
		}
	}
	return kinds
}

func (b *bench) exportsAs(account string, provider tracker.Provider, form tracker.Form, kinds []tracker.Kind) map[tracker.Kind][]byte {
	b.tb.Helper()
	files := make(map[tracker.Kind][]byte)
	for _, kind := range kinds {
		files[kind] = b.do(account, "export-trackers", args{values: map[string]string{"provider": string(provider), "kind": string(kind), "format": form.Name}})
	}
	return files
}

// comesBack exports the lists of an account and imports them where they came from.
func (b *bench) comesBack(account string, provider tracker.Provider, form tracker.Form, kinds []tracker.Kind) {
	b.tb.Helper()
	for kind, raw := range b.exportsAs(account, provider, form, kinds) {
		again := b.report(b.do(account, "import-trackers", listFile(string(provider), "list"+form.Extension, raw)))
		if again.Unchanged != again.Total {
			b.tb.Errorf("%s of %s, exported as %s and imported again: %s, %+v", kind, account, form.Name, again.counts(), again.Items[0])
		}
	}
}
