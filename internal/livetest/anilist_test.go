package livetest

import (
	"fmt"
	"strings"
	"testing"

	fake "asapi/internal/testprovider/anilist"
	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anilist"
)

const (
	anilistToken = "header.payload-of-alice.signature"
	anilistBob   = "header.payload-of-bob.signature"
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

// anilistStage is AniList with its users; alice's lists have all that is odd.
type anilistStage struct {
	*scene
	site       *fake.Provider
	alice, bob *fake.User
}

func newAniList(b *bench) *anilistStage {
	a := &anilistStage{scene: &scene{bench: b, provider: tracker.AniList, kinds: []tracker.Kind{tracker.Anime, tracker.Manga}}, site: fake.New()}
	a.site.Now = a.clock.Now
	cfg := a.serve(a.site.Handler(), anilist.Rates)
	cfg.Bases = append(cfg.Bases, cfg.Bases[0]+"/api/v2/oauth")
	adapter, err := anilist.NewLive(cfg, anilist.Application{ID: fake.ClientID, Secret: fake.ClientSecret})
	a.must(err)
	a.offer(adapter)
	notes := "Seen with <friends> & \"family\""
	a.alice = a.site.Add(anilistToken, &fake.User{Name: "alice", Custom: []string{"Best", "Rare"}})
	a.bob = a.site.Add(anilistBob, &fake.User{Name: "bob", ScoreFormat: "POINT_3", Custom: []string{"Best", "Rare"}})
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
		{fake.Media{ID: 9, Type: "MANGA", Format: "NOVEL", Title: "Written"}, fake.Entry{Status: "PLANNING"}},
	} {
		a.site.Put(a.alice, one.m, one.e)
	}
	a.sign("alice", tracker.AniList, tracker.Credentials{"token": anilistToken})
	return a
}

func anilistScene(b *bench) *scene {
	a := newAniList(b)
	s := a.scene
	s.site, s.pace = &a.site.Gate, anilist.Rates[0].Every
	s.bob, s.secrets = tracker.Credentials{"token": anilistBob}, []string{"payload-of-"}
	s.counts = "9 created, 0 updated, 0 unchanged, 0 skipped, 0 failed"
	s.finished, s.begun, s.strange = "anilist:anime:1", "anilist:manga:9", "animes/of-nobody"
	s.facts = map[string]tracker.Facts{
		"anilist:anime:1": {Title: "Made Up 1", Status: tracker.Watching, Progress: 3, Total: 12, Score: 85, Start: tracker.Date{Year: 2024, Month: 5}},
		"anilist:anime:2": {Title: "Made Up 2", Status: tracker.Done, Progress: 24, Total: 24, Repeats: 2, Notes: "Seen with <friends> & \"family\"", Start: tracker.Date{Year: 2021}, Finish: tracker.Date{Year: 2021, Month: 12, Day: 24}},
		"anilist:anime:3": {Title: "Made Up 3", Status: tracker.Done, Progress: 12, Total: 12},
		"anilist:anime:4": {Title: "Made Up 4", Status: tracker.Dropped, Progress: 2, Total: 13, Private: true},
		"anilist:anime:5": {Title: "Made Up 5", Status: tracker.Paused, Progress: 7},
		"anilist:anime:6": {Title: "Made Up 6", Status: tracker.Done, Progress: 5, Total: 26, Repeats: 1, Repeating: true},
		"anilist:anime:7": {Title: "Made Up 7", Status: tracker.PlannedTo, Total: 1},
		"anilist:manga:8": {Title: "Drawn", Status: tracker.Watching, Progress: 12, Volumes: 1, Total: 40, TotalVolumes: 4},
		"anilist:manga:9": {Title: "Written", Status: tracker.PlannedTo},
	}
	key := func(id int) string { return fmt.Sprintf("anilist:%s:%d", strings.ToLower(a.site.Media[id].Type), id) }
	s.writes = func() map[string]int {
		out := map[string]int{}
		for id, n := range a.site.Writes() {
			out[key(id)] = n
		}
		return out
	}
	s.list = func(who string) map[string]any {
		out, u := map[string]any{}, map[string]*fake.User{"alice": a.alice, "bob": a.bob}[who]
		for _, kind := range []string{"ANIME", "MANGA"} {
			for id, e := range a.site.List(u, kind) {
				e.ID, e.Created, e.Updated = 0, 0, 0
				out[key(id)] = e
			}
		}
		return out
	}
	s.fill = func(n int) {
		for id := range n {
			a.site.Put(a.alice, show(1000+id, 0, 12), fake.Entry{Status: "COMPLETED", Progress: 12})
		}
	}
	s.revoke = func() { a.site.Revoke(anilistToken) }
	return s
}

func TestErrorsOfAniListThatComeWithStatus200AreErrors(t *testing.T) {
	t.Parallel()
	a := newAniList(newBench(t))
	a.finished, a.begun, a.strange = "anilist:anime:1", "anilist:manga:9", "animes/of-nobody"
	a.site.Status200 = true
	a.turn(a.do("alice", "import-from-provider", a.with()))
	a.site.SetPlan(limitedEvery(3))
	if r := a.do("alice", "export-to-provider", a.with()); r.Updated != 2 || r.Failed != 0 {
		t.Errorf("exported between limits: %s\n%s", r.counts(), r.raw)
	}
	if fast, early := a.site.Violations(); fast != 0 || early != 0 || len(a.waits) == 0 {
		t.Errorf("%d requests came too fast and %d before the wait was over; waits %q", fast, early, a.waits)
	}
	// An entry that the site refuses fails alone, with the site's words.
	a.site.Refused = map[int]string{2: "The repeat may not be greater than 1."}
	if r := a.do("alice", "export-to-provider", a.with("token", anilistBob)); r.Created != 8 || r.Failed != 1 || !strings.Contains(r.raw, "AniList refused the entry: repeat: The repeat may not be greater than 1.") {
		t.Errorf("one was refused: %s\n%s", r.counts(), r.raw)
	}
	a.site.Revoke(anilistToken)
	if e := a.refused("alice", "import-from-provider", a.with()); e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "revoked") {
		t.Errorf("revoked: %v", e)
	}
}

func TestAniListIsLeftAloneByAllWhileItsAPIIsSwitchedOff(t *testing.T) {
	t.Parallel()
	a := newAniList(newBench(t))
	a.sign("bob", tracker.AniList, tracker.Credentials{"token": anilistBob})
	a.site.Outage = true
	task := a.begin("alice", "import-from-provider")
	_, err := a.attempt(t.Context(), task, a.with())
	later, waits := tasks.AsLater(err)
	if !waits || later.Until.Sub(a.clock.Now()).Minutes() < 4 || !strings.Contains(later.Message, "switched off") {
		t.Fatalf("during the outage: %v", err)
	}
	asked := a.site.Requests()
	if _, err := a.attempt(t.Context(), a.begin("bob", "import-from-provider"), a.with()); err == nil || a.site.Requests() != asked {
		t.Errorf("another user asks all the same: %v, %d requests", err, a.site.Requests()-asked)
	}
	a.site.Outage = false
	out, err := a.finish(task, a.with())
	a.must(err)
	if r := a.report(out); r.Created != 9 {
		t.Errorf("imported after it: %s", r.counts())
	}
}

func TestATokenOfAniListSaysItselfThatItExpired(t *testing.T) {
	t.Parallel()
	a := newAniList(newBench(t))
	// {"exp":1700000000}
	if e := a.refused("alice", "import-from-provider", a.with("token", "h.eyJleHAiOjE3MDAwMDAwMDB9.s")); e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "expired on 2023-11-14") {
		t.Errorf("expired: %v", e)
	}
	if a.site.Requests() != 0 {
		t.Errorf("%d requests were made with it", a.site.Requests())
	}
	a.secretless([]string{"eyJleHAi"})
}
