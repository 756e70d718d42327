package myanimelist_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/myanimelist"
)

// read gives all rows of a document.
func read(document string) ([]tracker.Row, error) {
	var rows []tracker.Row
	err := myanimelist.Format{}.Read(tracker.Input{Reader: strings.NewReader(document)}, func(r tracker.Row) error {
		rows = append(rows, r)
		return nil
	})
	return rows, err
}

func list(entries ...string) string {
	return `<?xml version="1.0" encoding="UTF-8" ?><myanimelist><myinfo><user_export_type>1</user_export_type></myinfo>` + strings.Join(entries, "\n") + `</myanimelist>`
}

// entry makes an anime of which some elements are given.
func entry(elements string) string {
	base := "<series_animedb_id>41457</series_animedb_id>"
	if strings.Contains(elements, "series_animedb_id") {
		base = ""
	}
	if !strings.Contains(elements, "my_status") {
		base += "<my_status>Watching</my_status>"
	}
	return "<anime>" + base + elements + "</anime>"
}

func TestEveryQuirkOfTheFormatIsRead(t *testing.T) {
	tests := []struct {
		name, document string
		key            string
		want           tracker.Facts
	}{
		{"a status as text", list(entry("<my_status>On-Hold</my_status>")), "myanimelist:anime:41457", tracker.Facts{Status: tracker.Paused}},
		{"a status as a number", list(entry("<my_status>6</my_status>")), "myanimelist:anime:41457", tracker.Facts{Status: tracker.PlannedTo}},
		{"a status in other letters", list(entry("<my_status>plan to watch</my_status>")), "myanimelist:anime:41457", tracker.Facts{Status: tracker.PlannedTo}},
		{"an unset date", list(entry("<my_start_date>0000-00-00</my_start_date>")), "myanimelist:anime:41457", tracker.Facts{Status: tracker.Watching}},
		{"a month of no year", list(entry("<my_start_date>0000-05-17</my_start_date>")), "myanimelist:anime:41457", tracker.Facts{Status: tracker.Watching}},
		{"a year only", list(entry("<my_start_date>2021-00-00</my_start_date>")), "myanimelist:anime:41457", tracker.Facts{Status: tracker.Watching, Start: tracker.Date{Year: 2021}}},
		{"a month only", list(entry("<my_finish_date>2024-05-00</my_finish_date>")), "myanimelist:anime:41457", tracker.Facts{Status: tracker.Watching, Finish: tracker.Date{Year: 2024, Month: 5}}},
		{"a short date", list(entry("<my_finish_date>2024-05</my_finish_date>")), "myanimelist:anime:41457", tracker.Facts{Status: tracker.Watching, Finish: tracker.Date{Year: 2024, Month: 5}}},
		{"an empty boolean", list(entry("<my_rewatching></my_rewatching>")), "myanimelist:anime:41457", tracker.Facts{Status: tracker.Watching}},
		{"a repeat", list(entry("<my_status>Completed</my_status><my_rewatching>1</my_rewatching><my_times_watched>3</my_times_watched><my_watched_episodes>4</my_watched_episodes>")), "myanimelist:anime:41457", tracker.Facts{Status: tracker.Done, Repeating: true, Repeats: 3, Progress: 4}},
		{"a title in CDATA with quotes", list(entry(`<series_title><![CDATA["0" & <more>]]></series_title>`)), "myanimelist:anime:41457", tracker.Facts{Status: tracker.Watching, Title: `"0" & <more>`}},
		{"a bare ampersand", list(entry(`<series_title>Tom & Jerry</series_title>`)), "myanimelist:anime:41457", tracker.Facts{Status: tracker.Watching, Title: `Tom & Jerry`}},
		{"a number that leads with zeros", list(entry("<series_animedb_id>007</series_animedb_id>")), "myanimelist:anime:7", tracker.Facts{Status: tracker.Watching}},
		{"no export type at all", `<myanimelist>` + entry("<my_score>9</my_score>") + `</myanimelist>`, "myanimelist:anime:41457", tracker.Facts{Status: tracker.Watching, Score: 90}},
		{"unknown elements", list(entry("<my_fansub_group>x</my_fansub_group><my_downloaded_eps>3</my_downloaded_eps>")), "myanimelist:anime:41457", tracker.Facts{Status: tracker.Watching}},
		{
			"a manga in an export of type anime", list("<manga><manga_mangadb_id>5</manga_mangadb_id><manga_volumes>N/A</manga_volumes><manga_chapters>55</manga_chapters><my_read_chapters>48</my_read_chapters><my_read_volumes>2</my_read_volumes><my_status>Reading</my_status><my_rereading>YES</my_rereading></manga>"),
			"myanimelist:manga:5",
			tracker.Facts{Status: tracker.Watching, Total: 55, Progress: 48, Volumes: 2, Repeating: true},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows, err := read(tt.document)
			if err != nil || len(rows) != 1 {
				t.Fatalf("read %d rows, error %v, want one row", len(rows), err)
			}
			if rows[0].Fault != "" || rows[0].Key.String() != tt.key {
				t.Errorf("key %v, fault %q, want key %s", rows[0].Key, rows[0].Fault, tt.key)
			}
			if diff := cmp.Diff(tt.want, rows[0].Entry.Facts); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestABadEntryTellsWhyAndTheRestGoesOn(t *testing.T) {
	tests := []struct{ name, bad, reason string }{
		{"no id", "<anime><series_title>Lost</series_title><my_status>Watching</my_status></anime>", `no MyAnimeList id`},
		{"id 0", entry("<series_animedb_id>0</series_animedb_id><series_title>Lost</series_title>"), `Its title is "Lost".`},
		{"an id that is no number", entry("<series_animedb_id>abc</series_animedb_id>"), `"abc" is not a number`},
		{"an id below 0", entry("<series_animedb_id>-4</series_animedb_id>"), `"-4" is not a number above 0`},
		{"an unknown status", entry("<my_status>Sleeping</my_status>"), `my_status says "Sleeping"`},
		{"no status", entry("<my_status></my_status>"), `my_status says ""`},
		{"a count that is none", entry("<my_watched_episodes>many</my_watched_episodes>"), `my_watched_episodes says "many"`},
		{"a huge count", entry("<my_watched_episodes>99999999999999999999</my_watched_episodes>"), `which is not a count`},
		{"a score of 11", entry("<my_score>11</my_score>"), `a score from 0 to 10`},
		{"a day that does not exist", entry("<my_start_date>2023-02-30</my_start_date>"), `my_start_date says "2023-02-30"`},
		{"a NUL byte", entry("<my_comments>a\x00b</my_comments>"), `bytes that are no text`},
		{"bytes of another encoding", entry("<my_comments>caf\xe9</my_comments>"), `bytes that are no text`},
		{"elements inside an element", entry("<my_tags><b>x</b></my_tags>"), `my_tags holds other elements`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows, err := read(list(tt.bad, entry("<series_animedb_id>8</series_animedb_id>")))
			if err != nil || len(rows) != 2 {
				t.Fatalf("read %d rows, error %v, want two rows", len(rows), err)
			}
			if !strings.Contains(rows[0].Fault, tt.reason) {
				t.Errorf("fault %q, want one that says %q", rows[0].Fault, tt.reason)
			}
			if rows[1].Fault != "" {
				t.Errorf("the good entry after it has the fault %q", rows[1].Fault)
			}
		})
	}
}

func TestAFileThatCannotBeReadEndsInASentence(t *testing.T) {
	laughs := `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><myanimelist>&lol2;</myanimelist>`
	tests := []struct{ name, document, says string }{
		{"nonsense", strings.Repeat("nonsense \x01\x02\xff", 100000), "looks like no list"},
		{"brackets", strings.Repeat("<", 1<<20), "not a MyAnimeList export"},
		{"a web page", "<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"},
		{"an AniDB export", `<?xml version='1.0'?><MyList><User/></MyList>`, "an AniDB export"},
		{"a VNDB export", `<vndb-export version="1.0"></vndb-export>`, "a VNDB export"},
		{"an AniList export", `{"data":{"MediaListCollection":{"lists":[]}}}`, "an AniList export"},
		{"a MangaUpdates list", "Series\tVolume\tChapter\n", "a MangaUpdates list"},
		{"other XML", "<feed><item/></feed>", "XML of an unknown kind"},
		{"truncated in an entry", list(entry(""))[:150], "cut off at line 1"},
		{"truncated in CDATA", "<myanimelist>\n<anime><series_title><![CDATA[abc", "cut off at line 2"},
		{"truncated after an entry", "<myanimelist>" + entry(""), "1 entries stand before it"},
		{"crossed elements", "<myanimelist>\n<anime></myanimelist></anime>", "line 2"},
		{"a billion laughs", laughs, "declares entities"},
		{"deep nesting", "<myanimelist>" + strings.Repeat("<a>", 100), "nested more than 32 deep"},
		{"an element without end", "<myanimelist><anime><my_tags>" + strings.Repeat("x", 3<<20), "larger than 1 MB"},
		{"many pieces in one element", "<myanimelist><anime><my_tags>" + strings.Repeat("<![CDATA[xxxxxxxxxxxxxxxx]]>", 1<<17), "larger than 1 MB"},
		{"another declared encoding", `<?xml version="1.0" encoding="ISO-8859-1"?><myanimelist></myanimelist>`, "its encoding is ISO-8859-1"},
		{"a broken tag", "<myanimelist>\n<anime =>", "line 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(tt.document)
			var fault *tasks.Error
			if !errors.As(err, &fault) || fault.Code != tasks.CodeUnsupportedFormat {
				t.Fatalf("error %v, want one of an unsupported format", err)
			}
			if !strings.Contains(fault.Message, tt.says) || len(fault.Message) > 500 || !strings.HasSuffix(strings.TrimSuffix(fault.Message, ")."), ".") && !strings.HasSuffix(fault.Message, ").") {
				t.Errorf("message %q, want a sentence that says %q", fault.Message, tt.says)
			}
		})
	}
}

func TestCommentsKeepTheirLineEnds(t *testing.T) {
	const comment = "one\r\ntwo\rthree\nfour"
	rows, err := read(list(entry("<my_comments><![CDATA[" + comment + "]]></my_comments>")))
	if err != nil || len(rows) != 1 {
		t.Fatalf("read %d rows, error %v, want one row", len(rows), err)
	}
	if got, _ := rows[0].Entry.Get("my_comments"); got != comment {
		t.Errorf("the comment came as %q, want %q", got, comment)
	}
}

func TestAnotherSpellingOfUTF8IsRead(t *testing.T) {
	rows, err := read(strings.Replace(list(entry("")), `"UTF-8"`, `"utf8"`, 1))
	if err != nil || len(rows) != 1 {
		t.Errorf("read %d rows, error %v, want one row", len(rows), err)
	}
}
