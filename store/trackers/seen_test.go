package trackers_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks/tracker"
)

func TestNumbersThatAListSaysBecomeCompletedOnes(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.withLines(tracker.AniDB)
		watched := func(seen tracker.Numbers, total int64) line {
			return line{ID: "9", Kind: tracker.Anime, Facts: tracker.Facts{Status: tracker.Watching, Seen: seen, Progress: seen.Count(), Total: total}}
		}
		b.importsLines("alice", tracker.AniDB, "merge", watched("1-3,5,8-9", 12))
		if got := b.all("alice")["animes/anidb-9"]; got.FirstDone != 3 || got.Counted != 3 || got.Done() != 6 {
			t.Errorf("the tracker is %+v", got)
		}
		if r := b.importsLines("alice", tracker.AniDB, "merge", watched("1-3,5,8-9", 12)); r.Unchanged != 1 {
			t.Errorf("imported again: %s", r.counts())
		}
		if r := b.importsLines("alice", tracker.AniDB, "merge", watched("2-6", 12)); r.Updated != 1 {
			t.Errorf("more of them: %s", r.counts())
		}
		if got := b.all("alice")["animes/anidb-9"]; got.FirstDone != 6 || got.Done() != 8 {
			t.Errorf("after the union the tracker is %+v", got)
		}
		b.do("alice", "process-activities", doing(activity("animes/anidb-9/episodes/11", `"completed":true`)+activity("animes/anidb-9/episodes/8", `"completed":true`)))
		want := []line{watched("1-6,8-9,11", 12)}
		want[0].Start = tracker.Date{Year: 2026, Month: 1, Day: 2}
		if diff := cmp.Diff(want, b.exportsLines("alice", tracker.AniDB, tracker.Anime)); diff != "" {
			t.Errorf("the export (-want +got):\n%s", diff)
		}
		if got := b.all("alice")["animes/anidb-9"]; got.Done() != 9 {
			t.Errorf("an episode that the list had said counts again: %+v", got)
		}
	})
}

// TestAPartThatAListNumbersAndTheCatalogueNamesCountsOnce: the catalogue calls the
// third episode c.
func TestAPartThatAListNumbersAndTheCatalogueNamesCountsOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.withLines(tracker.AniDB)
		b.teach("animes/anidb-9", 6)
		watched := line{ID: "9", Kind: tracker.Anime, Facts: tracker.Facts{Status: tracker.Watching, Seen: "1,3,5", Progress: 3, Total: 6}}
		for _, account := range []string{"alice", "bob"} {
			b.importsLines(account, tracker.AniDB, "merge", watched)
		}
		c := activity("animes/anidb-9/episodes/c", `"completed":true`)
		b.do("alice", "process-activities", doing(c))
		b.together(b.gathers("club", "users/bob"), c)
		b.settle()
		for _, account := range []string{"alice", "bob"} {
			if got := b.all(account)["animes/anidb-9"]; got.Done() != 3 || got.Counted != 2 {
				t.Errorf("%s: an episode that the list had said counts again: %+v", account, got)
			}
			if diff := cmp.Diff([]string{"animes/anidb-9/episodes/5", "animes/anidb-9/episodes/c"}, b.completed(account, "animes/anidb-9")); diff != "" {
				t.Errorf("%s: completed are (-want +got):\n%s", account, diff)
			}
			if again := b.importsLines(account, tracker.AniDB, "merge", watched); again.Unchanged != 1 {
				t.Errorf("%s: imported again: %s", account, again.counts())
			}
			b.do(account, "process-activities", doing(c+activity("animes/anidb-9/episodes/b", `"completed":true`)))
			if got := b.all(account)["animes/anidb-9"]; got.Done() != 4 {
				t.Errorf("%s: one more episode: %+v", account, got)
			}
		}
	})
}

func TestVeryManyScatteredNumbersAreShownAsTheirCount(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.withLines(tracker.MangaDex)
		var numbers []int64
		for n := int64(2); n < 12000; n += 2 {
			numbers = append(numbers, n)
		}
		seen := tracker.NumbersOf(numbers)
		read := line{ID: "x", Kind: tracker.Manga, Facts: tracker.Facts{Status: tracker.Watching, Seen: seen, Progress: seen.Count()}}
		b.importsLines("alice", tracker.MangaDex, "merge", read)
		if got := b.all("alice")["graphicNovels/mangadex-x"]; got.FirstDone != seen.Count() || got.Counted != 0 {
			t.Errorf("the tracker is %+v", got)
		}
		if diff := cmp.Diff([]line{read}, b.exportsLines("alice", tracker.MangaDex, tracker.Manga)); diff != "" {
			t.Errorf("the export (-want +got):\n%s", clipped(diff))
		}
	})
}

func TestNotesAndPrivacyComeBack(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.withLines(tracker.AniList)
		entry := line{ID: "1", Kind: tracker.Anime, Facts: tracker.Facts{Status: tracker.Paused, Notes: "good\r\nthen bad", Private: true, Score: 71, Volumes: 2}}
		b.importsLines("alice", tracker.AniList, "merge", entry)
		if diff := cmp.Diff([]line{entry}, b.exportsLines("alice", tracker.AniList, tracker.Anime)); diff != "" {
			t.Errorf("the export (-want +got):\n%s", diff)
		}
	})
}

func TestWhatOneProviderSaysIsCarriedToAnotherThatHasNoEntry(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.withLines(tracker.AniList, tracker.AniDB)
		facts := tracker.Facts{Status: tracker.Dropped, Progress: 4, Total: 12, Score: 40, Notes: "no", Private: true, Title: "Made Up"}
		// The AniDB list is of a work that an activity had named after AniList's id.
		b.importsLines("alice", tracker.AniDB, "merge", line{ID: "5", Kind: tracker.Anime, Facts: facts})
		b.sql("UPDATE trackers SET resource = 'animes/anilist-50'")
		if diff := cmp.Diff([]line{{ID: "50", Kind: tracker.Anime, Facts: facts}}, b.exportsLines("alice", tracker.AniList, tracker.Anime)); diff != "" {
			t.Errorf("the export (-want +got):\n%s", diff)
		}
	})
}

func TestABareTrackerIsExportedFromEveryCollectionOfItsKind(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.withLines(tracker.MangaUpdates)
		reading := func(id, collection string) line {
			return line{ID: id, Kind: tracker.Manga, Collection: collection, Facts: tracker.Facts{Status: tracker.Watching, Progress: 1}}
		}
		b.importsLines("alice", tracker.MangaUpdates, "merge", reading("A Title / with ~ signs", ""), reading("2", "lightNovels"))
		b.do("alice", "process-activities", doing(activity("lightNovels/mangaupdates-3/chapters/1", `"completed":true`)+activity("graphicNovels/mangaupdates-b~20c/chapters/1", `"completed":true`)))
		var ids []string
		for _, l := range b.exportsLines("alice", tracker.MangaUpdates, tracker.Manga) {
			ids = append(ids, l.ID)
		}
		if diff := cmp.Diff([]string{"A Title / with ~ signs", "2", "3", "b c"}, ids); diff != "" {
			t.Errorf("the export (-want +got):\n%s", diff)
		}
		if _, ok := b.all("alice")["lightNovels/mangaupdates-2"]; !ok {
			t.Errorf("the trackers are %v", b.all("alice"))
		}
	})
}

func TestAnIDThatCannotBeKeptFailsAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.withLines(tracker.MangaUpdates)
		entry := line{ID: "x", Kind: tracker.Manga, Facts: tracker.Facts{Status: tracker.Watching, Title: "a\x00b"}}
		bad, none := entry, entry
		bad.ID, none.ID = "a\x00b", ""
		if r := b.importsLines("alice", tracker.MangaUpdates, "merge", entry, bad, none); r.Created != 1 || r.Failed != 2 {
			t.Errorf("the import: %s", r.counts())
		}
	})
}
