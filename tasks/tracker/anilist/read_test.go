package anilist_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anilist"
)

func readAs(name, document string) ([]tracker.Row, error) {
	var rows []tracker.Row
	err := anilist.Format{}.Read(tracker.InputOf(name, document), func(r tracker.Row) error {
		rows = append(rows, r)
		return nil
	})
	return rows, err
}

func read(document string) ([]tracker.Row, error) { return readAs("list.json", document) }

// good reads a document whose rows must all be taken.
func good(t *testing.T, document string) []tracker.Row {
	t.Helper()
	rows, err := read(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.Fault != "" {
			t.Fatalf("%v has the fault %q", row.Key, row.Fault)
		}
	}
	return rows
}

// collection wraps lists as an answer to a query does.
func collection(lists string, more ...string) string {
	return `{"data":{"MediaListCollection":{"lists":[` + lists + `]}` + strings.Join(more, "") + `}}`
}

// listed makes a list of entries.
func listed(name string, entries ...string) string {
	return `{"name":"` + name + `","isCustomList":false,"isSplitCompletedList":false,"entries":[` + strings.Join(entries, ",") + `]}`
}

func custom(name string, entries ...string) string {
	return strings.Replace(listed(name, entries...), `"isCustomList":false`, `"isCustomList":true`, 1)
}

// entry makes an entry of an anime list; later members overrule.
func entry(more string) string {
	if more != "" {
		more = "," + more
	}
	return `{"mediaId":11,"status":"CURRENT","score":0,"progress":3,"repeat":0,"private":false,"notes":null,"hiddenFromStatusLists":false,
		"customLists":null,"startedAt":{"year":2024,"month":5,"day":null},"completedAt":{"year":null,"month":null,"day":null},
		"updatedAt":0,"media":{"idMal":null,"type":"ANIME","episodes":12,"title":{"romaji":"Made Up","native":null}}` + more + `}`
}

func facts(rows []tracker.Row) []tracker.Facts {
	var all []tracker.Facts
	for _, r := range rows {
		all = append(all, r.Entry.Facts)
	}
	return all
}

func TestAnEntryOfAQueryIsReadInFull(t *testing.T) {
	rows := good(t, collection(listed("Watching", entry(`"score":8.5,"repeat":2,"private":true,"notes":"a\n\"b\"","completedAt":{"year":2023,"month":null,"day":4},"status":"PAUSED","media":{"idMal":77,"type":"ANIME","episodes":12,"title":{"romaji":"Made Up","english":null}}`)),
		`,"User":{"mediaListOptions":{"scoreFormat":"POINT_10_DECIMAL"}}`))
	want := []tracker.Facts{{
		Title: "Made Up", Status: tracker.Paused, Progress: 3, Total: 12, Repeats: 2, Score: 85, Start: tracker.Date{Year: 2024, Month: 5},
		Finish: tracker.Date{Year: 2023}, Notes: "a\n\"b\"", Private: true,
	}}
	if diff := cmp.Diff(want, facts(rows)); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]tracker.RecordKey{{Provider: tracker.MyAnimeList, Kind: tracker.Anime, NativeID: "77"}}, rows[0].Same); diff != "" {
		t.Errorf("the same work elsewhere (-want +got):\n%s", diff)
	}
	if key := rows[0].Key.String(); key != "anilist:anime:11" {
		t.Errorf("the key is %s", key)
	}
}

func TestAllStatusesAreRead(t *testing.T) {
	for name, want := range map[string]tracker.Facts{
		"CURRENT": {Status: tracker.Watching}, "PLANNING": {Status: tracker.PlannedTo}, "COMPLETED": {Status: tracker.Done},
		"DROPPED": {Status: tracker.Dropped}, "PAUSED": {Status: tracker.Paused}, "REPEATING": {Status: tracker.Done, Repeating: true},
	} {
		got := good(t, collection(listed("any", entry(`"status":"`+name+`"`))))[0].Entry
		if got.Status != want.Status || got.Repeating != want.Repeating {
			t.Errorf("%s became %+v", name, got.Facts)
		}
	}
}

func TestListsAreFoundHoweverTheyAreWrapped(t *testing.T) {
	list := listed("Watching", entry(""))
	for name, document := range map[string]string{
		"an answer":                `{"data":{"MediaListCollection":{"lists":[` + list + `]}}}`,
		"without data":             `{"MediaListCollection":{"lists":[` + list + `]}}`,
		"the collection alone":     `{"lists":[` + list + `]}`,
		"under an alias":           `{"data":{"mine":{"lists":[` + list + `]}}}`,
		"an array of answers":      `[{"data":{"MediaListCollection":{"lists":[` + list + `]}}}]`,
		"an array of collections":  `[{"lists":[` + list + `]}]`,
		"lists alone":              `[` + list + `]`,
		"entries alone":            `[` + entry("") + `]`,
		"lists of lists":           `{"data":{"MediaListCollection":{"statusLists":[[` + entry("") + `]],"customLists":[]}}}`,
		"lists by name":            `{"data":{"MediaListCollection":{"statusLists":{"current":[` + entry("") + `]}}}}`,
		"pages":                    `{"data":{"Page":{"mediaList":[` + entry("") + `]}}}`,
		"documents after another":  `{"lists":[` + list + `]}` + "\n" + `{"lists":[]}`,
		"the name of a list last":  `{"lists":[{"entries":[` + entry("") + `],"name":"Watching"}]}`,
		"the user before":          `{"user":{"name":"x"},"lists":[` + list + `],"type":"ANIME"}`,
		"with blanks and CR LF":    "\r\n { \"lists\" :\r\n [" + list + "] } \r\n",
		"no list of another alias": `{"data":{"a":{"lists":[` + list + `]},"b":{"lists":[]}}}`,
	} {
		rows, err := read(document)
		if err != nil || len(rows) != 1 || rows[0].Fault != "" || rows[0].Key.String() != "anilist:anime:11" {
			t.Errorf("%s: %v, error %v", name, rows, err)
		}
	}
}

func TestAnEntryInSeveralListsIsOneThatKnowsItsCustomLists(t *testing.T) {
	hidden := entry(`"mediaId":12,"hiddenFromStatusLists":true`)
	rows := good(t, collection(listed("Watching", entry(""))+","+listed("Completed TV", entry(`"mediaId":13`))+","+
		custom("Best", hidden, entry(""))+","+`{"entries":[`+entry("")+`],"name":"Later \"named\"","isCustomList":true}`))
	got := map[string]string{}
	for _, r := range rows {
		got[r.Key.NativeID], _ = r.Entry.Get("customLists")
	}
	want := map[string]string{"11": `{"Best":true,"Later \"named\"":true}`, "12": `{"Best":true}`, "13": ""}
	if diff := cmp.Diff(want, got); diff != "" || len(rows) != 3 {
		t.Errorf("%d rows, custom lists (-want +got):\n%s", len(rows), diff)
	}
}

func TestAScoreIsReadInTheFormatOfItsFile(t *testing.T) {
	for _, tt := range []struct {
		format string
		scores []string
		want   []int64
	}{
		{"POINT_100", []string{"7", "85"}, []int64{7, 85}},
		{"POINT_100", []string{"7"}, []int64{7}},
		{"POINT_100", []string{"7", "8", "10"}, []int64{70, 80, 100}}, // asked for out of 10
		{"POINT_10_DECIMAL", []string{"8.5"}, []int64{85}},
		{"POINT_10_DECIMAL", []string{"8.5", "85"}, []int64{9, 85}}, // asked for out of 100
		{"POINT_10", []string{"9", "0"}, []int64{90, 0}},
		{"POINT_5", []string{"1", "5"}, []int64{10, 90}},
		{"POINT_3", []string{"1", "2", "3"}, []int64{35, 60, 85}},
		{"POINT_3", []string{"2", "5"}, []int64{30, 90}},
		{"", []string{"3", "9.5"}, []int64{30, 95}},
		{"", []string{"3", "72"}, []int64{3, 72}},
		{"POINT_10", []string{"null", `"7"`}, []int64{0, 70}},
	} {
		var entries []string
		for i, s := range tt.scores {
			entries = append(entries, entry(`"mediaId":`+string(rune('1'+i))+`,"score":`+s))
		}
		var got []int64
		for _, f := range facts(good(t, collection(listed("x", entries...), `,"User":{"mediaListOptions":{"scoreFormat":"`+tt.format+`"}}`))) {
			got = append(got, f.Score)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s %v (-want +got):\n%s", tt.format, tt.scores, diff)
		}
	}
	rows := good(t, collection(listed("x", entry(`"score":3,"scoreRaw":55`))))
	if score, _ := rows[0].Entry.Get("score"); rows[0].Entry.Score != 55 || score != "55" {
		t.Errorf("scoreRaw does not count: %v", rows[0].Entry)
	}
}

func TestWhatAListHoldsIsToldByWhateverTellsIt(t *testing.T) {
	bare := func(media string) string {
		return `{"mediaId":5,"status":"PLANNING","progress":0,"media":{` + media + `}}`
	}
	for _, tt := range []struct{ name, file, document, want string }{
		{"type of the work", "", collection(listed("x", bare(`"type":"MANGA"`))), "anilist:manga:5"},
		{"format of the work", "", collection(listed("x", bare(`"format":"ONA"`))), "anilist:anime:5"},
		{"chapters", "", collection(listed("x", bare(`"chapters":5`))), "anilist:manga:5"},
		{"name of a list", "", collection(listed("Planning", bare("")) + "," + listed("Rereading")), "anilist:manga:5"},
		{"alias", "", `{"data":{"animeList":{"lists":[` + listed("x", bare("")) + `]}}}`, "anilist:anime:5"},
		{"alias around", "", `{"data":{"manga":{"MediaListCollection":{"lists":[` + listed("x", bare("")) + `]}}}}`, "anilist:manga:5"},
		{"type of the document", "", `{"lists":[` + listed("x", bare("")) + `],"type":"MANGA"}`, "anilist:manga:5"},
		{"name of the file", "anime/mangalist_3.json", collection(listed("x", bare(""))), "anilist:manga:5"},
		{"other entries", "", collection(listed("x", bare(""), entry(""))), "anilist:anime:5"},
	} {
		rows, err := readAs(tt.file, tt.document)
		if err != nil || rows[0].Fault != "" || rows[0].Key.String() != tt.want {
			t.Errorf("%s: %v, error %v", tt.name, rows, err)
		}
	}
	rows, err := readAs("list.json", collection(listed("x", bare(""))))
	if err != nil || !strings.Contains(rows[0].Fault, "animelist.json") {
		t.Errorf("nothing tells the kind, and it is taken: %v, error %v", rows, err)
	}
}

func TestANovelLivesAmongLightNovels(t *testing.T) {
	rows := good(t, collection(listed("Reading", entry(`"media":{"type":"MANGA","format":"NOVEL"}`), entry(`"mediaId":2,"media":{"type":"MANGA","format":"MANGA"}`))))
	if rows[0].Collection != "lightNovels" || rows[1].Collection != "" {
		t.Errorf("collections are %q and %q", rows[0].Collection, rows[1].Collection)
	}
}

func TestAnimeAndMangaOfOneFileStayApart(t *testing.T) {
	rows := good(t, `{"data":{"a":{"lists":[`+listed("Watching", entry(""))+`]},"b":{"lists":[`+listed("Reading", entry(`"media":{"type":"MANGA"}`))+`]}}}`)
	if len(rows) != 2 || rows[0].Key.Kind != tracker.Anime || rows[1].Key.Kind != tracker.Manga {
		t.Errorf("rows are %v", rows)
	}
}
