package anidb_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anidb"
)

func written(t *rapid.T, name string, entries []tracker.Entry) string {
	forms := (anidb.Format{}).Forms()
	form := forms[slices.IndexFunc(forms, func(f tracker.Form) bool { return f.Name == name })]
	var out bytes.Buffer
	seq := iter.Seq2[tracker.Entry, error](func(yield func(tracker.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	})
	if err := form.Write(&out, tracker.List{Kind: tracker.Anime, User: `al<i>"ce`}, seq); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(form.Extension, "tgz") {
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

func text() *rapid.Generator[string] {
	piece := rapid.OneOf(rapid.SampledFrom([]string{`"`, "<b>", "&", "]]>", "三", "\U0001F600", "/", `\`}), rapid.StringMatching(`[a-zA-Z0-9.,]{1,8}`))
	return rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 1, 6).Draw(t, "pieces"), "") })
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", ">", "&gt;")

// given makes one anime as the template xml-plain-cs tells it.
func given(id int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		total := rapid.IntRange(0, 12).Draw(t, "total")
		var b strings.Builder
		fmt.Fprintf(&b, `<Anime Id="%d" Eps="%d" EpsSpecial="1" Name="%s" TypeName="TV Series" YearStart="2001" YearEnd="%s" IsComplete="1" MyVote="%s" MyTmpVote="NaN"`, id, total,
			escape.Replace(text().Draw(t, "title")), rapid.SampledFrom([]string{"", "2001", "2003"}).Draw(t, "until"), rapid.SampledFrom([]string{"NaN", "7", "8.5", "10"}).Draw(t, "vote"))
		if rapid.Bool().Draw(t, "all") {
			b.WriteString(` IsWatched="1"`)
		}
		b.WriteString(">")
		for n := range rapid.IntRange(0, total+1).Draw(t, "listed") {
			no := rapid.SampledFrom([]string{"%d", "%d", "S%d", "C%d"}).Draw(t, "sort")
			watched := rapid.IntRange(0, 1).Draw(t, "watched")
			fmt.Fprintf(&b, `<Ep Id="%d" EpNo="%s" Name="%s" StateIsWatched="%d">`, 1000*id+n, fmt.Sprintf(no, n+1), escape.Replace(text().Draw(t, "name")), watched)
			if viewed := rapid.IntRange(1, 28).Draw(t, "viewed"); watched == 1 && viewed > 9 {
				fmt.Fprintf(&b, `<File Id="%d" LId="%d" MyState="2" IsWathed="1" ViewDate="2006-08-%02dT22:10:00Z" Storage="%s" />`, n+1, n+1, viewed, escape.Replace(text().Draw(t, "storage")))
			}
			b.WriteString("</Ep>")
		}
		b.WriteString("</Anime>")
		return b.String()
	})
}

func drawn(t *rapid.T) []tracker.Entry {
	var b strings.Builder
	b.WriteString("<MyList>")
	count := rapid.IntRange(1, 4).Draw(t, "count")
	for i := range count {
		b.WriteString(given(i+1).Draw(t, "anime"))
	}
	b.WriteString("</MyList>")
	return entriesIn(t, b.String(), count)
}

func entriesIn(t *rapid.T, document string, count int) []tracker.Entry {
	rows, err := read(document)
	if err != nil || len(rows) != count {
		t.Fatalf("%d rows, error %v, of:\n%s", len(rows), err, document)
	}
	byID := make([]tracker.Entry, count)
	for _, r := range rows {
		var id int
		if _, err := fmt.Sscan(r.Key.NativeID, &id); err != nil || r.Fault != "" {
			t.Fatalf("the fault %q of %v", r.Fault, r.Key)
		}
		byID[id-1] = r.Entry
	}
	return byID
}

func TestWhatIsWrittenIsReadBackEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := drawn(t)
		document := written(t, "xml-plain-cs", entries)
		back := entriesIn(t, document, len(entries))
		if again := written(t, "xml-plain-cs", back); again != document {
			t.Fatalf("written again it is another:\n%s\n%s", document, again)
		}
		for i := range entries {
			if diff := cmp.Diff(entries[i].Facts, back[i].Facts); diff != "" {
				t.Fatalf("(-written +read):\n%s\n%s", diff, document)
			}
		}
	})
}

func TestOtherFormsCarryWhatTheyCan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := drawn(t)
		for _, form := range []string{"json-adborg", "csv-adborg"} {
			document := written(t, form, entries)
			for i, e := range entriesIn(t, document, len(entries)) {
				want := entries[i].Facts
				if form == "csv-adborg" { // it has no votes, no dates, and | in no text
					want.Score, want.Start, want.Finish = 0, tracker.Date{}, tracker.Date{}
					if want.Status == tracker.Done && want.Total == 0 {
						want.Status = e.Status // only of a known count it tells that all was watched
					}
				}
				if diff := cmp.Diff(want, e.Facts); diff != "" {
					t.Fatalf("%s (-written +read):\n%s\n%s", form, diff, document)
				}
			}
		}
	})
}

func TestAMergeLosesNothingAndMergingAgainChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anidb.Format{}
		old, now := drawn(t)[0], drawn(t)[0]
		merged := tracker.Merge(f, old, now)
		if again := tracker.Merge(f, merged, now); !again.Equal(merged) {
			t.Fatalf("merging again changed (-once +twice):\n%s", cmp.Diff(merged, again))
		}
		if same := tracker.Merge(f, old, old); !same.Equal(old) {
			t.Fatalf("merging an entry with itself changed (-before +after):\n%s", cmp.Diff(old, same))
		}
		back := entriesIn(t, written(t, "xml-plain-cs", []tracker.Entry{merged}), 1)[0]
		if missing := merged.Seen.Without(back.Seen); missing != "" {
			t.Fatalf("the episodes %s were lost", missing)
		}
	})
}

func TestWhatWasDoneElsewhereIsWrittenAsWatchedEpisodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anidb.Format{}
		facts := tracker.Facts{Title: "New", Status: tracker.Watching, Total: rapid.Int64Range(5, 30).Draw(t, "total"), Score: 70}
		facts.Progress = rapid.Int64Range(1, facts.Total-1).Draw(t, "progress")
		if rapid.Bool().Draw(t, "done") {
			facts.Status, facts.Progress = tracker.Done, facts.Total
		}
		e := f.Blank(tracker.Anime, "1", facts)
		want := facts
		want.Seen = tracker.UpTo(facts.Progress)
		for _, form := range []string{"xml-plain-cs", "json-adborg", "csv-adborg"} {
			if form == "csv-adborg" {
				want.Score = 0
			}
			if diff := cmp.Diff(want, entriesIn(t, written(t, form, []tracker.Entry{e}), 1)[0].Facts); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", form, diff)
			}
		}
	})
}

func TestAnUnchangedTrackerSendsNativeValuesBackAsTheyCame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawn(t)[0]
		v := tracker.VisibleOf(e.Facts)
		tr := &tracker.Tracker{State: v.State, Start: v.Start, End: v.End, FirstDone: v.Done, Singles: v.Singles}
		if got := tracker.Current(anidb.Format{}, e, tr); !got.Equal(e) {
			t.Fatalf("(-kept +written):\n%s", cmp.Diff(e, got))
		}
	})
}
