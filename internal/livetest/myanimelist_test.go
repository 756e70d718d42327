package livetest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/internal/testprovider"
	fake "asapi/internal/testprovider/myanimelist"
	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/myanimelist"
)

// malBench is a bench with MyAnimeList and a user whose lists have all that is odd.
type malBench struct {
	*bench
	site            *fake.Provider
	user            *fake.User
	access, refresh string
}

func newMAL(t *testing.T) *malBench {
	b := &malBench{bench: newBench(t), site: fake.New()}
	b.site.Now, b.site.Page = b.clock.Now, 3
	cfg := b.serve(b.site.Handler())
	cfg.Rates = myanimelist.Rates
	cfg.Bases = []string{cfg.Bases[0] + "/v2", cfg.Bases[0] + "/v1/oauth2"}
	adapter, err := myanimelist.NewLive(cfg, myanimelist.Application{ID: fake.ClientID})
	b.must(err)
	b.offer(adapter)
	b.user, b.access, b.refresh = b.site.Add("alice")
	for _, one := range []struct {
		kind string
		w    fake.Work
		e    fake.Entry
	}{
		{"anime", fake.Work{ID: 1, Title: "One", Total: 12}, fake.Entry{Status: "watching", Score: 8, Progress: 3, Start: "2022-02"}},
		{"anime", fake.Work{ID: 2, Title: "Two <&>", Total: 24, Gray: true}, fake.Entry{Status: "completed", Progress: 24, Times: 2, Like: 4, Start: "2017", Finish: "2017-10-23", Tags: []string{"a", "b"}, Comments: "x & y"}},
		{"anime", fake.Work{ID: 3, Title: "Three"}, fake.Entry{Status: "on_hold", Progress: 7, Priority: 2}},
		{"anime", fake.Work{ID: 4, Title: "Four", Total: 26}, fake.Entry{Status: "completed", Progress: 5, Again: true, Times: 1}},
		{"anime", fake.Work{ID: 5, Title: "Five", Total: 1}, fake.Entry{Status: "plan_to_watch"}},
		{"manga", fake.Work{ID: 1, Title: "Drawn", Total: 40, Vols: 4}, fake.Entry{Status: "reading", Progress: 12, Vols: 1, Score: 10}},
		{"manga", fake.Work{ID: 9, Title: "Written", Media: "light_novel"}, fake.Entry{Status: "dropped", Vols: 2}},
	} {
		b.site.Put(b.user, one.kind, one.w, one.e)
	}
	b.sign("alice", tracker.MyAnimeList, tracker.Credentials{"token": b.access, "refresh_token": b.refresh})
	return b
}

// turn changes two trackers on our side.
func (b *malBench) turn() {
	b.t.Helper()
	b.do("alice", "import-trackers", withFile(args("provider", "myanimelist"), `<myanimelist>
		<anime><series_animedb_id>1</series_animedb_id><my_status>Watching</my_status><my_watched_episodes>9</my_watched_episodes></anime>
		<anime><series_animedb_id>77</series_animedb_id><series_title>Unlisted</series_title><my_status>Completed</my_status><my_watched_episodes>2</my_watched_episodes><my_finish_date>2025-02-00</my_finish_date></anime>
	</myanimelist>`))
}

func malArgs(more ...string) tasks.Args {
	return args(append([]string{"provider", "myanimelist"}, more...)...)
}

func TestMyAnimeListIsImportedWholeAndAgainWithoutAChange(t *testing.T) {
	b := newMAL(t)
	if r := b.do("alice", "import-from-provider", malArgs()); r.Created != 7 || r.Total != 7 {
		t.Fatalf("imported: %s\n%s", r.counts(), r.raw)
	}
	want := map[string]tracker.Facts{
		"myanimelist:anime:1": {Title: "One", Status: tracker.Watching, Progress: 3, Total: 12, Score: 80, Start: tracker.Date{Year: 2022, Month: 2}},
		"myanimelist:anime:2": {Title: "Two <&>", Status: tracker.Done, Progress: 24, Total: 24, Repeats: 2, Notes: "x & y", Start: tracker.Date{Year: 2017}, Finish: tracker.Date{Year: 2017, Month: 10, Day: 23}},
		"myanimelist:anime:3": {Title: "Three", Status: tracker.Paused, Progress: 7},
		"myanimelist:anime:4": {Title: "Four", Status: tracker.Done, Progress: 5, Total: 26, Repeats: 1, Repeating: true},
		"myanimelist:anime:5": {Title: "Five", Status: tracker.PlannedTo, Total: 1},
		"myanimelist:manga:1": {Title: "Drawn", Status: tracker.Watching, Progress: 12, Volumes: 1, Total: 40, TotalVolumes: 4, Score: 100},
		"myanimelist:manga:9": {Title: "Written", Status: tracker.Dropped, Volumes: 2},
	}
	if diff := cmp.Diff(want, b.facts("alice", tracker.MyAnimeList, tracker.Anime, tracker.Manga)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again := b.do("alice", "import-from-provider", malArgs()); again.Unchanged != 7 {
		t.Errorf("imported again: %s\n%s", again.counts(), again.raw)
	}
	if r := b.do("alice", "export-to-provider", malArgs()); r.Unchanged != 7 || len(b.site.Writes()) != 0 {
		t.Errorf("nothing changed, and: %s, writes %v", r.counts(), b.site.Writes())
	}
}

func TestAWholeListMovesToAnEmptyAccountOfMyAnimeListAndComesBackEqual(t *testing.T) {
	b := newMAL(t)
	other, access, refresh := b.site.Add("bob")
	b.do("alice", "import-from-provider", malArgs())
	if r := b.do("alice", "export-to-provider", malArgs("token", access, "refresh_token", refresh)); r.Created != 7 || r.Total != 7 {
		t.Fatalf("exported: %s\n%s", r.counts(), r.raw)
	}
	for _, kind := range []string{"anime", "manga"} {
		if diff := cmp.Diff(b.site.List(b.user, kind), b.site.List(other, kind)); diff != "" {
			t.Errorf("%s (-alice +bob):\n%s", kind, diff)
		}
	}
	b.sign("bob", tracker.MyAnimeList, tracker.Credentials{"token": access, "refresh_token": refresh})
	b.do("bob", "import-from-provider", malArgs())
	if diff := cmp.Diff(b.facts("alice", tracker.MyAnimeList, tracker.Anime, tracker.Manga), b.facts("bob", tracker.MyAnimeList, tracker.Anime, tracker.Manga)); diff != "" {
		t.Errorf("(-alice +bob):\n%s", diff)
	}
}

func TestAnyRequestToMyAnimeListMayBeTheLastOfItsProcess(t *testing.T) {
	for _, action := range []string{"import-from-provider", "export-to-provider"} {
		for _, trouble := range []testprovider.Trouble{testprovider.Cut, testprovider.CutAfter} {
			for n, over := 1, false; !over; n++ {
				b := newMAL(t)
				if action == "export-to-provider" {
					b.do("alice", "import-from-provider", malArgs())
					b.site.Know("anime", fake.Work{ID: 77, Title: "Unlisted"})
					b.turn()
				}
				ctx, die := context.WithCancelCause(t.Context())
				b.site.SetPlan(func(count int, _ *http.Request) testprovider.Trouble {
					if count != n {
						return testprovider.None
					}
					die(tasks.ErrShuttingDown)
					return trouble
				})
				task := b.begin("alice", action)
				out, err := b.attempt(ctx, task, malArgs())
				if over = err == nil; !over {
					out, err = b.finish(task, malArgs())
				}
				b.must(err)
				r := b.report(out)
				switch {
				case action == "import-from-provider" && r.Created != 7:
					t.Errorf("request %d: imported: %s", n, r.counts())
				case action == "export-to-provider":
					if diff := cmp.Diff(map[string]int{"anime/1": 1, "anime/77": 1}, b.site.Writes()); diff != "" || r.counts() != "1 created, 1 updated, 6 unchanged, 0 skipped, 0 failed" {
						t.Errorf("request %d, trouble %d: exported: %s, writes (-want +got):\n%s", n, trouble, r.counts(), diff)
					}
					if e := b.site.List(b.user, "anime")[77]; e.Finish != "2025-02" || e.Start != "" {
						t.Errorf("the dates are %q and %q", e.Start, e.Finish)
					}
				}
				if again := b.do("alice", "import-from-provider", malArgs()); again.Unchanged != again.Total {
					t.Errorf("request %d: imported again: %s\n%s", n, again.counts(), again.raw)
				}
				if over && n < 4 {
					t.Errorf("%s has fewer than %d requests", action, n)
				}
			}
		}
	}
}

func TestATokenThatExpiresInTheMiddleIsRenewedOnceEachTimeAndKept(t *testing.T) {
	b := newMAL(t)
	b.site.Lasts = 2
	_, access, refresh := b.site.Add("bob")
	b.sign("alice", tracker.MyAnimeList, tracker.Credentials{"token": "over", "refresh_token": b.refresh})
	r := b.do("alice", "import-from-provider", malArgs())
	if r.Created != 7 || b.site.Renewed() != 2 {
		t.Errorf("imported: %s, renewed %d times", r.counts(), b.site.Renewed())
	}
	kept, err := b.library.Credentials(t.Context(), b.client, "users/alice", tracker.MyAnimeList)
	if err != nil || kept["refresh_token"] == b.refresh || !strings.HasPrefix(kept["token"], "access-alice-") {
		t.Errorf("what is kept is not the last that was given: %v", err)
	}
	// A task with credentials of its own keeps what they become, over its waits.
	b.site.SetPlan(func(n int, _ *http.Request) testprovider.Trouble {
		if n%5 == 0 {
			return testprovider.Limited
		}
		return testprovider.None
	})
	own := b.do("alice", "export-to-provider", malArgs("token", access, "refresh_token", refresh))
	if own.Created != 7 || len(b.waits) == 0 {
		t.Errorf("exported: %s, waits %d", own.counts(), len(b.waits))
	}
	b.secretless([]string{"access-alice", "refresh-alice", "access-bob", "refresh-bob"}, r.raw, own.raw)
}

func TestMyAnimeListIsNeverAskedFasterThanItBears(t *testing.T) {
	b := newMAL(t)
	for id := 100; id < 130; id++ {
		b.site.Put(b.user, "anime", fake.Work{ID: id, Title: "More", Total: 12}, fake.Entry{Status: "watching", Progress: 1})
	}
	_, access, _ := b.site.Add("bob")
	b.site.SetPlan(func(n int, _ *http.Request) testprovider.Trouble {
		if n%4 == 0 {
			return testprovider.Limited
		}
		return testprovider.None
	})
	b.do("alice", "import-from-provider", malArgs())
	if r := b.do("alice", "export-to-provider", malArgs("token", access)); r.Created != 37 {
		t.Errorf("exported: %s", r.counts())
	}
	if fast, early := b.site.Violations(); fast != 0 || early != 0 {
		t.Errorf("%d requests came too fast and %d before the wait was over", fast, early)
	}
	if len(b.waits) == 0 || !strings.Contains(b.waits[0], "too many") {
		t.Errorf("the waits are told as %q", b.waits)
	}
}

func TestANextPageOnAnotherHostIsNotAsked(t *testing.T) {
	b := newMAL(t)
	watch := &testprovider.Watch{}
	other := httptest.NewServer(watch.Handler())
	defer other.Close()
	b.site.NextHost = strings.TrimPrefix(other.URL, "http://")
	if e := b.refused("alice", "import-from-provider", malArgs()); !strings.Contains(e.Message, "nothing was sent there") || watch.Asked() != "" {
		t.Errorf("the fault is %v, and the other host was asked %q", e, watch.Asked())
	}
}

func TestPublicListsAreReadWithoutASignIn(t *testing.T) {
	b := newMAL(t)
	if r := b.do("bob", "import-from-provider", malArgs("username", "alice")); r.Created != 7 {
		t.Errorf("imported: %s", r.counts())
	}
	b.site.Know("anime", fake.Work{ID: 77})
	b.do("bob", "import-trackers", withFile(args("provider", "myanimelist"), `<myanimelist><anime><series_animedb_id>77</series_animedb_id><my_status>Completed</my_status></anime></myanimelist>`))
	if e := b.refused("bob", "export-to-provider", malArgs("username", "alice")); e.Code != tasks.CodeUnauthorized {
		t.Errorf("written without a token: %v", e)
	}
	b.user.Private = true
	if e := b.refused("bob", "import-from-provider", malArgs("username", "alice")); e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "private") {
		t.Errorf("a private list: %v", e)
	}
	b.site.Revoke("alice")
	if e := b.refused("alice", "import-from-provider", malArgs()); e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "expired or was revoked") {
		t.Errorf("revoked: %v", e)
	}
	if b.clock.Now().After(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Error("all of that took more than a month")
	}
}
