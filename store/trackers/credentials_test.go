package trackers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

func TestCredentialsAreKeptSealedAndOnlySaidToBeThere(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		given := tracker.Credentials{"username": "alice", "password": "correct horse"}
		must(t, b.library.StoreCredentials(ctx, b.client, "users/alice", tracker.AniDB, tracker.Credentials{"token": "old"}))
		must(t, b.library.StoreCredentials(ctx, b.client, "users/alice", tracker.AniDB, given))
		must(t, b.library.StoreCredentials(ctx, b.client, "users/alice", tracker.VNDB, tracker.Credentials{"token": "x"}))
		list, err := b.library.ListCredentials(ctx, b.client, "users/alice")
		must(t, err)
		if len(list) != 2 || list[0].Provider != tracker.AniDB || list[0].Since.IsZero() || list[1].Provider != tracker.VNDB {
			t.Errorf("the list is %+v", list)
		}
		got, err := b.library.Credentials(ctx, b.client, "users/alice", tracker.AniDB)
		must(t, err)
		if diff := cmp.Diff(given, got); diff != "" {
			t.Error(diff)
		}
		if said := fmt.Sprintf("%v %+v %#v %s", got, got, got, got); strings.Contains(said, "horse") {
			t.Errorf("credentials show themselves: %s", said)
		}
		var rows []string
		must(t, b.store.DB().Gorm(ctx).Raw("SELECT sealed FROM provider_credentials").Scan(&rows).Error)
		for _, row := range rows {
			if strings.Contains(row, "horse") || strings.Contains(row, "alice") {
				t.Errorf("a row can be read: %s", row)
			}
		}
		must(t, b.library.DeleteCredentials(ctx, b.client, "users/alice", tracker.AniDB))
		wantFaults(t, b.library.DeleteCredentials(ctx, b.client, "users/alice", tracker.AniDB), tasks.CodeNotFound, "provider")
		_, err = b.library.Credentials(ctx, b.client, "users/alice", tracker.AniDB)
		wantFaults(t, err, tasks.CodeNotFound, "provider")
		wantFaults(t, b.library.StoreCredentials(ctx, b.client, "audiences/club", "elsewhere", nil), tasks.CodeInvalid, "parent", "provider", "credentials")
	})
}

func TestARowOfCredentialsOpensForNobodyElse(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		must(t, b.library.StoreCredentials(ctx, b.client, "users/alice", tracker.AniDB, tracker.Credentials{"token": "x"}))
		sealed, err := b.trackers.Credentials(ctx, tracker.UserOf(b.client, "alice"), tracker.AniDB)
		must(t, err)
		must(t, b.trackers.SaveCredentials(ctx, tracker.UserOf(b.client, "mallory"), tracker.AniDB, sealed))
		if got, err := b.library.Credentials(ctx, b.client, "users/mallory", tracker.AniDB); tasks.CodeOf(err) != tasks.CodeInternal {
			t.Errorf("it opened: %v %v", len(got), err)
		}
	})
}

func TestCredentialsAndTrackersAreErasedWithTheirAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		v := b.makes("users/alice", tracker.Draft{Resource: "animes/7", Completed: []string{"animes/7/episodes/1"}})
		_, _, err := b.library.CreateActivity(ctx, b.client, v.Name(), tracker.Deed{Activity: tracker.Activity{Resource: "animes/7", Platform: "P", Start: january, End: march}})
		must(t, err)
		b.gathers("club", "users/alice")
		must(t, b.library.StoreCredentials(ctx, b.client, "users/alice", tracker.AniDB, tracker.Credentials{"token": "x"}))
		must(t, b.trackers.Erase(ctx, tracker.UserOf(b.client, "alice")))
		for _, table := range []string{"trackers", "tracker_completed", "activities", "audience_members", "provider_credentials"} {
			if n := b.count(table); n != 0 {
				t.Errorf("%d rows are left in %s", n, table)
			}
		}
	})
}

// Every use case, called for another client with the first one's names, finds
// nothing and changes nothing.
func TestNoUseCaseReachesIntoAnotherClient(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		club := b.gathers("club", "users/alice")
		mine := b.makes("users/alice", tracker.Draft{Resource: "animes/7", Name: "users/alice/trackers/own"})
		numbered := b.makes("users/alice", tracker.Draft{Resource: "animes/8"})
		deed := tracker.Deed{Activity: tracker.Activity{Resource: "animes/7", Platform: "P", Start: january, End: march}}
		done, _, err := b.library.CreateActivity(ctx, b.client, mine.Name(), deed)
		must(t, err)
		must(t, b.library.StoreCredentials(ctx, b.client, "users/alice", tracker.AniDB, tracker.Credentials{"token": "x"}))
		other := b.newClient("other")
		l := b.library
		for name, call := range map[string]func() error{
			"GetTracker":           func() error { _, err := l.GetTracker(ctx, other, mine.Name()); return err },
			"GetTracker by number": func() error { _, err := l.GetTracker(ctx, other, numbered.Name()); return err },
			"ComputeTracker":       func() error { _, err := l.ComputeTracker(ctx, other, mine.Name()); return err },
			"UpdateTracker": func() error {
				_, err := l.UpdateTracker(ctx, other, mine.Name(), tracker.Draft{State: tracker.OnHold}, nil)
				return err
			},
			"DeleteTracker":  func() error { return l.DeleteTracker(ctx, other, numbered.Name()) },
			"CreateActivity": func() error { _, _, err := l.CreateActivity(ctx, other, mine.Name(), deed); return err },
			"DeleteActivity": func() error { return l.DeleteActivity(ctx, other, done) },
			"CreateTracker": func() error {
				_, err := l.CreateTracker(ctx, other, club, tracker.Draft{Resource: "animes/7"})
				return err
			},
			"SetAudienceMembers": func() error { return l.SetAudienceMembers(ctx, other, club, nil) },
			"AudienceMembers":    func() error { _, err := l.AudienceMembers(ctx, other, club, ""); return err },
			"FindAudience":       func() error { _, err := l.FindAudience(ctx, other, club); return err },
			"DeleteAudience":     func() error { return l.DeleteAudience(ctx, other, club) },
			"Credentials":        func() error { _, err := l.Credentials(ctx, other, "users/alice", tracker.AniDB); return err },
			"DeleteCredentials":  func() error { return l.DeleteCredentials(ctx, other, "users/alice", tracker.AniDB) },
		} {
			if err := call(); tasks.CodeOf(err) != tasks.CodeNotFound {
				t.Errorf("%s answers another client: %v", name, err)
			}
		}
		page, err := l.ListTrackers(ctx, other, tracker.PageQuery{Parent: "users/alice"})
		must(t, err)
		list, err := l.ListAudiences(ctx, other, "")
		must(t, err)
		credentials, err := l.ListCredentials(ctx, other, "users/alice")
		must(t, err)
		if len(page.Trackers)+len(list)+len(credentials) != 0 {
			t.Errorf("another client's lists hold %v %v %v", page, list, credentials)
		}
		if got := b.all("alice"); len(got) != 2 || got["animes/7"].State != tracker.InProgress || b.count("activities") != 1 || b.count("audience_members") != 1 {
			t.Errorf("the trackers are %+v", got)
		}
		// The same names are the other client's own where it makes them.
		_, err = l.CreateAudience(ctx, other, "club", nil)
		must(t, err)
		_, err = l.CreateTracker(ctx, other, "users/alice", tracker.Draft{Resource: "animes/7", Name: mine.Name()})
		must(t, err)
	})
}
