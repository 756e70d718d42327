package trackers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks/tracker/xref"
)

func TestAListOfOneProviderIsExportedToAnotherWithItsIdsThere(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.load(xref.Everyone, `[{"mal_id": 7, "anilist_id": 5, "kitsu_id": 1}, {"mal_id": [8, 9], "anilist_id": 6, "kitsu_id": 1}, {"mal_id": 10, "anilist_id": 11, "kitsu_id": 1}]`)
		b.importsAniList("alice", answerOf(
			aniEntry(5, "DROPPED", 6, `{"year":2025,"month":12,"day":null}`), aniEntry(6, "CURRENT", 1, unset), aniEntry(77, "CURRENT", 1, unset)))
		b.imports("alice", listOf(anime(10, "On-Hold", el("my_watched_episodes", "4"), el("my_score", "9"))))

		got := elements(b.do("alice", "export-trackers", exporting()))
		if len(got) != 2 {
			t.Fatalf("%d entries were exported to MyAnimeList: %v", len(got), got)
		}
		want := map[string]string{"series_animedb_id": "7", "my_status": "Dropped", "my_watched_episodes": "6", "my_start_date": "2025-12-00"}
		for name, value := range want {
			if got[0][name] != value {
				t.Errorf("the entry exported to MyAnimeList says %s %q, want %q", name, got[0][name], value)
			}
		}
		entries := answer(t, b.do("alice", "export-trackers", args{values: map[string]string{"provider": "anilist"}}))
		e := entries["11"]
		if len(entries) != 4 || e["status"] != "PAUSED" || e["progress"] != 4.0 || e["score"] != 90.0 {
			t.Errorf("exported to AniList: %d entries, 11 is %v", len(entries), e)
		}
	})
}

func TestWhatAProviderCannotTakeIsCountedAndTold(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.load(xref.Everyone, `[{"mal_id": 7, "anilist_id": 5, "kitsu_id": 1}, {"mal_id": [8, 9], "anilist_id": 6, "kitsu_id": 1}]`)
		b.importsAniList("alice", answerOf(aniEntry(5, "CURRENT", 6, unset), aniEntry(6, "CURRENT", 1, unset), aniEntry(77, "CURRENT", 1, unset)))
		r := b.report(b.do("alice", "export-trackers", exporting("dry_run", "true")))
		told := make([]string, len(r.Items))
		for i, item := range r.Items {
			told[i] = strings.TrimSpace(fmt.Sprintf("%s %s %s", item.Key, item.Outcome, item.Reason))
		}
		want := []string{
			"myanimelist:anime:7 unchanged",
			"animes/anilist-6 skipped The references are not one to one, so it is kept apart from MyAnimeList 8, MyAnimeList 9.",
			"animes/anilist-77 skipped No id of this work at MyAnimeList is known.",
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("the report (-want +got):\n%s", diff)
		}
	})
}
