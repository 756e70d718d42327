package livetest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/internal/testprovider"
	fake "asapi/internal/testprovider/anilist"
	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anilist"
)

func day(parts ...int) (d fake.Date) {
	for i, to := range []**int{&d.Year, &d.Month, &d.Day} {
		if i < len(parts) {
			*to = &parts[i]
		}
	}
	return d
}

func show(id, mal, episodes int) fake.Media {
	return fake.Media{ID: id, MAL: mal, Type: "ANIME", Format: "TV", Title: fmt.Sprint("Made Up ", id), Episodes: episodes}
}

// anilistBench is a bench with AniList and a user whose lists have all that is odd.
type anilistBench struct {
	*bench
	site *fake.Provider
	user *fake.User
}

const anilistToken = "header.payload-of-alice.signature"

func newAniList(t *testing.T) *anilistBench {
	b := &anilistBench{bench: newBench(t), site: fake.New()}
	b.site.Now = b.clock.Now
	cfg := b.serve(b.site.Handler())
	cfg.Rates = anilist.Rates
	adapter, err := anilist.NewLive(cfg)
	b.must(err)
	b.offer(adapter)
	notes := "Seen with <friends> & \"family\""
	b.user = b.site.Add(anilistToken, &fake.User{Name: "alice", Custom: []string{"Best", "Rare"}})
	for _, one := range []struct {
		m fake.Media
		e fake.Entry
	}{
		{show(1, 101, 12), fake.Entry{Status: "CURRENT", Progress: 3, Score: 85, Start: day(2024, 5)}},
		{show(2, 0, 24), fake.Entry{Status: "COMPLETED", Progress: 24, Repeat: 2, Notes: &notes, Start: day(2021), Finish: day(2021, 12, 24)}},
		{show(3, 103, 12), fake.Entry{Status: "COMPLETED", Progress: 12, Custom: []string{"Best"}}},
		{show(4, 104, 13), fake.Entry{Status: "DROPPED", Progress: 2, Custom: []string{"Best", "Rare"}, Hidden: true, Private: true}},
		{show(5, 105, 0), fake.Entry{Status: "PAUSED", Progress: 7, Priority: 2}},
		{show(6, 106, 26), fake.Entry{Status: "REPEATING", Progress: 5, Repeat: 1}},
		{show(7, 107, 1), fake.Entry{Status: "PLANNING"}},
		{fake.Media{ID: 8, MAL: 101, Type: "MANGA", Format: "MANGA", Title: "Drawn", Chapters: 40, Volumes: 4}, fake.Entry{Status: "CURRENT", Progress: 12, Volumes: 1}},
		{fake.Media{ID: 9, Type: "MANGA", Format: "NOVEL", Title: "Written"}, fake.Entry{Status: "PAUSED", Volumes: 2}},
	} {
		b.site.Put(b.user, one.m, one.e)
	}
	b.sign("alice", tracker.AniList, tracker.Credentials{"token": anilistToken})
	return b
}

// turn changes some trackers on our side, so that an export has something to write.
func (b *anilistBench) turn() {
	b.t.Helper()
	b.do("alice", "import-trackers", withFile(args("provider", "myanimelist"), `<myanimelist>
		<anime><series_animedb_id>101</series_animedb_id><series_episodes>12</series_episodes><my_status>Watching</my_status><my_watched_episodes>9</my_watched_episodes></anime>
		<anime><series_animedb_id>107</series_animedb_id><series_episodes>1</series_episodes><my_status>Completed</my_status><my_watched_episodes>1</my_watched_episodes><my_finish_date>2025-02-03</my_finish_date></anime>
		<anime><series_animedb_id>999</series_animedb_id><my_status>Plan to Watch</my_status></anime>
	</myanimelist>`))
}

func provided(more ...string) tasks.Args {
	return args(append([]string{"provider", "anilist"}, more...)...)
}

func TestAniListIsImportedWholeAndAgainWithoutAChange(t *testing.T) {
	b := newAniList(t)
	r := b.do("alice", "import-from-provider", provided())
	if r.counts() != "9 created, 0 updated, 0 unchanged, 0 skipped, 0 failed" {
		t.Fatalf("imported: %s\n%s", r.counts(), r.raw)
	}
	got := b.facts("alice", tracker.AniList, tracker.Anime, tracker.Manga)
	want := map[string]tracker.Facts{
		"anilist:anime:1": {Title: "Made Up 1", Status: tracker.Watching, Progress: 3, Total: 12, Score: 85, Start: tracker.Date{Year: 2024, Month: 5}},
		"anilist:anime:2": {Title: "Made Up 2", Status: tracker.Done, Progress: 24, Total: 24, Repeats: 2, Notes: "Seen with <friends> & \"family\"", Start: tracker.Date{Year: 2021}, Finish: tracker.Date{Year: 2021, Month: 12, Day: 24}},
		"anilist:anime:3": {Title: "Made Up 3", Status: tracker.Done, Progress: 12, Total: 12},
		"anilist:anime:4": {Title: "Made Up 4", Status: tracker.Dropped, Progress: 2, Total: 13, Private: true},
		"anilist:anime:5": {Title: "Made Up 5", Status: tracker.Paused, Progress: 7},
		"anilist:anime:6": {Title: "Made Up 6", Status: tracker.Done, Progress: 5, Total: 26, Repeats: 1, Repeating: true},
		"anilist:anime:7": {Title: "Made Up 7", Status: tracker.PlannedTo, Total: 1},
		"anilist:manga:8": {Title: "Drawn", Status: tracker.Watching, Progress: 12, Volumes: 1, Total: 40, TotalVolumes: 4},
		"anilist:manga:9": {Title: "Written", Status: tracker.Paused, Volumes: 2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again := b.do("alice", "import-from-provider", provided()); again.Unchanged != 9 || again.Total != 9 {
		t.Errorf("imported again: %s", again.counts())
	}
	if one := b.do("alice", "import-from-provider", provided("kind", "manga")); one.Total != 2 {
		t.Errorf("of manga: %s", one.counts())
	}
}

func TestOnlyWhatChangedIsWrittenToAniListAndADryRunShowsIt(t *testing.T) {
	b := newAniList(t)
	b.do("alice", "import-from-provider", provided())
	if r := b.do("alice", "export-to-provider", provided()); r.Unchanged != 9 || len(b.site.Writes()) != 0 {
		t.Fatalf("nothing changed, and: %s, writes %v", r.counts(), b.site.Writes())
	}
	b.turn()
	dry := b.do("alice", "export-to-provider", provided("dry_run", "true"))
	if !dry.DryRun || dry.Updated != 2 || dry.Skipped != 1 || len(b.site.Writes()) != 0 || dry.outcome("anilist:anime:1") != "updated progress: 3 -> 9" {
		t.Fatalf("the dry run: %s, writes %v\n%s", dry.counts(), b.site.Writes(), dry.raw)
	}
	r := b.do("alice", "export-to-provider", provided())
	if r.counts() != "0 created, 2 updated, 7 unchanged, 1 skipped, 0 failed" {
		t.Errorf("exported: %s\n%s", r.counts(), r.raw)
	}
	if diff := cmp.Diff(map[int]int{1: 1, 7: 1}, b.site.Writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	list := b.site.List(b.user, "ANIME")
	if one, seven := list[1], list[7]; one.Progress != 9 || one.Status != "CURRENT" || one.Score != 85 || one.Start.Month == nil || seven.Status != "COMPLETED" || *seven.Finish.Day != 3 || seven.Start.Year != nil {
		t.Errorf("the entries are %+v and %+v", one, seven)
	}
	if again := b.do("alice", "import-from-provider", provided()); again.Unchanged != 9 {
		t.Errorf("imported again: %s\n%s", again.counts(), again.raw)
	}
	if again := b.do("alice", "export-to-provider", provided()); again.Updated != 0 || len(b.site.Writes()) != 2 {
		t.Errorf("exported again: %s", again.counts())
	}
}

func TestAWholeListMovesToAnEmptyAccountAndComesBackEqual(t *testing.T) {
	b := newAniList(t)
	other := b.site.Add("header.of-bob.signature", &fake.User{Name: "bob", ScoreFormat: "POINT_3", Custom: []string{"Best", "Rare"}})
	b.do("alice", "import-from-provider", provided())
	r := b.do("alice", "export-to-provider", provided("token", "header.of-bob.signature"))
	if r.Created != 9 || r.Total != 9 {
		t.Fatalf("exported: %s\n%s", r.counts(), r.raw)
	}
	for id, want := range b.site.List(b.user, "ANIME") {
		got := b.site.List(other, "ANIME")[id]
		want.ID, want.Created, want.Updated = got.ID, got.Created, got.Updated
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("entry %d (-alice +bob):\n%s", id, diff)
		}
	}
	b.sign("bob", tracker.AniList, tracker.Credentials{"token": "header.of-bob.signature"})
	b.do("bob", "import-from-provider", provided())
	if diff := cmp.Diff(b.facts("alice", tracker.AniList, tracker.Anime, tracker.Manga), b.facts("bob", tracker.AniList, tracker.Anime, tracker.Manga)); diff != "" {
		t.Errorf("(-alice +bob):\n%s", diff)
	}
	b.secretless([]string{"header.of-bob.signature", anilistToken}, r.raw)
}

// crashed runs a task whose process dies at each of the requests in turn, once before
// the provider did what was asked, and once after it; check looks at what came of it.
func crashed(t *testing.T, action string, check func(t *testing.T, b *anilistBench, r report)) {
	for _, trouble := range []testprovider.Trouble{testprovider.Cut, testprovider.CutAfter} {
		for n := 1; ; n++ {
			b := newAniList(t)
			if action == "export-to-provider" {
				b.do("alice", "import-from-provider", provided())
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
			for ctx.Err() == nil {
				_, err := b.attempt(ctx, task, provided())
				later, waits := tasks.AsLater(err)
				if err == nil {
					if n < 4 {
						t.Fatalf("the task has fewer than %d requests", n)
					}
					return // it has no more requests than that
				}
				if waits {
					b.clock.pass(max(later.Until.Sub(b.clock.Now()), 0))
				}
			}
			out, err := b.finish(task, provided())
			if err != nil {
				t.Fatalf("after request %d: %v", n, err)
			}
			check(t, b, b.report(out))
		}
	}
}

func TestAnImportThatIsInterruptedAtAnyRequestEndsAsOneThatIsNot(t *testing.T) {
	crashed(t, "import-from-provider", func(t *testing.T, b *anilistBench, r report) {
		if r.Created != 9 || r.Total != 9 {
			t.Errorf("imported: %s\n%s", r.counts(), r.raw)
		}
		if again := b.do("alice", "import-from-provider", provided()); again.Unchanged != 9 {
			t.Errorf("imported again: %s", again.counts())
		}
	})
}

func TestAnExportThatIsInterruptedAtAnyRequestWritesNothingTwiceAndForgetsNothing(t *testing.T) {
	crashed(t, "export-to-provider", func(t *testing.T, b *anilistBench, r report) {
		if r.counts() != "0 created, 2 updated, 7 unchanged, 1 skipped, 0 failed" {
			t.Errorf("exported: %s\n%s", r.counts(), r.raw)
		}
		if diff := cmp.Diff(map[int]int{1: 1, 7: 1}, b.site.Writes()); diff != "" {
			t.Errorf("writes (-want +got):\n%s", diff)
		}
		if again := b.do("alice", "import-from-provider", provided()); again.Unchanged != 9 {
			t.Errorf("imported again: %s", again.counts())
		}
	})
}

func TestAniListIsNeverAskedFasterThanItAllowsAndLimitsAllAlongOnlyTakeTime(t *testing.T) {
	b := newAniList(t)
	for id := 100; id < 150; id++ {
		b.site.Put(b.user, show(id, 0, 12), fake.Entry{Status: "CURRENT", Progress: 1})
	}
	other := b.site.Add("token of bob", &fake.User{Name: "bob"})
	b.site.SetPlan(func(n int, _ *http.Request) testprovider.Trouble {
		if n%3 == 0 {
			return testprovider.Limited
		}
		return testprovider.None
	})
	b.do("alice", "import-from-provider", provided())
	began := b.clock.Now()
	if r := b.do("alice", "export-to-provider", provided("token", "token of bob")); r.Created != 59 {
		t.Errorf("exported: %s", r.counts())
	}
	if n := len(b.site.List(other, "ANIME")); n != 57 {
		t.Errorf("bob has %d entries", n)
	}
	if fast, early := b.site.Violations(); fast != 0 || early != 0 {
		t.Errorf("%d requests came too fast and %d before the wait was over", fast, early)
	}
	if took := b.clock.Now().Sub(began); took < 59*2*time.Second {
		t.Errorf("it took %v only", took)
	}
	if len(b.waits) == 0 || !strings.Contains(b.waits[0], "AniList") || !strings.Contains(b.waits[0], "2026-11-22 12:0") {
		t.Errorf("the waits are told as %q", b.waits)
	}
}

func TestABurstOfFailuresOfEveryKindOnlyTakesTime(t *testing.T) {
	for _, trouble := range []testprovider.Trouble{testprovider.Broken, testprovider.Cut, testprovider.CutAfter, testprovider.WrongType, testprovider.Elsewhere} {
		b := newAniList(t)
		watch := &testprovider.Watch{}
		b.site.Elsewhere = b.serve(watch.Handler()).Bases[0]
		b.do("alice", "import-from-provider", provided())
		b.turn()
		b.site.SetPlan(func(n int, _ *http.Request) testprovider.Trouble {
			if n%5 != 0 && n < 60 {
				return trouble
			}
			return testprovider.None
		})
		if r := b.do("alice", "export-to-provider", provided()); r.counts() != "0 created, 2 updated, 7 unchanged, 1 skipped, 0 failed" {
			t.Errorf("trouble %d: exported: %s", trouble, r.counts())
		}
		if list := b.site.List(b.user, "ANIME"); list[1].Progress != 9 || list[7].Status != "COMPLETED" {
			t.Errorf("trouble %d: the entries are %+v and %+v", trouble, list[1], list[7])
		}
		if asked := watch.Asked(); asked != "" {
			t.Errorf("a host that is not configured was asked: %s", asked)
		}
		b.secretless([]string{anilistToken})
	}
}

func TestAListOfElevenThousandEntriesIsReadInChunks(t *testing.T) {
	b := newAniList(t)
	for id := 1000; id < 11_990; id++ {
		b.site.Put(b.user, show(id, 0, 12), fake.Entry{Status: "COMPLETED", Progress: 12})
	}
	r := b.do("alice", "import-from-provider", provided("kind", "anime"))
	if r.Created != 10_997 || b.site.Requests() != 23 {
		t.Errorf("imported: %s in %d requests", r.counts(), b.site.Requests())
	}
}

func TestCredentialsThatAreNoGoodEndATaskWithASentence(t *testing.T) {
	b := newAniList(t)
	if e := b.refused("nobody", "import-from-provider", provided()); e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "asapi credential add") {
		t.Errorf("without credentials: %v", e)
	}
	// {"exp":1700000000}
	if e := b.refused("alice", "import-from-provider", provided("token", "h.eyJleHAiOjE3MDAwMDAwMDB9.s")); e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "expired on 2023-11-14") {
		t.Errorf("expired: %v", e)
	}
	b.site.Revoke(anilistToken)
	e := b.refused("alice", "export-to-provider", provided())
	if e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "revoked") {
		t.Errorf("revoked: %v", e)
	}
	b.secretless([]string{anilistToken, "eyJleHAi"}, e.Error())
}

func TestWhatIsNamedIsDeletedAndNothingElse(t *testing.T) {
	b := newAniList(t)
	b.do("alice", "import-from-provider", provided())
	b.site.Put(b.user, show(55, 0, 3), fake.Entry{Status: "CURRENT"}) // of which our side knows nothing
	r := b.do("alice", "export-to-provider", provided("delete", "anilist:anime:3,anilist:anime:77"))
	if r.Updated != 2 || r.Unchanged != 8 || len(b.site.List(b.user, "ANIME")) != 7 {
		t.Errorf("exported: %s\n%s", r.counts(), r.raw)
	}
	if list := b.site.List(b.user, "ANIME"); list[3].ID != 0 || list[55].ID == 0 {
		t.Errorf("the list is %v", list)
	}
}
