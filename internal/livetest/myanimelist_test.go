package livetest

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"asapi/internal/testprovider"
	fake "asapi/internal/testprovider/myanimelist"
	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/myanimelist"
)

// malStage is MyAnimeList with its users; alice's lists have all that is odd.
type malStage struct {
	*scene
	site            *fake.Provider
	alice, bobs     *fake.User
	access, refresh string
}

func newMAL(b *bench) *malStage {
	m := &malStage{scene: &scene{bench: b, provider: tracker.MyAnimeList, kinds: []tracker.Kind{tracker.Anime, tracker.Manga}}, site: fake.New()}
	m.site.Now, m.site.Page = m.clock.Now, 3
	cfg := m.serve(m.site.Handler(), myanimelist.Rates)
	cfg.Bases = []string{cfg.Bases[0] + "/v2", cfg.Bases[0] + "/v1/oauth2"}
	adapter, err := myanimelist.NewLive(cfg, myanimelist.Application{ID: fake.ClientID})
	m.must(err)
	m.offer(adapter)
	var access, refresh string
	m.alice, m.access, m.refresh = m.site.Add("alice")
	m.bobs, access, refresh = m.site.Add("bob")
	m.bob = tracker.Credentials{"token": access, "refresh_token": refresh}
	m.secrets = []string{"access-alice", "refresh-alice", "access-bob", "refresh-bob"}
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
		{"manga", fake.Work{ID: 1, Title: "Drawn", Total: 40, Vols: 4}, fake.Entry{Status: "plan_to_read"}},
		{"manga", fake.Work{ID: 9, Title: "Written", Media: "light_novel"}, fake.Entry{Status: "dropped", Vols: 2}},
	} {
		m.site.Put(m.alice, one.kind, one.w, one.e)
	}
	m.sign("alice", tracker.MyAnimeList, tracker.Credentials{"token": m.access, "refresh_token": m.refresh})
	return m
}

func myanimelistScene(b *bench) *scene {
	m := newMAL(b)
	s := m.scene
	s.site, s.pace = &m.site.Gate, myanimelist.Rates[0].Every
	s.counts = "7 created, 0 updated, 0 unchanged, 0 skipped, 0 failed"
	s.finished, s.begun, s.strange = "myanimelist:anime:1", "myanimelist:manga:1", "animes/of-nobody"
	s.facts = map[string]tracker.Facts{
		"myanimelist:anime:1": {Title: "One", Status: tracker.Watching, Progress: 3, Total: 12, Score: 80, Start: tracker.Date{Year: 2022, Month: 2}},
		"myanimelist:anime:2": {Title: "Two <&>", Status: tracker.Done, Progress: 24, Total: 24, Repeats: 2, Notes: "x & y", Start: tracker.Date{Year: 2017}, Finish: tracker.Date{Year: 2017, Month: 10, Day: 23}},
		"myanimelist:anime:3": {Title: "Three", Status: tracker.Paused, Progress: 7},
		"myanimelist:anime:4": {Title: "Four", Status: tracker.Done, Progress: 5, Total: 26, Repeats: 1, Repeating: true},
		"myanimelist:anime:5": {Title: "Five", Status: tracker.PlannedTo, Total: 1},
		"myanimelist:manga:1": {Title: "Drawn", Status: tracker.PlannedTo, Total: 40, TotalVolumes: 4},
		"myanimelist:manga:9": {Title: "Written", Status: tracker.Dropped, Volumes: 2},
	}
	key := func(work string) string { return "myanimelist:" + strings.Replace(work, "/", ":", 1) }
	s.writes = func() map[string]int {
		out := map[string]int{}
		for work, n := range m.site.Writes() {
			out[key(work)] = n
		}
		return out
	}
	s.list = func(who string) map[string]any {
		out, u := map[string]any{}, map[string]*fake.User{"alice": m.alice, "bob": m.bobs}[who]
		for _, kind := range []string{"anime", "manga"} {
			for id, e := range m.site.List(u, kind) {
				out[key(fmt.Sprintf("%s/%d", kind, id))] = e
			}
		}
		return out
	}
	s.fill = func(n int) {
		if n > 1000 {
			m.site.Page = 0
		}
		for id := range n {
			m.site.Put(m.alice, "anime", fake.Work{ID: 1000 + id, Title: "More", Total: 12}, fake.Entry{Status: "completed", Progress: 12})
		}
	}
	s.revoke = func() { m.site.Revoke("alice") }
	return s
}

func TestATokenThatExpiresInTheMiddleIsRenewedOnceEachTimeAndKept(t *testing.T) {
	t.Parallel()
	m := newMAL(newBench(t))
	m.site.Lasts = 2
	_, access, refresh := m.site.Add("bob")
	m.sign("alice", tracker.MyAnimeList, tracker.Credentials{"token": "over", "refresh_token": m.refresh})
	r := m.do("alice", "import-from-provider", m.with())
	if r.Created != 7 || m.site.Renewed() != 2 {
		t.Errorf("imported: %s, renewed %d times", r.counts(), m.site.Renewed())
	}
	if kept := m.stored(); kept["refresh_token"] == m.refresh || !strings.HasPrefix(kept["token"], "access-alice-") {
		t.Error("what is kept is not the last that was given")
	}
	// A task with credentials of its own keeps what they become, over its waits.
	m.site.SetPlan(limitedEvery(5))
	own := m.do("alice", "export-to-provider", m.with("token", access, "refresh_token", refresh))
	if own.Created != 7 || len(m.waits) == 0 {
		t.Errorf("exported: %s, waits %d", own.counts(), len(m.waits))
	}
	m.secretless(m.secrets, r.raw, own.raw)
}

func TestANextPageOnAnotherHostIsNotAsked(t *testing.T) {
	t.Parallel()
	m := newMAL(newBench(t))
	watch := &testprovider.Watch{}
	other := httptest.NewServer(watch.Handler())
	defer other.Close()
	m.site.NextHost = strings.TrimPrefix(other.URL, "http://")
	if e := m.refused("alice", "import-from-provider", m.with()); !strings.Contains(e.Message, "nothing was sent there") || watch.Asked() != "" {
		t.Errorf("the fault is %v, and the other host was asked %q", e, watch.Asked())
	}
}

func TestPublicListsAreReadWithoutASignIn(t *testing.T) {
	t.Parallel()
	m := newMAL(newBench(t))
	if r := m.do("bob", "import-from-provider", m.with("username", "alice")); r.Created != 7 {
		t.Errorf("imported: %s", r.counts())
	}
	m.site.Know("anime", fake.Work{ID: 77})
	m.do("bob", "import-trackers", withFile(m.with(), `<myanimelist><anime><series_animedb_id>77</series_animedb_id><my_status>Completed</my_status></anime></myanimelist>`))
	if e := m.refused("bob", "export-to-provider", m.with("username", "alice")); e.Code != tasks.CodeUnauthorized {
		t.Errorf("written without a token: %v", e)
	}
	m.alice.Private = true
	if e := m.refused("bob", "import-from-provider", m.with("username", "alice")); e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "private") {
		t.Errorf("a private list: %v", e)
	}
}

func TestADateThatIsKnownInPartGoesToMyAnimeListAsItIs(t *testing.T) {
	t.Parallel()
	m := newMAL(newBench(t))
	m.site.Know("anime", fake.Work{ID: 77, Title: "Unlisted"})
	m.do("alice", "import-trackers", withFile(m.with(), `<myanimelist><anime><series_animedb_id>77</series_animedb_id><my_status>Completed</my_status><my_finish_date>2025-02-00</my_finish_date></anime></myanimelist>`))
	if r := m.do("alice", "export-to-provider", m.with()); r.Created != 1 {
		t.Errorf("exported: %s\n%s", r.counts(), r.raw)
	}
	if e := m.site.List(m.alice, "anime")[77]; e.Finish != "2025-02" || e.Start != "" {
		t.Errorf("the dates are %q and %q", e.Start, e.Finish)
	}
}

func TestCredentialsOfMyAnimeListEndWithTheSentenceThatFits(t *testing.T) {
	t.Parallel()
	m := newMAL(newBench(t))
	m.do("alice", "import-trackers", withFile(m.with(), `<myanimelist><anime><series_animedb_id>1</series_animedb_id><my_status>Completed</my_status></anime></myanimelist>`))
	m.site.ReadOnly = true
	if e := m.refused("alice", "export-to-provider", m.with()); e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "does not allow this") {
		t.Errorf("an application that may only read: %v", e)
	}
	if e := m.refused("alice", "import-from-provider", m.with("token", "over")); e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "expired or was revoked") {
		t.Errorf("a token that is over and cannot be renewed: %v", e)
	}
	if e := m.refused("alice", "import-from-provider", m.with("token", "over", "refresh_token", "over as well")); e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "does not renew the token any more") {
		t.Errorf("a refresh token that is over: %v", e)
	}
	m.secretless(append(m.secrets, "over as well"))
}
