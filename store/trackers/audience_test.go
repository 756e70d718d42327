package trackers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/internal/testserver"
	"asapi/store/storetest"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// gathers makes an audience with members.
func (b *bench) gathers(id string, members ...string) string {
	b.tb.Helper()
	name, err := b.library.CreateAudience(b.tb.Context(), b.client, id, members)
	must(b.tb, err)
	return name
}

// settle does what waits in the background.
func (b *bench) settle() {
	b.tb.Helper()
	for {
		more, err := b.library.Advance(b.tb.Context())
		must(b.tb, err)
		if !more {
			return
		}
	}
}

// together reports activities of an audience.
func (b *bench) together(audience, activities string) {
	b.tb.Helper()
	a := doing(activities)
	a.values = map[string]string{"audience": audience}
	b.do("host", "process-activities", a)
}

// completed gives what an account completed of a work, and nil without a tracker.
func (b *bench) completed(account, resource string) []string {
	b.tb.Helper()
	page, err := b.library.ListTrackers(b.tb.Context(), b.client, tracker.PageQuery{Parent: "users/" + account, Filter: "resource = " + resource})
	must(b.tb, err)
	if len(page.Trackers) == 0 {
		return nil
	}
	return append([]string{}, page.Trackers[0].Completed...)
}

func TestWhatAnAudienceConsumesItsMembersConsume(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.teach("animes/7", 2)
		b.makes("users/bob", tracker.Draft{Resource: "animes/7", State: tracker.InProgress, Completed: []string{"animes/7/episodes/b"}})
		b.gathers("club", "users/alice", "users/bob", "users/c%20d")
		b.together("club", activity("animes/7/episodes/a", ""))
		b.settle()
		for account, want := range map[string][]string{
			"alice": {"animes/7/episodes/a"}, "bob": {"animes/7/episodes/a", "animes/7/episodes/b"}, "c%20d": {"animes/7/episodes/a"}, "host": nil,
		} {
			if diff := cmp.Diff(want, b.completed(account, "animes/7")); diff != "" {
				t.Errorf("%s completed (-want +got):\n%s", account, diff)
			}
		}
		if got := b.all("bob")["animes/7"]; got.State != tracker.Completed {
			t.Errorf("who has seen the rest already is %+v", got)
		}
		if got := b.all("alice")["animes/7"]; got.State != tracker.InProgress || got.Start.IsZero() {
			t.Errorf("who has seen nothing before is %+v", got)
		}
		if b.count("activities") != 1 || b.count("audience_reaches") != 0 {
			t.Errorf("%d activities, want the audience's one; %d things are still to reach somebody", b.count("activities"), b.count("audience_reaches"))
		}
		b.together("club", activity("animes/7/episodes/a", "")) // nothing new
		if b.count("audience_reaches") != 0 {
			t.Error("a repeat reaches the members again")
		}
	})
}

func TestWhatIsSetByHandForAnAudienceReachesItsMembers(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		club := b.gathers("", "users/alice")
		v, err := b.library.CreateTracker(ctx, b.client, club, tracker.Draft{Resource: "animes/7", Completed: []string{"animes/7/episodes/x"}})
		must(t, err)
		b.settle()
		if got := b.completed("alice", "animes/7"); len(got) != 1 {
			t.Errorf("alice completed %v", got)
		}
		_, err = b.library.UpdateTracker(ctx, b.client, v.Name(), tracker.Draft{State: tracker.Completed, End: march}, []string{"state", "end_time"})
		must(t, err)
		b.settle()
		if got := b.all("alice")["animes/7"]; got.State != tracker.Completed || !got.End.Equal(march) {
			t.Errorf("alice's tracker is %+v", got)
		}
	})
}

func TestMembersGetWhatIsConsumedWhileTheyAreMembers(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		club := b.gathers("club", "users/alice", "users/bob")
		set := func(members ...string) { must(t, b.library.SetAudienceMembers(ctx, b.client, club, members)) }
		watch := func(episode string) { b.together("club", activity("animes/7/episodes/"+episode, `"completed":true`)) }
		// Nothing reaches anybody until the end.
		watch("1")
		set("users/alice", "users/carol")
		watch("2")
		set("users/bob", "users/carol")
		watch("3")
		set("users/alice")
		set("users/alice", "users/carol")
		watch("4")
		set()
		b.settle()
		for account, want := range map[string][]string{"alice": {"1", "2", "4"}, "bob": {"1", "3"}, "carol": {"2", "3", "4"}} {
			for i := range want {
				want[i] = "animes/7/episodes/" + want[i]
			}
			if diff := cmp.Diff(want, b.completed(account, "animes/7")); diff != "" {
				t.Errorf("%s completed (-want +got):\n%s", account, diff)
			}
		}
		if n := b.count("audience_members"); n != 0 {
			t.Errorf("%d former members are kept", n)
		}
	})
}

func TestAudiencesAreListedWithTheirMembers(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		b.gathers("club", "users/bob", "users/alice", "users/bob")
		b.gathers("zoo")
		list, err := b.library.ListAudiences(ctx, b.client, "")
		must(t, err)
		if len(list) != 2 || list[0].Name() != "audiences/club" || list[0].Members != 2 || list[1].Members != 0 || list[0].CreatedAt.IsZero() {
			t.Errorf("the audiences are %+v", list)
		}
		members, err := b.library.AudienceMembers(ctx, b.client, "audiences/club", "")
		must(t, err)
		if diff := cmp.Diff([]string{"users/alice", "users/bob"}, members); diff != "" {
			t.Error(diff)
		}
		_, err = b.library.CreateAudience(ctx, b.client, "club", nil)
		wantFaults(t, err, tasks.CodeUnique, "audience")
		_, err = b.library.CreateAudience(ctx, b.client, "a b", []string{"audiences/x"})
		wantFaults(t, err, tasks.CodeInvalid, "audience", "members")
		wantFaults(t, b.library.SetAudienceMembers(ctx, b.client, "audiences/none", nil), tasks.CodeNotFound, "audience")
	})
}

func TestADeletedAudienceStillReachesItsMembersAndThenIsGone(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		club := b.gathers("club", "users/alice")
		b.together("club", activity("animes/7/episodes/1", `"completed":true`))
		must(t, b.library.DeleteAudience(ctx, b.client, club))
		wantFaults(t, b.library.DeleteAudience(ctx, b.client, club), tasks.CodeNotFound, "audience")
		_, err := b.library.CreateTracker(ctx, b.client, club, tracker.Draft{Resource: "animes/8"})
		wantFaults(t, err, tasks.CodeNotFound, "audience")
		_, err = b.library.CreateAudience(ctx, b.client, "club", nil)
		wantFaults(t, err, tasks.CodeUnique, "audience")
		b.settle()
		if got := b.completed("alice", "animes/7"); len(got) != 1 {
			t.Errorf("alice completed %v", got)
		}
		for table, want := range map[string]int64{"audiences": 0, "audience_members": 0, "audience_reaches": 0, "activities": 0, "trackers": 1} {
			if got := b.count(table); got != want {
				t.Errorf("%d rows are left in %s, want %d", got, table, want)
			}
		}
		b.gathers("club")
	})
}

func TestAnErasedAccountIsNoMemberAndGetsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		b.gathers("club", "users/alice", "users/bob")
		b.together("club", activity("animes/7/episodes/1", `"completed":true`))
		alice := tasks.Account{Client: b.client, Service: tracker.Slug, Username: "alice"}
		must(t, b.store.DeregisterAccount(ctx, alice, true))
		_, err := b.library.CreateTracker(ctx, b.client, "users/alice", tracker.Draft{Resource: "animes/9"})
		wantFaults(t, err, tasks.CodeUnavailable, tasks.AllFields)
		_, err = b.library.CreateAudience(ctx, b.client, "other", []string{"users/alice", "users/bob"})
		wantFaults(t, err, tasks.CodeUnavailable, tasks.AllFields)
		must(t, b.trackers.Erase(ctx, tracker.OwnerOf(alice)))
		must(t, b.store.Erased(ctx, alice))
		b.settle()
		if got := b.completed("alice", "animes/7"); got != nil {
			t.Errorf("the erased account completed %v", got)
		}
		if got := b.completed("bob", "animes/7"); len(got) != 1 {
			t.Errorf("bob completed %v", got)
		}
	})
}

// Ten thousand members, while steps are cut off in the middle and two processes
// are at it: everybody is reached, nobody twice, and others are not held up.
func TestTenThousandMembersAreReachedHoweverOftenItIsInterrupted(t *testing.T) {
	b := newBench(t, storetest.Postgres(t))
	const count = 10_000
	members := make([]string, count)
	for i := range members {
		members[i] = fmt.Sprintf("users/member%05d", i)
	}
	b.gathers("club", members...)
	b.makes("users/member00007", tracker.Draft{Resource: "animes/7", State: tracker.OnHold})
	b.together("club", activity("animes/7/episodes/1", `"completed":true`)+activity("animes/7/episodes/2", `"completed":true`))
	cut := errors.New("cut off")
	var applied, cuts int
	var mu sync.Mutex
	advance := func() (bool, error) {
		ctx, stop := context.WithCancelCause(t.Context())
		defer stop(nil)
		return b.trackers.Advance(ctx, func(h *tracker.Held, c tracker.Consumption) {
			h.Consume(c)
			mu.Lock()
			defer mu.Unlock()
			if applied++; applied%1777 == 0 {
				cuts++
				stop(cut) // nothing of this step stays
			}
		})
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			// A step that finds the other at the only row is told that there is
			// nothing more.
			for left := int64(1); left > 0; {
				_, err := advance()
				if err == nil || errors.Is(err, context.Canceled) || tasks.CodeOf(err) == tasks.CodeUnavailable {
					err = b.store.DB().Gorm(t.Context()).Raw("SELECT COUNT(*) FROM audience_reaches").Row().Scan(&left)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	// The database may still be at a step whose process is gone: its lock ends
	// when it notices.
	testserver.Eventually(t, time.Minute, func() error {
		b.settle()
		if left := b.count("audience_reaches"); left > 0 {
			return fmt.Errorf("%d still have to reach somebody", left)
		}
		return nil
	}, "all members to be reached")
	if cuts < 3 || applied <= count {
		t.Errorf("only %d steps were cut off in %d", cuts, applied)
	}
	var reached, twice int64
	must(t, b.store.DB().Gorm(t.Context()).Raw(
		"SELECT COUNT(DISTINCT t.parent), COUNT(*) - COUNT(DISTINCT t.parent) FROM trackers t WHERE t.parent LIKE 'users/member%' AND"+
			" (SELECT COUNT(*) FROM tracker_completed c WHERE c.tracker_id = t.id) = 2").Row().Scan(&reached, &twice))
	if reached != count || twice != 0 {
		t.Errorf("%d members were reached, want %d; %d have a second tracker", reached, count, twice)
	}
	if got := b.all("member00007")["animes/7"]; got.State != tracker.InProgress || got.Counted != 2 {
		t.Errorf("the tracker that was there before is %+v", got)
	}
}

func TestLongerAudiencesDoNotHoldUpShorterOnes(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		members := make([]string, 900)
		for i := range members {
			members[i] = fmt.Sprintf("users/m%05d", i)
		}
		b.gathers("large", members...)
		b.gathers("small", "users/alice")
		b.together("large", activity("animes/7/episodes/1", `"completed":true`))
		b.together("small", activity("animes/7/episodes/1", `"completed":true`))
		steps := 0
		for b.completed("alice", "animes/7") == nil {
			more, err := b.library.Advance(t.Context())
			must(t, err)
			if steps++; !more {
				t.Fatal("alice is forgotten")
			}
		}
		if steps > 2 {
			t.Errorf("the small audience was reached after %d steps", steps)
		}
		b.settle()
		if n := b.count("tracker_completed"); n != 900+1+2 {
			t.Errorf("%d are completed, want 903", n)
		}
	})
}

func TestMembersAreReachedInTheirOrderWithoutGaps(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		var members []string
		for _, name := range []string{"a", "B", "b", "Z", "z", "0", "-", "é", "e", "ab", "a-b", "a_b", "a.b"} {
			members = append(members, tracker.UserOf(0, name).Parent)
		}
		b.gathers("club", members...)
		b.together("club", activity("animes/7/episodes/1", `"completed":true`))
		b.settle()
		slices.Sort(members)
		for _, m := range members {
			page, err := b.library.ListTrackers(t.Context(), b.client, tracker.PageQuery{Parent: m})
			must(t, err)
			if len(page.Trackers) != 1 {
				t.Errorf("%s has %d trackers", m, len(page.Trackers))
			}
		}
	})
}
