package trackers_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

func animeKey(p tracker.Provider, id string) tracker.RecordKey {
	return tracker.RecordKey{Provider: p, Kind: tracker.Anime, NativeID: id}
}

// claims lets a list of the account say that ids are the same work.
func (b *bench) claims(account string, claims ...tracker.Claim) {
	b.tb.Helper()
	task := b.begin(b.client, account, "import-trackers")
	_, err := b.trackers.Change(b.tb.Context(), tasks.Fence{Task: task.ID, Attempt: task.Attempt}, tracker.UserOf(b.client, account),
		tracker.Want{Claims: claims}, func(*tracker.Held) error { return nil })
	must(b.tb, err)
}

func (b *bench) resources(account string) []string {
	b.tb.Helper()
	return slices.Sorted(maps.Keys(b.all(account)))
}

const watchedOne = `{"platform":"P","resource":"animes/anilist-5/episodes/3","from":0,"to":10,"start":"2026-01-02T10:00:00Z","end":"2026-01-02T10:22:00Z","completed":true}`

func TestWhatAListSaysOfAWorkHoldsForTheWholeClientAndNobodyElse(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		claim := tracker.Claim{Key: animeKey(tracker.AniList, "5"), Same: []tracker.RecordKey{animeKey(tracker.MyAnimeList, "7")}}
		b.claims("alice", claim)
		b.claims("bob", claim)
		b.do("bob", "process-activities", doing(watchedOne))
		if diff := cmp.Diff([]string{"animes/myanimelist-7"}, b.resources("bob")); diff != "" {
			t.Errorf("bob's trackers (-want +got):\n%s", diff)
		}
		other := b.newClient("other")
		_, err := b.run(b.begin(other, "bob", "process-activities"), doing(watchedOne))
		must(t, err)
		list, err := b.trackers.Trackers(t.Context(), tracker.UserOf(other, "bob"), "", 10)
		must(t, err)
		if len(list) != 1 || list[0].Resource != "animes/anilist-5" {
			t.Errorf("the other client has %v, want animes/anilist-5", list)
		}
	})
}
