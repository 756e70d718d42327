package trackers_test

import (
	"testing"
	"time"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// So is what is watched of a work that only a provider's id tells, as long as nothing
// is known of that id.
func TestAnActivityOfAWorkOfAProviderIsKeptAtOnceWhereNothingIsKnownOfIt(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		b.teach("animes/myanimelist-2", 2)
		b.claims("bob", tracker.Claim{Key: animeKey(tracker.MyAnimeList, "3"), Same: []tracker.RecordKey{animeKey(tracker.AniList, "33")}})
		for work, want := range map[string]bool{"animes/myanimelist-1": true, "animes/myanimelist-2": false, "animes/myanimelist-3": false} {
			v := b.makes("users/alice", tracker.Draft{Resource: work, State: tracker.InProgress, Start: march})
			a := tracker.Activity{Resource: v.Resource + "/episodes/1", Platform: "TV", To: 600, Start: march, End: march}
			_, noted, err := b.trackers.NoteActivity(ctx, tracker.Owner{Client: b.client, Parent: "users/alice"}, v.LocalID(), a)
			if must(t, err); noted != want {
				t.Errorf("of %s it is kept at once: %v", v.Resource, noted)
			}
			if _, _, err := b.library.CreateActivity(ctx, b.client, v.Name(), tracker.Deed{Activity: a}); err != nil {
				t.Error(err)
			}
		}
	})
}

// What an audience watches without the end of it is kept as quickly as what a user
// does: nobody else is concerned.
func TestAnAudiencesActivityThatCompletesNothingIsKeptAsAUsersIs(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		b.teach("animes/7", 2)
		b.sql("UPDATE work_parts SET length = 1320")
		begun := tracker.Draft{Resource: "animes/7", State: tracker.InProgress, Start: march}
		for _, parent := range []string{b.gathers("club", "users/bob"), "users/alice"} {
			v := b.makes(parent, begun)
			owner := tracker.Owner{Client: b.client, Parent: parent}
			note := func(part string, to int64) bool {
				_, noted, err := b.trackers.NoteActivity(ctx, owner, v.LocalID(), tracker.Activity{
					Resource: part, Platform: "TV", To: to, Start: march, End: march.Add(time.Duration(to) * time.Second),
				})
				must(t, err)
				return noted
			}
			if !note("animes/7/episodes/a", 600) {
				t.Errorf("of %s, what completes nothing is not kept at once", parent)
			}
			if note("animes/7/episodes/a", 1320) {
				t.Errorf("of %s, what completes a part is not looked at", parent)
			}
		}
		must(t, b.library.DeleteAudience(ctx, b.client, "audiences/club"))
		gone := tracker.Owner{Client: b.client, Parent: "audiences/club"}
		_, noted, err := b.trackers.NoteActivity(ctx, gone, "1", tracker.Activity{Resource: "animes/7/episodes/a", Platform: "TV", To: 1, Start: march, End: march})
		if must(t, err); noted {
			t.Error("a deleted audience has activities")
		}
		_, _, err = b.library.CreateActivity(ctx, b.client, "audiences/club/trackers/1", tracker.Deed{Activity: tracker.Activity{Resource: "animes/7", Platform: "TV", To: 1, Start: march, End: march}})
		wantFaults(t, err, tasks.CodeNotFound, "audience")
	})
}
