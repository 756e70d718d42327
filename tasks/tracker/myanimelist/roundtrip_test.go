package myanimelist_test

import (
	"bytes"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"asapi/tasks/tracker"
	"asapi/tasks/tracker/myanimelist"
)

// text makes what people write, and what breaks writers of XML.
func text() *rapid.Generator[string] {
	piece := rapid.OneOf(rapid.SampledFrom([]string{"]]>", "<![CDATA[", "&amp;", "&", "<b>", "\r\n", "\r", "\n", "\t", " ", "三", "\U0001F600", "--", "\"", "]]"}), rapid.StringMatching(`[a-zA-Z0-9 .,]{0,8}`))
	return rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), "") })
}

func date() *rapid.Generator[string] {
	return rapid.OneOf(rapid.Just("0000-00-00"), rapid.StringMatching(`20[0-2][0-9]-00-00`), rapid.StringMatching(`20[0-2][0-9]-0[1-9]-00`), rapid.StringMatching(`20[0-2][0-9]-1[0-2]-[01][1-9]`))
}

// given makes one entry of a list as the site writes it.
func given(kind tracker.Kind) *rapid.Generator[tracker.Entry] {
	number := rapid.Custom(func(t *rapid.T) string { return fmt.Sprint(rapid.Int64Range(0, 3000).Draw(t, "n")) })
	return rapid.Custom(func(t *rapid.T) tracker.Entry {
		draw := func(g *rapid.Generator[string], label string) string { return g.Draw(t, label) }
		e := myanimelist.Format{}.Blank(kind, fmt.Sprint(rapid.Int64Range(1, 1<<40).Draw(t, "id")), tracker.Facts{Status: tracker.Watching})
		set := func(name, value string) { e = e.With(name, value) }
		set("my_comments", draw(text(), "comments"))
		set("my_tags", draw(text(), "tags"))
		set("my_start_date", draw(date(), "start"))
		set("my_finish_date", draw(date(), "finish"))
		set("my_score", fmt.Sprint(rapid.IntRange(0, 10).Draw(t, "score")))
		set("my_unknown", draw(text(), "unknown"))
		if kind == tracker.Anime {
			set("series_title", draw(text(), "title"))
			set("my_watched_episodes", draw(number, "watched"))
			set("series_episodes", draw(number, "episodes"))
			set("my_rewatching", rapid.SampledFrom([]string{"", "0", "1"}).Draw(t, "rewatching"))
			set("my_status", rapid.SampledFrom([]string{"Watching", "Completed", "On-Hold", "Dropped", "Plan to Watch", "1", "2", "3", "4", "6"}).Draw(t, "status"))
		} else {
			set("manga_title", draw(text(), "title"))
			set("my_read_chapters", draw(number, "read"))
			set("manga_volumes", rapid.SampledFrom([]string{"N/A", "0", "11"}).Draw(t, "volumes"))
			set("my_rereading", rapid.SampledFrom([]string{"", "YES", "NO"}).Draw(t, "rereading"))
			set("my_status", rapid.SampledFrom([]string{"Reading", "Completed", "On-Hold", "Dropped", "Plan to Read"}).Draw(t, "status"))
		}
		return e
	})
}

func kinds() *rapid.Generator[tracker.Kind] {
	return rapid.SampledFrom([]tracker.Kind{tracker.Anime, tracker.Manga})
}

func written(t interface{ Fatal(...any) }, kind tracker.Kind, entries []tracker.Entry) string {
	var out bytes.Buffer
	seq := iter.Seq2[tracker.Entry, error](func(yield func(tracker.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	})
	if err := (myanimelist.Format{}).Forms()[0].Write(&out, tracker.List{Kind: kind, User: "al<i>ce"}, seq); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// values maps an entry's elements to their texts, without update_on_import.
func values(e tracker.Entry) map[string]string {
	m := map[string]string{}
	for _, f := range e.Native {
		if f[0] != "update_on_import" {
			m[f[0]] = f[1]
		}
	}
	return m
}

func TestWhatIsWrittenIsReadBackElementByElement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := kinds().Draw(t, "kind")
		entries := rapid.SliceOfN(given(kind), 1, 5).Draw(t, "entries")
		document := written(t, kind, entries)
		rows, err := read(document)
		if err != nil || len(rows) != len(entries) {
			t.Fatalf("read %d rows of %d, error %v, of:\n%s", len(rows), len(entries), err, document)
		}
		for i, row := range rows {
			if row.Fault != "" {
				t.Fatalf("entry %d has the fault %q", i, row.Fault)
			}
			if diff := cmp.Diff(values(entries[i]), values(row.Entry)); diff != "" {
				t.Fatalf("entry %d (-written +read):\n%s", i, diff)
			}
		}
	})
}

// entryAgain reads an entry with its facts.
func entryAgain(t *rapid.T, kind tracker.Kind, e tracker.Entry) tracker.Entry {
	rows, err := read(written(t, kind, []tracker.Entry{e}))
	if err != nil || len(rows) != 1 || rows[0].Fault != "" {
		t.Fatalf("read %v, error %v", rows, err)
	}
	return rows[0].Entry
}

func TestAMergeLosesNothingAndMergingAgainChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := kinds().Draw(t, "kind")
		old := entryAgain(t, kind, given(kind).Draw(t, "old"))
		now := entryAgain(t, kind, given(kind).Draw(t, "given"))
		f := myanimelist.Format{}
		merged := tracker.Merge(f, old, now)
		if again := tracker.Merge(f, merged, now); !again.Equal(merged) {
			t.Fatalf("merging again changed (-once +twice):\n%s", cmp.Diff(merged, again))
		}
		if same := tracker.Merge(f, old, old); !same.Equal(old) {
			t.Fatalf("merging an entry with itself changed (-before +after):\n%s", cmp.Diff(old, same))
		}
		if merged.Repeats < old.Repeats || (merged.Repeats == old.Repeats && merged.Repeating == old.Repeating && merged.Progress < old.Progress) {
			t.Fatalf("progress fell from %+v to %+v", old.Facts, merged.Facts)
		}
		if merged.Score == 0 && old.Score > 0 || merged.Start.IsZero() && !old.Start.IsZero() || merged.Finish.IsZero() && !old.Finish.IsZero() {
			t.Fatalf("something was cleared: %+v became %+v", old.Facts, merged.Facts)
		}
		if old.Status == tracker.Done && merged.Status != tracker.Done {
			t.Fatalf("completed was taken back: %+v", merged.Facts)
		}
		if read := entryAgain(t, kind, merged); read.Facts != merged.Facts {
			t.Fatalf("the native values say something else than the facts (-facts +native):\n%s", cmp.Diff(merged.Facts, read.Facts))
		}
	})
}

func TestAnUnchangedTrackerSendsNativeValuesBackAsTheyCame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := kinds().Draw(t, "kind")
		e := entryAgain(t, kind, given(kind).Draw(t, "entry"))
		v := tracker.VisibleOf(e.Facts)
		tr := &tracker.Tracker{State: v.State, Start: v.Start, End: v.End, FirstDone: v.Done}
		if !v.End.IsZero() && v.End.Before(v.Start) {
			t.Fatalf("the tracker would end before it starts: %+v", v)
		}
		if got := tracker.Current(myanimelist.Format{}, e, tr); !got.Equal(e) {
			t.Fatalf("values changed (-came +go):\n%s", cmp.Diff(e, got))
		}
	})
}

func TestAChangedTrackerIsWrittenAsItIsNow(t *testing.T) {
	f := myanimelist.Format{}
	rows, err := read(list(entry("<my_status>Dropped</my_status><my_watched_episodes>3</my_watched_episodes><series_episodes>12</series_episodes><my_start_date>2024-00-00</my_start_date><my_finish_date>0000-00-00</my_finish_date>")))
	if err != nil {
		t.Fatal(err)
	}
	e := rows[0].Entry
	tests := []struct {
		name    string
		tracker tracker.Tracker
		want    map[string]string
	}{
		{"resumed", tracker.Tracker{State: tracker.InProgress, Start: e.Start.Earliest(), FirstDone: 3, Beyond: 2}, map[string]string{"my_status": "Watching", "my_watched_episodes": "5", "my_start_date": "2024-00-00", "my_finish_date": "0000-00-00"}},
		{
			"completed",
			tracker.Tracker{State: tracker.Completed, Start: e.Start.Earliest(), End: time.Date(2024, 7, 9, 20, 0, 0, 0, time.UTC), FirstDone: 3, Beyond: 9},
			map[string]string{"my_status": "Completed", "my_watched_episodes": "12", "my_start_date": "2024-00-00", "my_finish_date": "2024-07-09"},
		},
		{"as it was", tracker.Tracker{State: tracker.OnHold, Start: e.Start.Earliest(), FirstDone: 3}, map[string]string{"my_status": "Dropped", "my_watched_episodes": "3"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := values(tracker.Current(f, e, &tt.tracker))
			for name, want := range tt.want {
				if got[name] != want {
					t.Errorf("%s is %q, want %q", name, got[name], want)
				}
			}
		})
	}
}
