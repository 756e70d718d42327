package anilist_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks/tracker"
)

// exported makes the site's own data export with entries.
func exported(entries ...string) string {
	return `{"user":{"id":5,"display_name":"someone","custom_lists":{"anime":["Best","Later"],"manga":["Shelf"]}},"lists":[` + strings.Join(entries, ",") +
		`],"activity":[{"id":1,"mediaId":4,"text":"{{[["},[[]]],"favourites":{"anime":[{"series_id":3}]},"reviews":[{"series_id":1,"score":3}]}`
}

// series makes one entry of it; later members overrule.
func series(more string) string {
	if more != "" {
		more = "," + more
	}
	return `{"id":900,"series_type":0,"user_id":5,"series_id":11,"status":0,"score":85,"progress":3,"progress_volume":0,"priority":0,"repeat":25,"private":1,
		"notes":"caf\u00e9 \/ tea","custom_lists":"[0,1]","advanced_scores":"[0,50]","hidden_default":1,"started_on":20240500,"finished_on":0,
		"created_at":"2021-02-03 04:05:06","updated_at":"2022-02-03 04:05:06"` + more + `}`
}

func TestAnEntryOfTheDataExportIsReadInFull(t *testing.T) {
	rows := good(t, exported(series(""), series(`"series_type":1,"series_id":12,"custom_lists":"[1,1]","status":5,"started_on":20240000,"finished_on":20240517`)))
	want := []tracker.Facts{
		{Status: tracker.Watching, Progress: 3, Repeats: 25, Score: 85, Start: tracker.Date{Year: 2024, Month: 5}, Notes: "café / tea", Private: true},
		{
			Status: tracker.Done, Repeating: true, Progress: 3, Repeats: 25, Score: 85, Start: tracker.Date{Year: 2024},
			Finish: tracker.Date{Year: 2024, Month: 5, Day: 17}, Notes: "café / tea", Private: true,
		},
	}
	if diff := cmp.Diff(want, facts(rows)); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if rows[0].Key.String() != "anilist:anime:11" || rows[1].Key.String() != "anilist:manga:12" {
		t.Errorf("keys are %v and %v", rows[0].Key, rows[1].Key)
	}
	for name, want := range map[string]string{
		"customLists": `{"Best":false,"Later":true}`, "hiddenFromStatusLists": "true", "createdAt": "1612325106", "advanced_scores": `"[0,50]"`, "id": "900",
	} {
		if got, _ := rows[0].Entry.Get(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if got, _ := rows[1].Entry.Get("customLists"); got != `{"Shelf":true,"#2":true}` {
		t.Errorf("a flag without a name became %s", got)
	}
}

func TestTheDataExportAndAQuerySayTheSame(t *testing.T) {
	a := good(t, exported(series(`"custom_lists":"[]"`)))[0].Entry
	b := good(t, collection(listed("Watching", `{"mediaId":11,"status":"CURRENT","score":85,"progress":3,"repeat":25,"private":true,"notes":"café / tea","startedAt":{"year":2024,"month":5,"day":null},"completedAt":null,"media":{"type":"ANIME"}}`),
		`,"User":{"mediaListOptions":{"scoreFormat":"POINT_100"}}`))[0].Entry
	if diff := cmp.Diff(a.Facts, b.Facts); diff != "" {
		t.Errorf("facts (-export +query):\n%s", diff)
	}
	for _, f := range b.Native {
		if other, ok := a.Get(f[0]); !ok || f[0] != "completedAt" && other != f[1] {
			t.Errorf("%s is %s in the query, %s in the data export", f[0], f[1], other)
		}
	}
}

func TestABadEntryOfTheDataExportFailsAlone(t *testing.T) {
	rows, err := read(exported(series(`"status":9`), series(`"started_on":20241340`), series(`"series_type":7`), series(`"series_id":0`), series(`"progress":"many"`), series(`"series_id":99`)))
	if err != nil || len(rows) != 6 {
		t.Fatalf("rows are %v, error %v", rows, err)
	}
	for i, says := range []string{"status", "startedAt", "anime or a manga", "no mediaId", "progress"} {
		if !strings.Contains(rows[i].Fault, says) {
			t.Errorf("the fault of entry %d is %q, want it to name %q", i+1, rows[i].Fault, says)
		}
	}
	if rows[5].Fault != "" || !rows[3].Foreign {
		t.Errorf("the last is %+v, and an entry without an id counts as foreign: %v", rows[5], rows[3].Foreign)
	}
}
