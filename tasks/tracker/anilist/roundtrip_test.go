package anilist_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anilist"
)

func written(t interface{ Fatal(...any) }, form tracker.Form, kind tracker.Kind, entries []tracker.Entry) string {
	var out bytes.Buffer
	seq := iter.Seq2[tracker.Entry, error](func(yield func(tracker.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	})
	if err := form.Write(&out, tracker.List{Kind: kind, User: `al"ice`}, seq); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func form(name string) tracker.Form {
	for _, f := range (anilist.Format{}).Forms() {
		if f.Name == name {
			return f
		}
	}
	return tracker.Form{}
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// text makes what people write, and what breaks writers of JSON.
func text() *rapid.Generator[string] {
	piece := rapid.OneOf(rapid.SampledFrom([]string{`"`, `\`, "<b>", "&", "\r\n", "\t", "\u2028", "三", "\U0001F600", "/", "\x7f", "null"}), rapid.StringMatching(`[a-zA-Z0-9 .,]{0,8}`))
	return rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), "") })
}

// date makes a date of a query; the data export cannot say all of them.
func date() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{
		`null`, `{"year":null,"month":null,"day":null}`, `{"year":2021,"month":null,"day":null}`, `{"year":2021,"month":12,"day":null}`,
		`{"year":2024,"month":2,"day":29}`, `{"year":2019,"month":null,"day":4}`,
	})
}

// scores are, for each format, scores that it has.
var scores = map[string][]string{
	"POINT_100": {"0", "1", "7", "85", "100"}, "POINT_10_DECIMAL": {"0", "0.1", "7", "8.5", "10"}, "POINT_10": {"0", "1", "10"},
	"POINT_5": {"0", "1", "2", "5"}, "POINT_3": {"0", "1", "2", "3"},
}

// given makes one entry of a list as a query gives it.
func given(kind tracker.Kind, format string, id int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		n := func(label string) int { return rapid.IntRange(0, 3000).Draw(t, label) }
		b := func(label string) bool { return rapid.Bool().Draw(t, label) }
		count, word := "episodes", "ANIME"
		if kind == tracker.Manga {
			count, word = "chapters", "MANGA"
		}
		custom := rapid.SampledFrom([]string{`null`, `{"A":true,"B":false}`, `["A","C"]`, `[{"name":"A","enabled":true},{"name":"B","enabled":false}]`, `{}`, `{"\"":true}`}).Draw(t, "custom")
		return fmt.Sprintf(`{"id":%d,"mediaId":%d,"status":%q,"score":%s,"progress":%d,"progressVolumes":%d,"repeat":%d,"priority":%d,"private":%t,"notes":%s,"hiddenFromStatusLists":%t,"customLists":%s,"startedAt":%s,"completedAt":%s,"updatedAt":%d,"x y":%s,"media":{"id":%d,"idMal":%s,"type":%q,"format":%s,%q:%d,"title":{"romaji":%s,"english":%s}}}`,
			n("entry"), id, rapid.SampledFrom([]string{"CURRENT", "PLANNING", "COMPLETED", "DROPPED", "PAUSED", "REPEATING"}).Draw(t, "status"),
			rapid.SampledFrom(scores[format]).Draw(t, "score"), n("progress"), n("volumes"), n("repeat"), n("priority"), b("private"), quoted(text().Draw(t, "notes")),
			b("hidden"), custom, date().Draw(t, "start"), date().Draw(t, "finish"), n("updated"), quoted(text().Draw(t, "unknown")),
			id, rapid.SampledFrom([]string{"null", "12"}).Draw(t, "mal"), word, rapid.SampledFrom([]string{"null", `"NOVEL"`, `"TV"`}).Draw(t, "format"),
			count, n("total"), quoted(text().Draw(t, "title")), quoted(text().Draw(t, "english")))
	})
}

func kinds() *rapid.Generator[tracker.Kind] {
	return rapid.SampledFrom([]tracker.Kind{tracker.Anime, tracker.Manga})
}

func formats() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"POINT_100", "POINT_10_DECIMAL", "POINT_10", "POINT_5", "POINT_3"})
}

// drawn makes the rows of a generated list, whose entries may come from files
// of different score formats.
func drawn(t *rapid.T, kind tracker.Kind) []tracker.Entry {
	var entries []tracker.Entry
	for i := range rapid.IntRange(1, 5).Draw(t, "files") {
		format := formats().Draw(t, "format")
		doc := collection(listed("x", given(kind, format, i+1).Draw(t, "entry")), `,"User":{"mediaListOptions":{"scoreFormat":"`+format+`"}}`)
		rows, err := read(doc)
		if err != nil || len(rows) != 1 || rows[0].Fault != "" {
			t.Fatalf("read %v, error %v, of %s", rows, err, doc)
		}
		entries = append(entries, rows[0].Entry)
	}
	return entries
}

func byID(entries []tracker.Entry) map[string]tracker.Entry {
	m := map[string]tracker.Entry{}
	for _, e := range entries {
		id, _ := e.Get("mediaId")
		m[id] = e
	}
	return m
}

func readBack(t *rapid.T, document string) map[string]tracker.Entry {
	rows, err := read(document)
	if err != nil {
		t.Fatalf("error %v, of:\n%s", err, document)
	}
	var entries []tracker.Entry
	for _, row := range rows {
		if row.Fault != "" {
			t.Fatalf("the fault %q, of:\n%s", row.Fault, document)
		}
		entries = append(entries, row.Entry)
	}
	if m := byID(entries); len(m) == len(rows) {
		return m
	}
	t.Fatalf("the same entry came twice, of:\n%s", document)
	return nil
}

func TestWhatIsWrittenAsAQueryIsReadBackEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := kinds().Draw(t, "kind")
		entries := drawn(t, kind)
		document := written(t, form("graphql"), kind, entries)
		if !json.Valid([]byte(document)) {
			t.Fatalf("this is no JSON:\n%s", document)
		}
		if diff := cmp.Diff(byID(entries), readBack(t, document)); diff != "" {
			t.Fatalf("(-written +read):\n%s\n%s", diff, document)
		}
	})
}

func TestWhatIsWrittenAsADataExportIsReadBackWithItsFacts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := kinds().Draw(t, "kind")
		entries := drawn(t, kind)
		document := written(t, form("gdpr"), kind, entries)
		back := readBack(t, document)
		for id, e := range byID(entries) {
			want := e.Facts // the data export has nothing of the work
			want.Title, want.Total, want.TotalVolumes = "", 0, 0
			if diff := cmp.Diff(want, back[id].Facts); diff != "" {
				t.Fatalf("entry %s (-written +read):\n%s\n%s", id, diff, document)
			}
		}
		var again []tracker.Entry
		for i := range entries {
			again = append(again, back[fmt.Sprint(i+1)])
		}
		if second := written(t, form("gdpr"), kind, again); second != document {
			t.Fatalf("written again it is another:\n%s\n%s", document, second)
		}
	})
}

func TestAMergeLosesNothingAndMergingAgainChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := kinds().Draw(t, "kind")
		old, now := drawn(t, kind)[0], drawn(t, kind)[0]
		f := anilist.Format{}
		merged := tracker.Merge(f, old, now)
		if again := tracker.Merge(f, merged, now); !again.Equal(merged) {
			t.Fatalf("merging again changed (-once +twice):\n%s", cmp.Diff(merged, again))
		}
		if same := tracker.Merge(f, old, old); !same.Equal(old) {
			t.Fatalf("merging an entry with itself changed (-before +after):\n%s", cmp.Diff(old, same))
		}
		back := readBack(t, written(t, form("graphql"), kind, []tracker.Entry{merged}))
		if diff := cmp.Diff(merged.Facts, back["1"].Facts); diff != "" {
			t.Fatalf("the native values say something else than the facts (-facts +native):\n%s", diff)
		}
	})
}

func TestAnUnchangedTrackerSendsNativeValuesBackAsTheyCame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawn(t, kinds().Draw(t, "kind"))[0]
		v := tracker.VisibleOf(e.Facts)
		tr := &tracker.Tracker{State: v.State, Start: v.Start, End: v.End, FirstDone: v.Done}
		if got := tracker.Current(anilist.Format{}, e, tr); !got.Equal(e) {
			t.Fatalf("(-came +goes):\n%s", cmp.Diff(e, got))
		}
	})
}

func TestAChangedTrackerChangesOnlyWhatDiffers(t *testing.T) {
	rows := good(t, collection(listed("x", entry(`"status":"DROPPED","customLists":{"Best":true}`))))
	e := rows[0].Entry
	got := tracker.Current(anilist.Format{}, e, &tracker.Tracker{State: tracker.Completed, Start: e.Start.Earliest(), End: time.Date(2024, 7, 9, 20, 0, 0, 0, time.UTC), FirstDone: 12})
	want := e
	for name, value := range map[string]string{"status": `"COMPLETED"`, "progress": "12", "completedAt": `{"year":2024,"month":7,"day":9}`} {
		want = want.With(name, value)
	}
	if diff := cmp.Diff(want.Native, got.Native); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestATrackerWithoutAnEntryIsWrittenAsANewOne(t *testing.T) {
	for _, kind := range []tracker.Kind{tracker.Anime, tracker.Manga} {
		e := anilist.Format{}.Blank(kind, "5", tracker.Facts{Status: tracker.Watching, Progress: 4, Total: 9, Title: `A "title"`, Score: 70})
		rows := good(t, written(t, form("graphql"), kind, []tracker.Entry{e}))
		if diff := cmp.Diff([]tracker.Entry{e}, []tracker.Entry{rows[0].Entry}); diff != "" || rows[0].Key.Kind != kind {
			t.Errorf("%s (-written +read):\n%s", kind, diff)
		}
	}
}

func TestAListIsWrittenAsTheSiteGivesIt(t *testing.T) {
	rows := good(t, collection(listed("a", entry(`"score":8.5`), entry(`"mediaId":12,"status":"COMPLETED","score":9`))+","+custom("Best", entry(`"mediaId":13,"hiddenFromStatusLists":true,"score":7`)),
		`,"User":{"mediaListOptions":{"scoreFormat":"POINT_10_DECIMAL"}}`))
	var entries []tracker.Entry
	for _, r := range rows {
		entries = append(entries, r.Entry)
	}
	var got struct {
		Data struct {
			MediaListCollection struct {
				User  struct{ MediaListOptions struct{ ScoreFormat string } }
				Lists []struct {
					Name, Status string
					IsCustomList bool
					Entries      []struct {
						MediaID int
						Score   float64
						Media   struct{ Title struct{ Romaji string } }
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(written(t, form("graphql"), tracker.Anime, entries)), &got); err != nil {
		t.Fatal(err)
	}
	c := got.Data.MediaListCollection
	if said := fmt.Sprint(c.User, c.Lists); said != "{{POINT_10_DECIMAL}} [{Watching CURRENT false [{11 8.5 {{Made Up}}}]} {Completed COMPLETED false [{12 9 {{Made Up}}}]} {Best  true [{13 7 {{Made Up}}}]}]" {
		t.Errorf("the answer is %s", said)
	}
}
