package livetest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/internal/testprovider"
	fake "asapi/internal/testprovider/anidb"
	"asapi/tasks"
	"asapi/tasks/tracker"
	"asapi/tasks/tracker/anidb"
)

// ofDatagrams makes a plan that is about datagrams only, counted from 1.
func ofDatagrams(plan func(n int, command string) testprovider.Trouble) func(int, *http.Request) testprovider.Trouble {
	n := 0
	return func(_ int, r *http.Request) testprovider.Trouble {
		if r.Method != "UDP" {
			return testprovider.None
		}
		n++
		return plan(n, strings.TrimPrefix(r.URL.Path, "/"))
	}
}

// asked counts what AniDB was asked, such as "UDP /AUTH".
func (a *anidbStage) asked(what string) (n int) {
	for _, seen := range a.site.Seen() {
		if seen == what {
			n++
		}
	}
	return n
}

// listOf imports a list file with an anime of which these episodes were watched.
func (a *anidbStage) listOf(id, inside string) {
	a.do("alice", "import-trackers", withFile(args("provider", "anidb"), `<MyList><Anime Id="`+id+`">`+inside+`</Anime></MyList>`))
}

func (a *anidbStage) asBob() tasks.Args {
	return args("provider", "anidb", "username", "bob", "password", anidbPassword+"bob")
}

func TestDatagramsThatAreLostDoubledOrLateOnlyTakeTime(t *testing.T) {
	t.Parallel()
	calm := anidbScene(newBench(t))
	calm.turn(calm.do("alice", "import-from-provider", calm.with()))
	calm.do("alice", "export-to-provider", calm.with())
	troubles := []testprovider.Trouble{testprovider.Cut, testprovider.CutAfter, testprovider.Doubled, testprovider.Late, testprovider.Elsewhere, testprovider.WrongType}
	for shift := range troubles {
		s := anidbScene(newBench(t))
		s.turn(s.do("alice", "import-from-provider", s.with()))
		s.site.SetPlan(ofDatagrams(func(n int, _ string) testprovider.Trouble {
			if n%3 == 0 {
				return testprovider.None
			}
			return troubles[(n+shift)%len(troubles)]
		}))
		s.exported(s.do("alice", "export-to-provider", s.with()), nil)
		if diff := cmp.Diff(calm.list("alice"), s.list("alice")); diff != "" {
			t.Errorf("the list (-want +got):\n%s", diff)
		}
		s.secretless(s.secrets)
	}
}

func TestABanOfAniDBGivesTheWorkerBackForHours(t *testing.T) {
	t.Parallel()
	for name, only := range map[string]string{"a page": http.MethodGet, "a datagram": "UDP"} {
		a := newAniDBScene(newBench(t))
		s := a.scene
		if only == "UDP" {
			s.turn(s.do("alice", "import-from-provider", s.with()))
		}
		s.site.SetPlan(func(_ int, r *http.Request) testprovider.Trouble {
			if r.Method == only {
				return testprovider.Limited
			}
			return testprovider.None
		})
		a.site.Signal = "555 BANNED\nLeeching, " + anidbPassword + "alice"
		_, err := s.attempt(t.Context(), s.begin("alice", "export-to-provider"), s.with())
		later, waits := tasks.AsLater(err)
		if !waits || later.Until.Sub(s.clock.Now()) < 11*time.Hour || !strings.Contains(later.Message, "banned") {
			t.Errorf("%s: the task ended with %v", name, err)
		}
		if waits {
			s.secretless(s.secrets, later.Message)
		}
	}
}

func TestAServerThatIsSilentIsLeftAloneLongerEachTime(t *testing.T) {
	t.Parallel()
	s := anidbScene(newBench(t))
	s.turn(s.do("alice", "import-from-provider", s.with()))
	s.site.SetPlan(ofDatagrams(func(int, string) testprovider.Trouble { return testprovider.Cut }))
	before := s.site.Requests()
	if e := s.refused("alice", "export-to-provider", s.with()); e.Code != tasks.CodeDeadline || !strings.Contains(e.Message, "AniDB") {
		t.Errorf("a day of silence ended with %v", e)
	}
	if sent := s.site.Requests() - before; sent > 100 {
		t.Errorf("%d datagrams in a day of silence", sent)
	}
	s.secretless(s.secrets)
}

func TestASessionThatAniDBLostIsBegunAnew(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := newAniDB(b)
	a.site.Know(fake.Anime{ID: 1, Title: "Made Up", Ended: true, Episodes: episodes(6)})
	a.site.Lasts = 1
	a.listOf("1", `<Ep EpNo="2" StateIsWatched="1"/><Ep EpNo="4" StateIsWatched="1"/><Ep EpNo="6" StateIsWatched="1"/>`)
	if r := b.do("alice", "export-to-provider", args("provider", "anidb")); r.Created != 1 {
		t.Errorf("exported: %s\n%s", r.counts(), r.raw)
	}
	if n := a.asked("UDP /AUTH"); n != 3 {
		t.Errorf("it signed in %d times", n)
	}
	a.site.Last(0)
	a.listOf("1", `<Ep EpNo="1" StateIsWatched="1"/>`)
	b.do("alice", "export-to-provider", a.asBob())
	if n := a.asked("UDP /LOGOUT"); n != 1 || len(a.site.List(a.bob)[1]) != 4 {
		t.Errorf("another user came after %d sign-outs, and has %v", n, a.site.List(a.bob))
	}
}

func TestAnAnimeThatIsNewOnTheListIsPutThereByOneCommand(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := newAniDB(b)
	for id := int64(1); id <= 2; id++ {
		a.site.Know(fake.Anime{ID: id, Title: "Made Up", Ended: true, Episodes: episodes(12, "S1")})
	}
	b.do("alice", "import-trackers", withFile(args("provider", "anidb"), `<MyList><Anime Id="1" Eps="12" MyWatchedEps="12" IsWatched="1"/><Anime Id="2" Eps="12"><Ep EpNo="3" StateIsWatched="1"/></Anime></MyList>`))
	// One is there already, and the answer to the command for all of them says so.
	a.site.SetPlan(ofDatagrams(func(n int, _ string) testprovider.Trouble {
		if n == 2 {
			return testprovider.CutAfter
		}
		return testprovider.None
	}))
	if r := b.do("alice", "export-to-provider", args("provider", "anidb")); r.Created != 2 {
		t.Errorf("exported: %s\n%s", r.counts(), r.raw)
	}
	if n := a.asked("UDP /MYLISTADD"); n != 3 {
		t.Errorf("%d commands, want one that is sent twice, and one: %q", n, a.site.Seen())
	}
	list := a.site.List(a.alice)
	if len(list[1]) != 12 || len(list[2]) != 1 {
		t.Errorf("the list is %v", list)
	}
	for aid, n := range a.site.Writes() {
		if n != 1 {
			t.Errorf("an episode of %d was written %d times", aid, n)
		}
	}
}

func TestAnEpisodeThatAniDBDoesNotHaveIsToldAndTheOthersAreMarked(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := newAniDB(b)
	a.site.Know(fake.Anime{ID: 1, Title: "Made Up", Ended: true, Episodes: episodes(2)})
	b.do("alice", "import-trackers", withFile(args("provider", "anidb"), `<MyList><Anime Id="1" Eps="3" IsWatched="1"/><Anime Id="77" Eps="1" IsWatched="1"/></MyList>`))
	r := b.do("alice", "export-to-provider", args("provider", "anidb"))
	if r.counts() != "1 created, 0 updated, 0 unchanged, 0 skipped, 1 failed" || !strings.Contains(r.raw, "AniDB has no episode 3 of this anime.") || !strings.Contains(r.raw, "AniDB does not have this anime.") {
		t.Errorf("exported: %s\n%s", r.counts(), r.raw)
	}
	if list := a.site.List(a.alice); len(list[1]) != 2 || len(list) != 1 {
		t.Errorf("the list is %v", list)
	}
	sent := a.site.Requests()
	b.do("alice", "export-to-provider", args("provider", "anidb", "kind", "anime"))
	if a.asked("UDP /MYLISTADD") > 2 {
		t.Errorf("what AniDB does not have was sent after %d requests: %q", sent, a.site.Seen())
	}
}

func TestAListIsReadOnceInATaskAndAFewTimesADay(t *testing.T) {
	t.Parallel()
	s := anidbScene(newBench(t))
	began := s.clock.Now()
	for range 5 {
		s.do("alice", "import-from-provider", s.with())
	}
	pages := len(s.site.Seen())
	if want := 5*2 + len(s.facts); pages != want {
		t.Errorf("%d pages were asked, want %d: a list and votes each time, and each anime once", pages, want)
	}
	if took := s.clock.Now().Sub(began); took < 5*time.Hour || !strings.Contains(strings.Join(s.waits, "\n"), "4 times a day") {
		t.Errorf("five readings took %v, and waited for %q", took, s.waits)
	}
}

func TestAServerWithoutARegisteredClientSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change   func(*anidb.Options)
		variable string
	}{
		"no client":            {func(o *anidb.Options) { o.Client = anidb.Client{} }, "ASAPI_ANIDB_CLIENT"},
		"an unknown client":    {func(o *anidb.Options) { o.Client.Version = "99" }, "ASAPI_ANIDB_CLIENT"},
		"no client for UDP":    {func(o *anidb.Options) { o.Datagrams = anidb.Client{} }, "ASAPI_ANIDB_UDP_CLIENT"},
		"an old client by UDP": {func(o *anidb.Options) { o.Datagrams.Version = "2" }, "ASAPI_ANIDB_UDP_CLIENT"},
	} {
		b := newBench(t)
		a := newAniDB(b, test.change)
		a.site.Know(fake.Anime{ID: 1, Title: "Made Up", Episodes: episodes(1)})
		a.listOf("1", `<Ep EpNo="1" StateIsWatched="1"/>`)
		if e := b.refused("alice", "export-to-provider", args("provider", "anidb")); e.Code != tasks.CodePrecondition || !strings.Contains(e.Message, test.variable) {
			t.Errorf("%s: %v", name, e)
		}
	}
}

func TestAVoteIsForNowWhereAniDBDoesNotAllowOneForGood(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := newAniDB(b)
	a.site.Know(fake.Anime{ID: 1, Title: "Made Up", Ended: true, Episodes: episodes(2)})
	a.listOf("1", "")
	b.do("alice", "import-trackers", withFile(args("provider", "anidb"), `<MyList><Anime Id="1" Eps="2" MyVote="7.5"/></MyList>`))
	b.do("alice", "export-to-provider", args("provider", "anidb"))
	if votes, temp := a.site.Voted(a.alice); temp[1] != 750 || votes[1] != 0 {
		t.Errorf("the votes are %v and %v", votes, temp)
	}
	if again := b.do("alice", "import-from-provider", args("provider", "anidb")); again.Unchanged != 1 {
		t.Errorf("imported again: %s\n%s", again.counts(), again.raw)
	}
	if facts := b.facts("alice", tracker.AniDB, tracker.Anime)[anidbKey(1)]; facts.Score != 75 || facts.Status != tracker.PlannedTo {
		t.Errorf("the entry is %+v", facts)
	}
}
