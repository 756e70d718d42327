package xref_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/tracker/xref"
)

const (
	fribb = `[
  {"type": "TV", "anidb_id": 3, "anilist_id": 2, "mal_id": 1, "kitsu_id": 9, "imdb_id": ["tt1"], "season": {"tvdb": 1}},
  {"kitsu_id": 10, "mal_id": "11", "anidb_id": [12, "13", 12], "anilist_id": null},
  {"mal_id": "eleven", "kitsu_id": 4},
  {"mal_id": "unknown", "anidb_id": 0, "kitsu_id": 4},
  7
]`
	offline = `{"license": {"name": "x", "deep": [[[]]]}, "lastUpdate": "2026-01", "data": [
 {"sources": ["https://anidb.net/anime/3", "https://anilist.co/anime/2/", "https://kitsu.app/anime/9", "https://www.myanimelist.net/anime/1"], "title": "Made Up", "type": "TV", "episodes": 12},
 {"sources": ["https://anilist.co/anime/none"], "title": "x"}
]}`
	offlineLines = `{"license": {}, "sources": []}
{"sources": ["https://anidb.net/a3", "https://anilist.co/anime/2"], "title": "Made Up", "type": "OVA", "episodes": 0}
{"sources": ["https://anidb.net
`
	table   = "title\tanidb\tkitsu\tanilist\tmyanimelist\r\n\"\"\"Made\"\" Up\"\t3\t9\t2\t1\r\n\t\t\t5\t\r\nNone\tx\t\t\t\r\nMore\t1\t2\t3\t4\t5\t6\r\n"
	malSync = `[{"mal_id": 1, "anilist_id": 30001, "mangadex_ids": ["D9E30523-9D65-469E-92A2-302995770950"], "title": "Made Up", "type": "Manga"},
{"mal_id": 2, "anilist_id": null, "mangadex_ids": [], "title": "Made Up", "type": "Light Novel"}]`
	oldIDs = "{\n\"1\": {\"slug\": \"t8zu40m\", \"series_id\": 63670608598},\n\"2\": {\"slug\": \"t8zu40m\"},\n\"3\": \"t8zu40m\",\n\"4\": 63670608598,\n\"5\": {\"slug\": \"-\"}\n}"
	own    = `{"resource": "animes/77", "same": ["namespaces/myanimelist-net/animes/1", "namespaces/anilist-co/animes/2"]}
{"same": ["namespaces/myanimelist-net/animes/1", "namespaces/anilist-co/graphicNovels/2"]}
{"resource": "animes/anilist-7", "same": ["namespaces/myanimelist-net/animes/1"]}
{"same": ["namespaces/nowhere/animes/1"]}
`
)

// told reads a file and tells each row in a line.
func told(file string) (xref.Source, []string, error) {
	var list []string
	source, err := xref.Read(strings.NewReader(file), func(r xref.Row) error {
		names := make([]string, len(r.Keys))
		for i, k := range r.Keys {
			names[i] = k.String()
		}
		list = append(list, strings.TrimSpace(fmt.Sprintf("%d %s %s", r.Line, strings.Join(names, " "), r.Fault)))
		return nil
	})
	return source, list, err
}

func TestEveryFormIsRecognisedAndRead(t *testing.T) {
	cases := []struct {
		file   string
		source xref.Source
		want   []string
	}{
		{fribb, xref.Fribb, []string{
			"2 myanimelist:anime:1 anilist:anime:2 anidb:anime:3", "3 myanimelist:anime:11 anidb:anime:12 anidb:anime:13",
			`4  "eleven" is no id of MyAnimeList.`, "5", "6  The row is not an object as such files have them.",
		}},
		{offline, xref.Offline, []string{"2 myanimelist:anime:1 anilist:anime:2 anidb:anime:3", `3  "none" is no id of AniList.`}},
		{offlineLines, xref.Offline, []string{"1", "2 anilist:anime:2 anidb:anime:3", "3  The line is not valid JSON."}},
		{table, xref.AnimeAPI, []string{
			"2 myanimelist:anime:1 anilist:anime:2 anidb:anime:3", "3 anilist:anime:5", `4  "x" is no id of AniDB.`, "5  The row has 7 cells, the heading 5.",
		}},
		{malSync, xref.MALSync, []string{
			"1 myanimelist:manga:1 anilist:manga:30001 mangadex:manga:d9e30523-9d65-469e-92a2-302995770950", "2 myanimelist:manga:2 in:manga:lightNovels",
		}},
		{oldIDs, xref.MangaUpdates, []string{
			"2 mangaupdates:manga:1 mangaupdates:manga:63670608598", "3 mangaupdates:manga:2 mangaupdates:manga:63670608598",
			"4 mangaupdates:manga:3 mangaupdates:manga:63670608598", "5 mangaupdates:manga:4 mangaupdates:manga:63670608598",
			`6 mangaupdates:manga:5 "-" is no id of MangaUpdates.`,
		}},
		{own, xref.Own, []string{
			"1 own:anime:animes/77 myanimelist:anime:1 anilist:anime:2",
			"2 myanimelist:anime:1 anilist:manga:2 namespaces/myanimelist-net/animes/1 and namespaces/anilist-co/graphicNovels/2 are of different kinds, so they cannot be the same work.",
			`3 myanimelist:anime:1 "animes/anilist-7" is no name of a work of your own, such as animes/1245678.`,
			`4  "namespaces/nowhere/animes/1" is no name of a provider's id, such as namespaces/myanimelist-net/animes/1.`,
		}},
	}
	for _, c := range cases {
		t.Run(string(c.source), func(t *testing.T) {
			source, rows, err := told(c.file)
			if err != nil || source != c.source {
				t.Fatalf("it was read as %q with %v, want %q", source, err, c.source)
			}
			if diff := cmp.Diff(c.want, rows); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAFileThatCannotBeReadSaysWhatIsWrongAndWhere(t *testing.T) {
	deep := `[{"kitsu_id": 1}, {"x": ` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}]`
	cases := map[string]struct{ file, want string }{
		"empty":       {" \n", "The file is empty."},
		"cut off":     {fribb[:150], "The file is cut off on line 3: the end of the JSON is missing."},
		"no JSON":     {strings.Replace(fribb, `"11"`, `"11`, 1), "The file is not valid JSON on line 3."},
		"more behind": {malSync + "\n7", "Something follows the end of the data on line 3."},
		"a list":      {"<?xml version=\"1.0\"?><myanimelist></myanimelist>", "This is no file of cross references that is known here. It looks like a MyAnimeList export."},
		"unknown":     {"hello", "This is no file of cross references that is known here."},
		"one long":    {`[{"kitsu_id": 1, "mal_id": "` + strings.Repeat("1", 5<<20) + `"}]`, "A row is longer than 1024 KB (line 1); the rows of such files are not."},
		"a long line": {"title\tanidb\n" + strings.Repeat("x", 5<<20), "A row is longer than 1024 KB (line 2); the rows of such files are not."},
		"deep":        {deep, "The file is not valid JSON on line 1."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, _, err := told(c.file)
			faults := tasks.FaultsOf(err)
			if len(faults) != 1 || faults[0].Code != tasks.CodeUnsupportedFormat {
				t.Fatalf("it ended with %v, want a file that cannot be read", err)
			}
			if diff := cmp.Diff(c.want, faults[0].Message); diff != "" {
				t.Errorf("the message (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARowOfTooManyIdsIsRefused(t *testing.T) {
	ids := make([]string, 150)
	for i := range ids {
		ids[i] = fmt.Sprint(i + 1)
	}
	_, rows, err := told(`[{"kitsu_id": 1, "mal_id": [` + strings.Join(ids, ",") + `]}]`)
	if err != nil || len(rows) != 1 || !strings.HasSuffix(rows[0], "The row names 150 ids, more than the 100 that a row may name.") {
		t.Errorf("the row is %q, %v", rows, err)
	}
}
