package vndb_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/vndb"
)

// text makes what people write, and what breaks writers of XML.
func text() *rapid.Generator[string] {
	piece := rapid.OneOf(rapid.SampledFrom([]string{"]]>", "<![CDATA[", "&amp;", "&", "<b>", "\r\n", "\r", "\n", "\t", " ", "三", "\U0001F600", "\"", "'"}), rapid.StringMatching(`[a-zA-Z0-9 .,]{0,8}`))
	return rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), "") })
}

// facts makes what an entry may say.
func facts() *rapid.Generator[tracker.Facts] {
	date := rapid.Custom(func(t *rapid.T) tracker.Date {
		d := tracker.Date{Year: rapid.SampledFrom([]int{0, 1999, 2024}).Draw(t, "year")}
		if d.Year > 0 {
			d.Month = rapid.IntRange(0, 12).Draw(t, "month")
		}
		if d.Month > 0 {
			d.Day = rapid.IntRange(0, 28).Draw(t, "day")
		}
		return d
	})
	return rapid.Custom(func(t *rapid.T) tracker.Facts {
		f := tracker.Facts{
			Title: strings.TrimSpace(text().Draw(t, "title")), Notes: text().Draw(t, "notes"), Private: rapid.Bool().Draw(t, "private"),
			Status: rapid.SampledFrom([]tracker.Status{tracker.Watching, tracker.Done, tracker.Paused, tracker.Dropped, tracker.PlannedTo}).Draw(t, "status"),
			Start:  date.Draw(t, "start"), Finish: date.Draw(t, "finish"),
		}
		if rapid.Bool().Draw(t, "voted") {
			f.Score = rapid.Int64Range(10, 100).Draw(t, "score")
		}
		return f
	})
}

// given makes one entry of a list.
func given() *rapid.Generator[tracker.Entry] {
	return rapid.Custom(func(t *rapid.T) tracker.Entry {
		e := vndb.Format{}.Blank(tracker.VisualNovel, fmt.Sprint("v", rapid.Int64Range(1, 1<<40).Draw(t, "id")), facts().Draw(t, "facts"))
		if rapid.Bool().Draw(t, "labelled") {
			labels, _ := e.Get("labels")
			e = e.With("labels", labels+"\n7 public Voted\n12 private Mine & yours")
		}
		if rapid.Bool().Draw(t, "with a release") {
			e = e.With("other", "<release id=\"r1\"><title>A &amp; B</title>\n</release>\n")
		}
		return e
	})
}

func written(t interface{ Fatal(...any) }, entries []tracker.Entry) string {
	var out bytes.Buffer
	seq := func(yield func(tracker.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
	if err := (vndb.Format{}).Forms()[0].Write(&out, tracker.List{Kind: tracker.VisualNovel, User: "al<i>ce"}, seq); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func again(t interface {
	Fatal(...any)
	Fatalf(string, ...any)
}, entries ...tracker.Entry,
) []tracker.Entry {
	document := written(t, entries)
	rows, err := read(document)
	if err != nil || len(rows) != len(entries) {
		t.Fatalf("read %d rows of %d, error %v, of:\n%s", len(rows), len(entries), err, document)
	}
	back := make([]tracker.Entry, len(rows))
	for i, row := range rows {
		if row.Fault != "" {
			t.Fatalf("entry %d has the fault %q in:\n%s", i, row.Fault, document)
		}
		back[i] = row.Entry
	}
	return back
}

func TestWhatIsWrittenIsReadBackEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(given(), 1, 5).Draw(t, "entries")
		back := again(t, entries...)
		for i := range back {
			sorted := func(e tracker.Entry) tracker.Entry {
				e.Native = slices.Clone(e.Native)
				slices.SortFunc(e.Native, func(a, b tracker.Field) int { return strings.Compare(a[0], b[0]) })
				return e
			}
			if diff := cmp.Diff(sorted(entries[i]), sorted(back[i])); diff != "" {
				t.Fatalf("entry %d (-written +read):\n%s", i, diff)
			}
		}
		if diff := cmp.Diff(back, again(t, back...)); diff != "" {
			t.Fatalf("read and written again (-once +twice):\n%s", diff)
		}
	})
}

func TestAMergeLosesNothingAndMergingAgainChangesNothing(t *testing.T) {
	f := vndb.Format{}
	rapid.Check(t, func(t *rapid.T) {
		both := again(t, given().Draw(t, "old"), given().Draw(t, "given"))
		old, now := both[0], both[1]
		merged := tracker.Merge(f, old, now)
		if twice := tracker.Merge(f, merged, now); !twice.Equal(merged) {
			t.Fatalf("merging again changed (-once +twice):\n%s", cmp.Diff(merged, twice))
		}
		if same := tracker.Merge(f, old, old); !same.Equal(old) {
			t.Fatalf("merging an entry with itself changed (-before +after):\n%s", cmp.Diff(old, same))
		}
		if merged.Score == 0 && old.Score > 0 || merged.Start.IsZero() && !old.Start.IsZero() || old.Status == tracker.Done && merged.Status != tracker.Done {
			t.Fatalf("something was taken back: %+v became %+v", old.Facts, merged.Facts)
		}
		if back := again(t, merged)[0]; back.Facts != merged.Facts {
			t.Fatalf("the native values say something else than the facts (-facts +native):\n%s", cmp.Diff(merged.Facts, back.Facts))
		}
		over := tracker.Overwrite(f, old, now)
		if over.Facts != now.Facts && now.Title != "" {
			t.Fatalf("what the list says does not stand (-said +kept):\n%s", cmp.Diff(now.Facts, over.Facts))
		}
	})
}

func TestAVoteOfTheDumpCanBeExportedAndMerged(t *testing.T) {
	f := vndb.Format{}
	rows, err := read("17 2 85 2024-05-17\n")
	if err != nil {
		t.Fatal(err)
	}
	fresh := again(t, f.Conform(rows[0].Entry))[0]
	if fresh.Status != tracker.Done || fresh.Score != 85 {
		t.Errorf("a new one came back as %+v", fresh.Facts)
	}
	old := again(t, f.Blank(tracker.VisualNovel, "v17", tracker.Facts{Title: "Made", Status: tracker.Done, Notes: "mine", Start: tracker.Date{Year: 2020}}))[0]
	merged := again(t, tracker.Merge(f, old, rows[0].Entry))[0]
	if merged.Title != "Made" || merged.Notes != "mine" || merged.Score != 85 || merged.Start.Year != 2020 {
		t.Errorf("merged into an entry: %+v", merged.Facts)
	}
}

func TestWhatIsNoXMLDoesNotBreakAnExport(t *testing.T) {
	e := vndb.Format{}.Blank(tracker.VisualNovel, "v1", tracker.Facts{Status: tracker.Done})
	for _, other := range []string{"</vn>", "<a", "</x><vn id=\"v2\"/>", "<a:b/>", "text", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", strings.Repeat("<a>", 50)} {
		back := again(t, e.With("other", other).With("title@on\"x", "y"))[0]
		if got, found := back.Get("other"); found {
			t.Errorf("%q was written as %q", other, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		list(vn("v17", isFinished+"<vote timestamp='x'>8.5</vote><notes>a\r\nb</notes><release id='r1'><a/></release><notes/>")), "<vndb-export>", "", "17 2 85 2024-05-17\n", "\xef\xbb\xbf17 2 85\r\n",
		"<!DOCTYPE x [<!ENTITY a \"b\">]><vndb-export/>", "<vndb-export><vns><vn id='v1'><a\x00/></vn></vns></vndb-export>", list(vn("v1", "<label id='02'/><title></title><title>a</title><x:y z:a='b'/>")),
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
				if row.Fault == "" && (strings.ContainsRune(field[1], 0) || !utf8.ValidString(field[1])) {
					t.Fatalf("what no database stores came through: %q", field)
				}
			}
			if strings.ContainsRune(row.Fault, 0) {
				t.Fatalf("the fault is %q", row.Fault)
			}
			if row.Fault != "" {
				continue
			}
			if _, ok := tracker.ParseResource(row.Key.Resource()); !ok {
				t.Fatalf("the key %v gives no resource", row.Key)
			}
			back := again(t, vndb.Format{}.Conform(row.Entry))[0]
			if back.Facts != row.Entry.Facts {
				t.Fatalf("facts (-read +again):\n%s", cmp.Diff(row.Entry.Facts, back.Facts))
			}
			if diff := cmp.Diff(back, again(t, back)[0]); diff != "" {
				t.Fatalf("read and written again (-once +twice):\n%s", diff)
			}
		}
	})
}
