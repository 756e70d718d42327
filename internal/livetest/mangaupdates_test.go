package livetest

import (
	"strconv"
	"strings"
	"testing"

	fake "asapi/internal/testprovider/mangaupdates"
	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/mangaupdates"
)

func muKey(id int64) string { return "mangaupdates:manga:" + strconv.FormatInt(id, 10) }

// far is where ids begin that need more than 32 bits.
const far = 64_897_697_000

func mangaupdatesScene(b *bench) *scene {
	s, _ := newMangaUpdates(b)
	return s
}

func newMangaUpdates(b *bench) (*scene, *fake.Provider) {
	site := fake.New()
	site.Lasts = 15
	s := &scene{bench: b, site: &site.Gate, provider: tracker.MangaUpdates, kinds: []tracker.Kind{tracker.Manga}, dateless: true, pace: mangaupdates.Rates[0].Every}
	site.Now = s.clock.Now
	cfg := s.serve(site.Handler(), mangaupdates.Rates)
	adapter, err := mangaupdates.NewLive(cfg)
	s.must(err)
	s.offer(adapter)
	alice, bob := site.Add("alice", "swordfish of alice"), site.Add("bob", "swordfish of bob")
	alice.Custom[101] = "hold"
	for id, e := range []fake.Entry{
		1: {List: 0, Chapter: 12, Volume: 1, Rating: 8.5},
		2: {List: 2, Chapter: 100, Rating: 10},
		3: {List: 3, Chapter: 7},
		4: {List: 4, Volume: 3},
		5: {List: 1},
		6: {List: 101, Chapter: 5},
	} {
		if id > 0 {
			site.Put(alice, far+int64(id), "Made Up "+strconv.Itoa(id), e)
		}
	}
	s.sign("alice", tracker.MangaUpdates, tracker.Credentials{"username": "alice", "password": "swordfish of alice"})
	s.bob = tracker.Credentials{"username": "bob", "password": "swordfish of bob"}
	s.secrets = []string{"swordfish", "session-"}
	s.counts = "6 created, 0 updated, 0 unchanged, 0 skipped, 0 failed"
	s.finished, s.begun, s.strange = muKey(far+1), muKey(far+5), "graphicNovels/of-nobody"
	s.facts = map[string]tracker.Facts{
		muKey(far + 1): {Title: "Made Up 1", Status: tracker.Watching, Progress: 12, Volumes: 1, Score: 85},
		muKey(far + 2): {Title: "Made Up 2", Status: tracker.Done, Progress: 100, Score: 100},
		muKey(far + 3): {Title: "Made Up 3", Status: tracker.Dropped, Progress: 7},
		muKey(far + 4): {Title: "Made Up 4", Status: tracker.Paused, Volumes: 3},
		muKey(far + 5): {Title: "Made Up 5", Status: tracker.PlannedTo},
		muKey(far + 6): {Title: "Made Up 6", Status: tracker.Paused, Progress: 5},
	}
	s.writes = func() map[string]int {
		out := map[string]int{}
		for id, n := range site.Writes() {
			out[muKey(id)] = n
		}
		return out
	}
	s.list = func(who string) map[string]any {
		out := map[string]any{}
		for id, e := range site.List(map[string]*fake.User{"alice": alice, "bob": bob}[who]) {
			if e.List == 101 { // bob has no such list, so it is on the site's own
				e.List = 4
			}
			out[muKey(id)] = []any{e.List, e.Volume, e.Chapter, e.Rating}
		}
		return out
	}
	s.fill = func(n int) {
		for id := range int64(n) {
			site.Put(alice, far+1000+id, "Filled "+strconv.FormatInt(id, 10), fake.Entry{List: 2, Chapter: 3})
		}
	}
	s.revoke = func() { site.Revoke(alice) }
	b.t.Cleanup(func() {
		if n := site.Hasty(); n > 0 {
			b.t.Errorf("%d changes came less than five seconds after another", n)
		}
	})
	return s, site
}

func TestWhatMangaUpdatesRefusesWithStatus200FailsAlone(t *testing.T) {
	t.Parallel()
	s, site := newMangaUpdates(newBench(t))
	site.Refused = map[int64]string{far + 1: "That series is locked."}
	s.turn(s.do("alice", "import-from-provider", s.with()))
	r := s.do("alice", "export-to-provider", s.with())
	if r.Failed != 1 || r.Updated != 1 || r.outcome(s.begun) == "none" || !strings.Contains(r.raw, "MangaUpdates refused the entry: An error has occurred. That series is locked.") {
		t.Errorf("exported: %s\n%s", r.counts(), r.raw)
	}
	site.Refused = nil
	if r := s.do("alice", "export-to-provider", s.with()); r.Failed != 0 || r.Updated != 1 {
		t.Errorf("once it is taken: %s\n%s", r.counts(), r.raw)
	}
}

func TestPagesOfMangaUpdatesThatAreShorterThanWasAskedForLoseNothing(t *testing.T) {
	t.Parallel()
	s, site := newMangaUpdates(newBench(t))
	site.Page = 40
	s.fill(139) // with one that is there before: three whole pages, and half of one
	r := s.do("alice", "import-from-provider", s.with())
	if r.Created != 139+len(s.facts) || r.Total != r.Created {
		t.Errorf("imported: %s", r.counts())
	}
}

func TestAUserWhoMayChangeNothingAtMangaUpdatesIsToldSo(t *testing.T) {
	t.Parallel()
	s, site := newMangaUpdates(newBench(t))
	site.Suspended = true
	s.turn(s.do("alice", "import-from-provider", s.with()))
	e := s.refused("alice", "export-to-provider", s.with())
	if e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "does not let this user do that") {
		t.Errorf("refused with %v", e)
	}
	if site.Logins() > 20 {
		t.Errorf("the user was signed in %d times", site.Logins())
	}
	s.secretless(s.secrets, e.Error())
}
