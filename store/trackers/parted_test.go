package trackers_test

import (
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// compared keeps entries of AniList with what both sides had of them.
func (b *bench) compared(account string, base tracker.Facts, ids ...string) {
	b.tb.Helper()
	task := b.begin(b.client, account, "import-trackers")
	var want tracker.Want
	for _, id := range ids {
		want.Records = append(want.Records, tracker.RecordKey{Provider: tracker.AniList, Kind: tracker.Anime, NativeID: id})
	}
	_, err := b.trackers.Change(b.tb.Context(), tasks.Fence{Task: task.ID, Attempt: task.Attempt}, tracker.UserOf(b.client, account), want, func(h *tracker.Held) error {
		for _, key := range want.Records {
			t, _ := h.Tracker(h.Resolve(key).Resource)
			h.Records[key] = &tracker.Record{Key: key, Tracker: t, Entry: tracker.Entry{Facts: tracker.Facts{Status: tracker.Watching}}, Base: base}
		}
		return nil
	})
	must(b.tb, err)
}

// bases gives the bases of an account's list at AniList by their ids.
func (b *bench) bases(account string, claims ...tracker.Claim) map[string]tracker.Facts {
	b.tb.Helper()
	found := map[string]tracker.Facts{}
	err := b.trackers.ListSaid(b.tb.Context(), tracker.UserOf(b.client, account), tracker.AniList, tracker.Anime, claims, func(lines iter.Seq2[tracker.Listed, error]) error {
		for line, err := range lines {
			if err != nil {
				return err
			}
			found[line.Key.NativeID] = line.Base
		}
		return nil
	})
	must(b.tb, err)
	return found
}

func (b *bench) parted(account string) (ids []string) {
	b.tb.Helper()
	keys, err := b.trackers.Parted(b.tb.Context(), tracker.UserOf(b.client, account), tracker.AniList, tracker.Anime)
	must(b.tb, err)
	for _, key := range keys {
		ids = append(ids, key.NativeID)
	}
	return ids
}

func TestWhatBothSidesHadIsKeptWithAnEntryAndWhatWasDeletedHereIsRemembered(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		base := tracker.Facts{Status: tracker.Watching, Progress: 3, Start: tracker.Date{Year: 2024, Month: 5}}
		b.compared("alice", base, "1", "2")
		b.compared("alice", tracker.Facts{}, "3")
		b.compared("bob", base, "1")
		if diff := cmp.Diff(map[string]tracker.Facts{"1": base, "2": base, "3": {}}, b.bases("alice")); diff != "" {
			t.Errorf("bases (-want +got):\n%s", diff)
		}
		for resource, one := range b.all("alice") {
			if resource != "animes/anilist-2" {
				must(t, b.library.DeleteTracker(t.Context(), b.client, one.Name()))
			}
		}
		if diff := cmp.Diff([]string{"1"}, b.parted("alice")); diff != "" || len(b.parted("bob")) != 0 {
			t.Errorf("deleted here (-want +got):\n%s", diff)
		}
		b.compared("alice", base, "1")
		if ids := b.parted("alice"); len(ids) != 0 {
			t.Errorf("what is kept again is still remembered as deleted: %q", ids)
		}
	})
}

func TestAListSaysWhichIDsClaimsWouldMakeKnown(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.imports("alice", listOf(anime(101, "Watching"), anime(102, "Watching")))
		key := func(p tracker.Provider, id string) tracker.RecordKey {
			return tracker.RecordKey{Provider: p, Kind: tracker.Anime, NativeID: id}
		}
		claims := []tracker.Claim{{Key: key(tracker.AniList, "5"), Same: []tracker.RecordKey{key(tracker.MyAnimeList, "101")}}}
		if got := b.bases("alice", claims...); len(got) != 1 || got["5"] != (tracker.Facts{}) {
			t.Errorf("the lines are %v", got)
		}
		if got := b.bases("alice"); len(got) != 0 {
			t.Errorf("the claims were kept: %v", got)
		}
	})
}
