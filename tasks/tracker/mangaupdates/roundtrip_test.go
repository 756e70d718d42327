package mangaupdates_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/mangaupdates"
)

// written writes a list in a form, and unpacks it as the import does.
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
	if form.Name != "archive" {
		return out.String()
	}
	zr, err := gzip.NewReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(zr)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

// checkRow writes a good row in all forms and reads it back.
func checkRow(t *testing.T, row tracker.Row) {
	t.Helper()
	if _, ok := tracker.ParseResource(row.Key.Resource()); !ok {
		t.Fatalf("the key %v gives no resource", row.Key)
	}
	for _, form := range (mangaupdates.Format{}).Forms() {
		again, err := read("list", written(t, form, []tracker.Entry{row.Entry}))
		if err != nil || len(again) != 1 || again[0].Fault != "" || again[0].Key != row.Key || again[0].Entry.Facts != row.Entry.Facts {
			t.Fatalf("%v was written as %s and came back as %v, error %v", row, form.Name, again, err)
		}
	}
}

// text makes what titles hold, and what breaks readers of tables.
func text() *rapid.Generator[string] {
	piece := rapid.OneOf(rapid.SampledFrom([]string{`"`, `""`, `\`, ",", ";", "<b>", "&", "三", "\U0001F600", "N/A", " ", "'"}), rapid.StringMatching(`[a-zA-Z0-9 .]{0,8}`))
	return rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), "") })
}

// lines makes one list file with some rows, and the entries that it has.
func drawn(t *rapid.T, least int) []tracker.Entry {
	var all []tracker.Entry
	for _, list := range []string{"read", "wish", "complete", "unfinished", "hold"} {
		n := rapid.IntRange(least, 2).Draw(t, "rows of "+list)
		document := head
		withID := rapid.Bool().Draw(t, "ids")
		if withID {
			document = strings.TrimSpace(head) + "\tId\tMine\n"
		}
		for i := range n {
			cell := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
			document += fmt.Sprintf("%s %s %d\t%s\t%s\t%s\t%s", list, text().Draw(t, "title"), i, cell("volume", "", "0", "7"), cell("chapter", "", "0", "12", "12.5", "c.3"),
				text().Draw(t, "date"), cell("rating", "N/A", "", "7", "7.5", "10", "0.1"))
			if withID {
				document += "\t" + cell("id", "", "64897697818", "ttaew4a") + "\t" + text().Draw(t, "mine")
			}
			document += "\n"
		}
		rows, err := read(list+"_1.txt", document)
		if err != nil || len(rows) != n {
			t.Fatalf("%d rows, want %d, error %v, of:\n%s", len(rows), n, err, document)
		}
		for _, row := range rows {
			if row.Fault != "" {
				t.Fatalf("the fault %q, of:\n%s", row.Fault, document)
			}
			all = append(all, row.Entry)
		}
	}
	return all
}

func TestWhatIsWrittenIsReadBackEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := append(drawn(t, 1), drawn(t, 0)...)
		for _, form := range (mangaupdates.Format{}).Forms() {
			document := written(t, form, entries)
			rows, err := read("list", document)
			if err != nil {
				t.Fatalf("%s: error %v, of:\n%s", form.Name, err, document)
			}
			got := make([]tracker.Entry, len(rows))
			for i, row := range rows {
				got[i] = row.Entry
			}
			want := entries
			if form.Name == "archive" {
				want = byList(entries)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s (-written +read):\n%s\n%s", form.Name, diff, document)
			}
		}
	})
}

// byList sorts entries as an archive has them.
func byList(entries []tracker.Entry) []tracker.Entry {
	var sorted []tracker.Entry
	for _, list := range []string{"read", "wish", "complete", "unfinished", "hold"} {
		for _, e := range entries {
			if said, _ := e.Get("List"); said == list {
				sorted = append(sorted, e)
			}
		}
	}
	return sorted
}

func TestAMergeLosesNothingAndMergingAgainChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, now := drawn(t, 1)[rapid.IntRange(0, 4).Draw(t, "old")], drawn(t, 1)[rapid.IntRange(0, 4).Draw(t, "now")]
		f := mangaupdates.Format{}
		merged := tracker.Merge(f, old, now)
		if again := tracker.Merge(f, merged, now); !again.Equal(merged) {
			t.Fatalf("merging again changed (-once +twice):\n%s", cmp.Diff(merged, again))
		}
		if same := tracker.Merge(f, old, old); !same.Equal(old) {
			t.Fatalf("merging an entry with itself changed (-before +after):\n%s", cmp.Diff(old, same))
		}
		rows, err := read("list", written(t, f.Forms()[0], []tracker.Entry{merged}))
		if err != nil || cmp.Diff(merged.Facts, rows[0].Entry.Facts) != "" {
			t.Fatalf("the native values say something else than the facts: %v, error %v", rows, err)
		}
	})
}

func TestAnUnchangedTrackerSendsNativeValuesBackAsTheyCame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, e := range drawn(t, 1) {
			v := tracker.VisibleOf(e.Facts)
			tr := &tracker.Tracker{State: v.State, Start: v.Start, End: v.End, FirstDone: v.Done}
			if got := tracker.Current(mangaupdates.Format{}, e, tr); !got.Equal(e) {
				t.Fatalf("(-came +goes):\n%s", cmp.Diff(e, got))
			}
		}
	})
}

func TestAChangedTrackerChangesOnlyWhatDiffers(t *testing.T) {
	e := good(t, "unfinished.txt", head+"x\t\t3.5\t2024\tN/A\n")[0].Entry
	got := tracker.Current(mangaupdates.Format{}, e, &tracker.Tracker{State: tracker.InProgress, FirstDone: 5})
	want := []tracker.Field{{"Series", "x"}, {"Volume", ""}, {"Chapter", "5"}, {"Date Changed", "2024"}, {"Rating", "N/A"}, {"List", "read"}}
	if diff := cmp.Diff(want, got.Native); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestATrackerWithoutAnEntryIsWrittenAsANewOne(t *testing.T) {
	facts := tracker.Facts{Status: tracker.Done, Progress: 4, Title: "A title", Score: 75}
	e := mangaupdates.Format{}.Blank(tracker.Manga, "64897697818", facts)
	rows := good(t, "list", written(t, (mangaupdates.Format{}).Forms()[0], []tracker.Entry{e}))
	if diff := cmp.Diff(e, rows[0].Entry); diff != "" || rows[0].Entry.Facts != facts || rows[0].Key.NativeID != "64897697818" {
		t.Errorf("%v (-written +read):\n%s", rows[0].Key, diff)
	}
}
