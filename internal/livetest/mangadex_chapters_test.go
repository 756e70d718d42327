package livetest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/internal/testprovider"
	fake "asapi/internal/testprovider/mangadex"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/mangadex"
)

// says has a list file say what was read of a title.
func (d *dexStage) says(title int, status string, rating, chapters int) {
	d.t.Helper()
	var numbers []string
	for n := range chapters {
		numbers = append(numbers, fmt.Sprintf(`"%d"`, n+1))
	}
	d.do("alice", "import-trackers", withFile(args("provider", "mangadex"), fmt.Sprintf(
		`[{"id":%q,"title":"Made Up %d","status":%q,"rating":%d,"chapters":[%s]}]`, dexID(title), title, status, rating, strings.Join(numbers, ","))))
}

func (d *dexStage) exported() report {
	d.t.Helper()
	return d.do("alice", "export-to-provider", args("provider", "mangadex"))
}

func TestChaptersThatWereReadElsewhereAreMarkedInTheLanguageOfTheReader(t *testing.T) {
	t.Parallel()
	d := newMangaDex(newBench(t))
	d.site.Put(d.alice, dexID(8), fake.Title{Name: "Made Up 8", Chapters: slices.Concat(dexChapters(8, 4, "en", "fr"), dexChapters(8, 6, "de")[4:])},
		&fake.Entry{Status: "reading", Read: dexRead(8, "fr", 1, 2)})
	d.do("alice", "import-from-provider", args("provider", "mangadex"))
	d.says(8, "reading", 0, 6) // two of them are in one language only
	d.says(5, "reading", 0, 2)
	r := d.exported()
	if r.counts() != "0 created, 2 updated, 5 unchanged, 0 skipped, 0 failed" {
		t.Fatalf("exported: %s\n%s", r.counts(), r.raw)
	}
	list := d.site.List(d.alice)
	if diff := cmp.Diff(slices.Sorted(slices.Values(slices.Concat(dexRead(8, "fr", 1, 2, 3, 4), dexRead(8, "de", 5, 6)))), list[dexID(8)].Read); diff != "" {
		t.Errorf("marked (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(fake.Entry{Status: "reading", Read: dexRead(5, "en", 1, 2)}, list[dexID(5)]); diff != "" {
		t.Errorf("marked (-want +got):\n%s", diff)
	}
	if again := d.do("alice", "import-from-provider", args("provider", "mangadex")); again.Unchanged != 7 {
		t.Errorf("imported again: %s\n%s", again.counts(), again.raw)
	}
}

func TestChaptersThatMangaDexDoesNotHaveAreToldAndNotForgotten(t *testing.T) {
	t.Parallel()
	d := newMangaDex(newBench(t))
	d.do("alice", "import-from-provider", args("provider", "mangadex"))
	d.says(1, "reading", 0, 7)
	d.says(4, "on_hold", 0, 3)
	d.site.Put(d.alice, dexID(9), fake.Title{Name: "Made Up 9"}, nil)
	d.says(9, "completed", 7, 2)
	r := d.exported()
	if r.counts() != "1 created, 1 updated, 5 unchanged, 0 skipped, 0 failed" || !strings.Contains(r.raw, "does not have the chapters 6-7,") || strings.Count(r.raw, "none of the chapters") != 2 {
		t.Fatalf("exported: %s\n%s", r.counts(), r.raw)
	}
	if diff := cmp.Diff(fake.Entry{Status: "completed", Rating: 7}, d.site.List(d.alice)[dexID(9)]); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	before := d.site.Writes()
	if again := d.exported(); again.Unchanged != 7 || again.Total != 7 || cmp.Diff(before, d.site.Writes()) != "" {
		t.Errorf("exported again: %s\n%s", again.counts(), again.raw)
	}
	d.do("alice", "import-from-provider", args("provider", "mangadex"))
	facts := d.bench.facts("alice", tracker.MangaDex, tracker.Manga)
	for title, want := range map[int]tracker.Numbers{1: "1-7", 4: "1-3", 9: "1-2"} {
		if got := facts[dexKey(title)].Seen; got != want {
			t.Errorf("of title %d the chapters %q are known, want %q", title, got, want)
		}
	}
}

// many is a title with so many chapters that they are marked in two requests, and read
// with three.
const (
	many   = 10
	manyOf = 260
)

func newMany(t *testing.T) *dexStage {
	d := newMangaDex(newBench(t))
	d.provider = tracker.MangaDex
	d.scene.site = &d.site.Gate
	d.site.Put(d.alice, dexID(many), fake.Title{Name: "Made Up 10", Chapters: dexChapters(many, manyOf, "en")}, nil)
	d.do("alice", "import-from-provider", args("provider", "mangadex"))
	d.says(many, "dropped", 3, manyOf)
	return d
}

func (d *dexStage) checkMany(r report, when string) {
	d.t.Helper()
	if r.counts() != "1 created, 0 updated, 6 unchanged, 0 skipped, 0 failed" {
		d.t.Fatalf("%s: exported: %s\n%s", when, r.counts(), r.raw)
	}
	e := d.site.List(d.alice)[dexID(many)]
	if e.Status != "dropped" || e.Rating != 3 || len(e.Read) != manyOf || d.site.Largest() > 250 {
		d.t.Fatalf("%s: the entry is %s, %d, with %d chapters; the largest change had %d", when, e.Status, e.Rating, len(e.Read), d.site.Largest())
	}
	if again := d.do("alice", "import-from-provider", args("provider", "mangadex")); again.Unchanged != 7 {
		d.t.Fatalf("%s: imported again: %s\n%s", when, again.counts(), again.raw)
	}
}

func TestAChangeOfManyRequestsToMangaDexMayBreakOffAtAny(t *testing.T) {
	t.Parallel()
	whole := newMany(t)
	var methods []string
	whole.site.SetPlan(func(_ int, r *http.Request) testprovider.Trouble {
		methods = append(methods, r.Method)
		return testprovider.None
	})
	r := whole.exported()
	whole.site.SetPlan(nil)
	whole.checkMany(r, "whole")
	for n := range methods {
		if methods[n] != http.MethodPost { // the suite has the others
			continue
		}
		for _, trouble := range []testprovider.Trouble{testprovider.Cut, testprovider.CutAfter} {
			d := newMany(t)
			d.checkMany(d.dying("export-to-provider", n+1, trouble), fmt.Sprintf("request %d, trouble %d", n+1, trouble))
			if got := d.site.Writes()[dexID(many)]; got != 4 {
				t.Errorf("request %d, trouble %d: %d changes, want each once", n+1, trouble, got)
			}
		}
	}
	for every := 2; every <= 3; every++ {
		d := newMany(t)
		d.site.SetPlan(limitedEvery(every))
		r := d.exported()
		d.site.SetPlan(nil)
		d.checkMany(r, fmt.Sprintf("limited every %d", every))
		if got := d.site.Writes()[dexID(many)]; got != 4 {
			t.Errorf("limited every %d: %d changes, want each once", every, got)
		}
		if fast, early := d.site.Violations(); fast != 0 || early != 0 {
			t.Errorf("limited every %d: %d requests came too fast and %d before the wait was over", every, fast, early)
		}
	}
}

func TestReadersOfManyChaptersGetSmallerPages(t *testing.T) {
	t.Parallel()
	d := newMangaDex(newBench(t))
	for title := 20; title < 23; title++ {
		all := dexChapters(title, 600, "en", "fr")
		var read []string
		for _, c := range all {
			read = append(read, c.ID)
		}
		d.site.Put(d.alice, dexID(title), fake.Title{Name: "Long", Chapters: all}, &fake.Entry{Status: "reading", Read: read})
	}
	d.site.SetPlan(limitedEvery(10))
	if r := d.do("alice", "import-from-provider", args("provider", "mangadex")); r.Created != 9 {
		t.Errorf("imported: %s", r.counts())
	}
	for title := 20; title < 23; title++ {
		if got := d.bench.facts("alice", tracker.MangaDex, tracker.Manga)[dexKey(title)]; got.Seen != "1-600" || got.Progress != 600 {
			t.Errorf("of title %d: %+v", title, got)
		}
	}
}

// list opens alice's list without a task.
func (d *dexStage) list() (tracker.Live, tracker.LiveList) {
	d.t.Helper()
	adapter, credentials := d.lives[0], dexCredentials(d.alice)
	l, err := adapter.Open(d.t.Context(), accessOf(tracker.MangaDex, credentials))
	d.must(err)
	return adapter, l
}

func TestAChapterThatIsTakenBackIsMarkedAsUnreadInAllTranslations(t *testing.T) {
	t.Parallel()
	d := newMangaDex(newBench(t))
	adapter, list := d.list()
	key := tracker.RecordKey{Provider: tracker.MangaDex, Kind: tracker.Manga, NativeID: dexID(1)}
	row, there, err := list.Find(t.Context(), key)
	if err != nil || !there {
		t.Fatalf("not found: %v", err)
	}
	want := row.Entry
	want.Seen, want.Progress = "2", 1
	want = mangadex.Format{}.Conform(want)
	change := adapter.Change(tracker.Manga, want, &row.Entry)
	got, err := list.Write(t.Context(), key, change, want)
	d.must(err)
	// What has no number stays; of chapter 1 both translations go.
	left := slices.Sorted(slices.Values(dexRead(1, "en", 2, 90, 91)))
	if diff := cmp.Diff(left, d.site.List(d.alice)[dexID(1)].Read); diff != "" || got.Seen != "2" {
		t.Errorf("what is read is %q; marked (-want +got):\n%s", got.Seen, diff)
	}
	if again := adapter.Change(tracker.Manga, want, &got); !again.Empty() {
		t.Errorf("there is still to send %v", again.Values)
	}
}

func TestAnEntryThatIsKeptByItsTitleIsNotSentToMangaDex(t *testing.T) {
	t.Parallel()
	d := newMangaDex(newBench(t))
	d.do("alice", "import-trackers", withFile(args("provider", "mangadex"), `[{"title":"Nobody Knows","status":"reading"}]`))
	r := d.exported()
	if r.Failed != 1 || !strings.Contains(r.raw, "its id at MangaDex is not known") || len(d.site.Writes()) != 0 {
		t.Errorf("exported: %s\n%s", r.counts(), r.raw)
	}
	_, list := d.list()
	if _, there, err := list.Find(t.Context(), tracker.RecordKey{Provider: tracker.MangaDex, Kind: tracker.Manga, NativeID: "title-1"}); there || err != nil {
		t.Errorf("it is there: %v, error %v", there, err)
	}
}

func TestATitleThatMangaDexDoesNotHaveFailsAlone(t *testing.T) {
	t.Parallel()
	d := newMangaDex(newBench(t))
	d.says(99, "reading", 5, 1)
	d.says(5, "reading", 0, 1)
	r := d.exported()
	if r.Failed != 1 || r.Updated != 1 || !strings.Contains(r.raw, "does not have this title") {
		t.Errorf("exported: %s\n%s", r.counts(), r.raw)
	}
}
