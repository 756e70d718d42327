package mangadex_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/mangadex"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func written(t interface{ Fatal(...any) }, form tracker.Form, entries []tracker.Entry) string {
	var out bytes.Buffer
	seq := iter.Seq2[tracker.Entry, error](func(yield func(tracker.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	})
	if err := form.Write(&out, tracker.List{Kind: tracker.Manga, User: "alice"}, seq); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// checkRow writes a good row in all forms and reads it back: equal as JSON, with
// the same facts as a table.
func checkRow(t *testing.T, row tracker.Row) {
	t.Helper()
	if _, ok := tracker.ParseResource(row.Key.Resource()); !ok {
		t.Fatalf("the key %v gives no resource", row.Key)
	}
	for _, form := range (mangadex.Format{}).Forms() {
		again, err := read(written(t, form, []tracker.Entry{row.Entry}))
		if err != nil || len(again) != 1 || again[0].Fault != "" || again[0].Key != row.Key {
			t.Fatalf("%v was written as %s and came back as %v, error %v", row, form.Name, again, err)
		}
		if form.Name == "mangadex" && !again[0].Entry.Equal(row.Entry) {
			t.Fatalf("%v was written and came back as %v", row.Entry, again[0].Entry)
		}
	}
}

// text makes what people write, and what breaks writers of JSON and of tables.
func text() *rapid.Generator[string] {
	piece := rapid.OneOf(rapid.SampledFrom([]string{`"`, `""`, `\`, ",", ";", "\t", "<b>", "&", "\n", "三", "\U0001F600", "null", "'"}), rapid.StringMatching(`[a-zA-Z0-9 .]{0,8}`))
	return rapid.Custom(func(t *rapid.T) string {
		return strings.TrimSpace(strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), ""))
	})
}

// given makes one entry of the JSON form.
func given(id string) *rapid.Generator[string] {
	chapter := rapid.OneOf(
		rapid.Custom(func(t *rapid.T) string {
			return strconv.Quote(fmt.Sprint(rapid.IntRange(0, 60).Draw(t, "chapter")))
		}),
		rapid.SampledFrom([]string{`"10.5"`, `7`, `{"id":"` + two + `","chapter":"3","volume":"1"}`, `{"id":"` + one + `","chapter":null}`, `"extra"`}))
	return rapid.Custom(func(t *rapid.T) string {
		q := func(label string) string {
			b, _ := json.Marshal(text().Draw(t, label))
			return string(b)
		}
		pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
		chapters := "null"
		if rapid.Bool().Draw(t, "chapters known") {
			chapters = "[" + strings.Join(rapid.SliceOfN(chapter, 0, 8).Draw(t, "chapters"), ",") + "]"
		}
		return fmt.Sprintf(`{"id":%s,"title":%s,"status":%s,"rating":%s,"chapters":%s,"current":%s,"volume":%s,"links":%s,"extra":%s}`,
			id, q("title"), pick("status", "null", `"reading"`, `"on_hold"`, `"plan_to_read"`, `"dropped"`, `"re_reading"`, `"completed"`),
			pick("rating", "null", "0", "1", "7", "10"), chapters, pick("current", "null", `"12"`, `"3.5"`), pick("volume", "null", `"2"`, `"0"`),
			pick("links", "null", "{}", `{"al":"7","mu":"ttaew4a"}`, `{"mal":"1","raw":"https://x.test/?a=b,c","kt":"9"}`), q("extra"))
	})
}

func drawn(t *rapid.T, label string) tracker.Entry {
	rows, err := read("[" + given(strconv.Quote(one)).Draw(t, label) + "]")
	if err != nil || len(rows) != 1 || rows[0].Fault != "" {
		t.Fatalf("read %v, error %v", rows, err)
	}
	return rows[0].Entry
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var entries []tracker.Entry
		for range rapid.IntRange(1, 4).Draw(t, "entries") {
			entries = append(entries, drawn(t, "entry"))
		}
		for _, form := range (mangadex.Format{}).Forms() {
			document := written(t, form, entries)
			rows, err := read(document)
			if err != nil || len(rows) != len(entries) {
				t.Fatalf("%s: %d rows of %d, error %v, of:\n%s", form.Name, len(rows), len(entries), err, document)
			}
			for i, row := range rows {
				want, got := entries[i], row.Entry
				if form.Name == "csv" {
					want.Native, got.Native = nil, nil
				}
				if diff := cmp.Diff(want, got); diff != "" || row.Fault != "" {
					t.Fatalf("%s, fault %q (-written +read):\n%s\n%s", form.Name, row.Fault, diff, document)
				}
			}
		}
	})
}

func TestAMergeLosesNothingAndMergingAgainChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, now := drawn(t, "old"), drawn(t, "now")
		f := mangadex.Format{}
		merged := tracker.Merge(f, old, now)
		if again := tracker.Merge(f, merged, now); !again.Equal(merged) {
			t.Fatalf("merging again changed (-once +twice):\n%s", cmp.Diff(merged, again))
		}
		if same := tracker.Merge(f, old, old); !same.Equal(old) {
			t.Fatalf("merging an entry with itself changed (-before +after):\n%s", cmp.Diff(old, same))
		}
		if merged.Seen.Union(old.Seen).Union(now.Seen) != merged.Seen || merged.Progress < old.Progress && !now.Repeating {
			t.Fatalf("chapters were lost: %+v and %+v became %+v", old.Facts, now.Facts, merged.Facts)
		}
		rows, err := read(written(t, f.Forms()[0], []tracker.Entry{merged}))
		if err != nil || cmp.Diff(merged.Facts, rows[0].Entry.Facts) != "" {
			t.Fatalf("the native values say something else than the facts (-facts +native):\n%s", cmp.Diff(merged.Facts, rows[0].Entry.Facts))
		}
	})
}

func TestAnUnchangedTrackerSendsNativeValuesBackAsTheyCame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawn(t, "entry")
		v := tracker.VisibleOf(e.Facts)
		tr := &tracker.Tracker{State: v.State, Start: v.Start, End: v.End, FirstDone: v.Done}
		if got := tracker.Current(mangadex.Format{}, e, tr); !got.Equal(e) {
			t.Fatalf("(-came +goes):\n%s", cmp.Diff(e, got))
		}
	})
}

func TestChaptersThatWereReadSinceAreAdded(t *testing.T) {
	e := good(t, "["+entry(`"chapters":["3",{"id":"`+two+`","chapter":"4"},"10.5"],"status":"on_hold"`)+"]")[0].Entry
	got := tracker.Current(mangadex.Format{}, e, &tracker.Tracker{State: tracker.InProgress, FirstDone: 5})
	chapters, _ := got.Get("chapters")
	status, _ := got.Get("status")
	if chapters != `["3",{"id":"`+two+`","chapter":"4"},"10.5","1","2","5"]` || status != `"reading"` || got.Seen != "1-5" {
		t.Errorf("chapters are %s, status %s, seen %s", chapters, status, got.Seen)
	}
}

func TestATrackerWithoutAnEntryIsWrittenAsANewOne(t *testing.T) {
	for _, facts := range []tracker.Facts{
		{Status: tracker.Watching, Progress: 4, Title: `A "title"`, Score: 70}, {Status: tracker.Dropped, Progress: 3, Seen: "2-4"}, {Status: tracker.PlannedTo},
	} {
		e := mangadex.Format{}.Blank(tracker.Manga, one, facts)
		rows := good(t, written(t, (mangadex.Format{}).Forms()[0], []tracker.Entry{e}))
		if diff := cmp.Diff(e, rows[0].Entry); diff != "" || rows[0].Key.NativeID != one || rows[0].Entry.Facts != facts {
			t.Errorf("(-written +read):\n%s", diff)
		}
	}
}
