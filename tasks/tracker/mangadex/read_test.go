package mangadex_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/mangadex"
)

const (
	one = "0a1b2c3d-0000-4000-8000-000000000001"
	two = "0a1b2c3d-0000-4000-8000-000000000002"
)

func read(document string) ([]tracker.Row, error) {
	var rows []tracker.Row
	err := mangadex.Format{}.Read(tracker.InputOf("list", document), func(r tracker.Row) error {
		rows = append(rows, r)
		return nil
	})
	return rows, err
}

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

// entry makes one entry of the JSON form; later members overrule.
func entry(more string) string {
	if more != "" {
		more = "," + more
	}
	return `{"id":"` + one + `","title":"Made Up","status":"reading","rating":8,"chapters":["1","2","2","10.5"],"links":{"al":"7","mal":"9","mu":"ttaew4a"}` + more + `}`
}

func TestAnEntryIsReadInFull(t *testing.T) {
	row := good(t, "["+entry(`"volume":"2","chapters":["1",2,"2","10.5",{"id":"`+two+`","chapter":"4","volume":"1"},{"id":"`+one+`","chapter":"4"},null,"`+two+`"]`)+"]")[0]
	want := tracker.Facts{Title: "Made Up", Status: tracker.Watching, Progress: 3, Volumes: 2, Score: 80, Seen: "1-2,4"}
	if diff := cmp.Diff(want, row.Entry.Facts); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	same := []tracker.RecordKey{
		{Provider: tracker.MyAnimeList, Kind: tracker.Manga, NativeID: "9"},
		{Provider: tracker.AniList, Kind: tracker.Manga, NativeID: "7"},
		{Provider: tracker.MangaUpdates, Kind: tracker.Manga, NativeID: "64897697818"},
	}
	if diff := cmp.Diff(same, row.Same); diff != "" || row.Key.String() != "mangadex:manga:"+one {
		t.Errorf("%v, the same work elsewhere (-want +got):\n%s", row.Key, diff)
	}
}

func TestAllStatusesAreRead(t *testing.T) {
	for name, want := range map[string]tracker.Facts{
		`"reading"`: {Status: tracker.Watching}, `"on_hold"`: {Status: tracker.Paused}, `"plan_to_read"`: {Status: tracker.PlannedTo},
		`"dropped"`: {Status: tracker.Dropped}, `"re_reading"`: {Status: tracker.Done, Repeating: true}, `"completed"`: {Status: tracker.Done},
		`"Plan to Read"`: {Status: tracker.PlannedTo}, `null`: {Status: tracker.Watching}, `null,"chapters":null`: {Status: tracker.PlannedTo},
	} {
		got := good(t, "["+entry(`"status":`+name)+"]")[0].Entry
		if got.Status != want.Status || got.Repeating != want.Repeating {
			t.Errorf("%s became %+v", name, got.Facts)
		}
	}
}

func TestEntriesAreFoundInWhatToolsSave(t *testing.T) {
	for name, tt := range map[string]struct{ document, want string }{
		"the form":            {"[" + entry("") + "]", one + " watching 2 80"},
		"wrapped":             {`{"result":"ok","data":[` + entry("") + `],"total":1}`, one + " watching 2 80"},
		"statuses of the API": {`{"result":"ok","statuses":{"` + one + `":"on_hold"}}`, one + " on-hold 0 0"},
		"no statuses":         {`{"result":"ok","statuses":[]}`, ""},
		"by id":               {`{"` + strings.ToUpper(one) + `":{"status":"reading","rating":{"rating":3,"createdAt":"x"},"links":null}}`, one + " watching 0 30"},
		"follows of the API":  {`{"data":[{"id":"` + one + `","type":"manga","attributes":{"title":{"ja":"あ","en":"Made Up"},"links":{"al":"7"}}}]}`, one + " planned 0 0"},
		"another tool's":      {`[{"id":"` + one + `","title":"Made Up","status":"reading","upstream":"40","current":"12.5","date":"x","metadata":{"links":{"al":"7"}},"rating":"7"}]`, one + " watching 12 70"},
		"a table":             {"ID,Type,Status,Main Title Language,Main Title,Alternative Title (EN),URL\r\n" + one + ",manga,on_hold,en,\"Made, \"\"Up\"\"\",,https://mangadex.org/title/" + one + "\r\n", one + " on-hold 0 0"},
		"another table":       {"uuid,primary_title,secondary_title,personal_rating,global_rating,highest_read_chapter,highest_read_volume,mangadex_url\n" + one + ",Made Up,,9,8.51,12.5,3,https://mangadex.org/title/" + one + "\n", one + " watching 12 90"},
		"a table of links":    {"title,amz,al,mal\nMade, Up,null,7,null,\n", tracker.TitleID("Made,  Up ") + " planned 0 0"},
		"semicolons":          {"id;status\n" + one + ";dropped", one + " dropped 0 0"},
		"only an address":     {"Title\tURL\nx\thttps://mangadex.org/title/" + one + "/made-up", one + " planned 0 0"},
	} {
		var got []string
		for _, r := range good(t, tt.document) {
			got = append(got, strings.Join([]string{r.Key.NativeID, string(r.Entry.Status), itoa(r.Entry.Progress), itoa(r.Entry.Score)}, " "))
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s: %v, want %s", name, got, tt.want)
		}
	}
}

func TestLinksOfATableAreTheSameWorkElsewhere(t *testing.T) {
	row := good(t, "title,al,mal,mu\nMade, Up,7,null,42,\n")[0]
	if len(row.Same) != 2 || row.Same[0].NativeID != "7" || row.Same[1].NativeID != "42" || row.Entry.Title != "Made, Up" || row.Note == "" {
		t.Errorf("row is %+v", row)
	}
}

func TestABadEntryFailsAlone(t *testing.T) {
	for _, tt := range []struct{ name, entry, says string }{
		{"neither id nor title", `{"status":"reading"}`, "Entry 2 has neither an id nor a title"},
		{"no UUID", entry(`"id":"12"`), `Entry 2 has the id "12", which is no UUID. Its title is "Made Up".`},
		{"a strange status", entry(`"status":"ongoing"`), `The member status is "ongoing", which is not one of reading`},
		{"a status that is none", entry(`"status":5`), "status"},
		{"a strange rating", entry(`"rating":11`), "rating is 11"},
		{"chapters that are none", entry(`"chapters":"all"`), "chapters"},
		{"a volume that is none", entry(`"volume":-1`), "volume"},
		{"a NUL", entry(`"title":"a\u0000"`), "Entry 2 holds what is no text"},
		{"another encoding", entry(`"title":"` + "\xe9" + `"`), "Entry 2 holds what is no text"},
		{"no object", `5`, "Entry 2 has neither"},
	} {
		rows, err := read("[" + entry("") + "," + tt.entry + "," + entry(`"id":"`+two+`"`) + "]")
		if err != nil || len(rows) != 3 || !strings.Contains(rows[1].Fault, tt.says) || rows[0].Fault+rows[2].Fault != "" {
			t.Errorf("%s: rows %+v, error %v, want a fault that says %q", tt.name, rows, err, tt.says)
		}
	}
	for _, tt := range []struct{ name, line, says string }{
		{"too few cells", one, "line 2 has 1 cells where the first row names 3"},
		{"an open quote", one + ",\"reading,x\n" + two + ",reading,y", "a quote in it may not be closed"},
		{"another encoding", one + ",reading,\xe9t\xe9", "line 2 holds what is no text"},
		{"a NUL", one + ",reading,a\x00b", "line 2 holds what is no text"},
	} {
		rows, err := read("id,status,title\n" + tt.line + "\n")
		if err != nil || len(rows) != 1 || !strings.Contains(rows[0].Fault, tt.says) {
			t.Errorf("%s: rows %+v, error %v, want a fault that says %q", tt.name, rows, err, tt.says)
		}
	}
}

func TestAFileThatCannotBeReadEndsInASentence(t *testing.T) {
	whole := "[" + entry("") + "," + entry("") + "]"
	for _, tt := range []struct{ name, document, says string }{
		{"cut off", whole[:len(whole)-20], "cut off after byte"},
		{"cut off at the end", whole[:len(whole)-1], "2 entries stand before it"},
		{"no JSON any more", strings.Replace(whole, "},{", "};{", 1), "not valid JSON"},
		{"nested", "[" + entry(`"x":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)) + "]", "nested more than 32"},
		{"a cell of 10 MB", "id,title\n" + one + ",\"" + strings.Repeat("x", 10<<20) + "\"\n", "One row of the file is larger than 1 MB"},
		{"a cell of 10 MB that is not quoted", "id,title\n" + one + "," + strings.Repeat("x", 10<<20) + "\n", "One row of the file is larger than 1 MB"},
		{"an entry of 10 MB", "[" + entry(`"x":"`+strings.Repeat("x", 10<<20)+`"`) + "]", "larger than 1 MB"},
		{"an AniList file", `{"data":{"MediaListCollection":{"lists":[]}}}`, "an AniList export"},
		{"AniList entries", `[{"mediaId":1,"status":"CURRENT"}]`, "an AniList export"},
		{"a MyAnimeList file", `<?xml version="1.0"?><myanimelist/>`, "a MyAnimeList export"},
		{"a MangaUpdates file", "Series\tVolume\tChapter\nx\t1\t2\n", "a MangaUpdates list"},
		{"a text", "hello, world\n", "no list that is known"},
		{"nothing", " \n", "no list that is known"},
	} {
		_, err := read(tt.document)
		var fault *tasks.Error
		if !errors.As(err, &fault) || fault.Code != tasks.CodeUnsupportedFormat || !strings.Contains(fault.Message, tt.says) {
			t.Errorf("%s: error %v, want one that says %q", tt.name, err, tt.says)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"[" + entry("") + "]", `{"statuses":{"` + one + `":"reading"}}`, "", "[]", "{}", "id,status\n" + one + ",reading\n", "title,al\na,b,1,\n", "id;chapters\r\n\"" + one + "\";\"1;2\"",
		"[" + entry(`"chapters":[{"chapter":1},[2],"1e2",null]`) + "]", `[{"title":{"en":"x"},"links":[],"rating":{"rating":"7"}}]`, "uuid,title\n,\"\n", `[{"url":"https://mangadex.org/title/` + one + `"}]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		rows, err := read(document)
		var fault *tasks.Error
		if err != nil && (!errors.As(err, &fault) || fault.Code != tasks.CodeUnsupportedFormat || !utf8.ValidString(fault.Message)) {
			t.Fatalf("error %v is no sentence about the file", err)
		}
		for _, row := range rows {
			for _, field := range row.Entry.Native {
				if row.Fault == "" && (strings.ContainsRune(field[1], 0) || !utf8.ValidString(field[0]+field[1])) || strings.ContainsRune(row.Fault, 0) || !utf8.ValidString(row.Fault) {
					t.Fatalf("what no database stores came through: %q, fault %q", field, row.Fault)
				}
			}
			if row.Fault == "" {
				checkRow(t, row)
			}
		}
	})
}
