package livetest

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/internal/testprovider"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// scene is a provider with alice, whose list has all that is odd and whose credentials
// are stored, and bob, whose list is empty. A provider that has a scene passes all of the
// tests below.
type scene struct {
	*bench
	site     *testprovider.Gate
	provider tracker.Provider
	kinds    []tracker.Kind      // all that the provider has
	bob      tracker.Credentials // what bob signs in with
	secrets  []string            // what must stand nowhere
	facts    map[string]tracker.Facts
	counts   string // what the first import of alice's list reports
	// finished and begun are keys of an entry that is being read or played, and of one
	// that is planned: our side completes the one and begins with the other.
	finished, begun string
	// begins starts the work of begun, where the provider knows what was watched
	// and no status besides; nil: it knows one.
	begins func()
	// dateless says that the provider has no dates.
	dateless bool
	strange  string // a work that no provider has
	// writes tells how often each entry was written, by its key.
	writes func() map[string]int
	// list gives what stands on a list, without ids and times that the site sets.
	list func(who string) map[string]any
	fill func(n int) // puts that many more entries on alice's list
	// large is how many works a list of 11,000 entries has, where the provider lists
	// episodes; 0: as many.
	large int
	// pace is the time from one request to the next.
	pace time.Duration
	// revoke makes alice's credentials worth nothing.
	revoke func()
}

// scenes set the providers up on a bench, one or several.
var scenes = map[string]func(b *bench) *scene{
	"anidb":        anidbScene,
	"anilist":      anilistScene,
	"mangadex":     mangadexScene,
	"mangaupdates": mangaupdatesScene,
	"myanimelist":  myanimelistScene,
	"vndb":         vndbScene,
}

// each runs a test for every provider, side by side with others.
func each(t *testing.T, test func(t *testing.T, open func(t *testing.T) *scene)) {
	t.Helper()
	t.Parallel()
	for name, set := range scenes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) *scene { t.Helper(); return set(newBench(t)) })
		})
	}
}

// limitedEvery gives the plan that every nth request gets the provider's signal to
// come later.
func limitedEvery(n int) func(int, *http.Request) testprovider.Trouble {
	return func(count int, _ *http.Request) testprovider.Trouble {
		if count%n == 0 {
			return testprovider.Limited
		}
		return testprovider.None
	}
}

func (s *scene) with(more ...string) tasks.Args {
	return args(append([]string{"provider", string(s.provider)}, more...)...)
}

// asBob gives the parameters of a task that signs in as bob.
func (s *scene) asBob() tasks.Args {
	var pairs []string
	for name, value := range s.bob {
		pairs = append(pairs, name, value)
	}
	return s.with(pairs...)
}

func (s *scene) listed(account string) map[string]tracker.Facts {
	s.t.Helper()
	return s.bench.facts(account, s.provider, s.kinds...)
}

// all reports whether a report has nothing but that outcome, and as many as there are
// entries; what cannot be tracked is skipped each time.
func (s *scene) all(r report, n int) bool {
	return n == len(s.facts) && n+r.Skipped == r.Total
}

// turn changes trackers on our side: one is completed, one begun, and one is of a work
// that the provider does not have.
func (s *scene) turn(r report) {
	s.t.Helper()
	day := func(text string) time.Time {
		at, err := time.Parse(time.DateOnly, text)
		s.must(err)
		return at
	}
	for _, item := range r.Items {
		var d tracker.Draft
		var mask []string
		switch {
		case item.Key == s.finished:
			d, mask = tracker.Draft{State: tracker.Completed, End: day("2025-02-03")}, []string{"state", "end_time"}
		case item.Key == s.begun && s.begins != nil:
			s.begins()
			continue
		case item.Key == s.begun:
			d, mask = tracker.Draft{State: tracker.InProgress, Start: day("2025-01-02")}, []string{"state", "start_time"}
		default:
			continue
		}
		_, err := s.library.UpdateTracker(s.t.Context(), s.client, item.Tracker, d, mask)
		s.must(err)
	}
	_, err := s.library.CreateTracker(s.t.Context(), s.client, "users/alice", tracker.Draft{Resource: s.strange, State: tracker.InProgress})
	s.must(err)
}

// exported fails unless an export reports what turn changed, each entry written as
// often.
func (s *scene) exported(r report, writes map[string]int) {
	s.t.Helper()
	if r.Updated != 2 || r.Created != 0 || r.Failed != 0 || r.Unchanged != len(s.facts)-2 || r.Skipped != 1 {
		s.t.Errorf("exported: %s\n%s", r.counts(), r.raw)
	}
	if diff := cmp.Diff(writes, s.writes()); writes != nil && diff != "" {
		s.t.Errorf("writes (-want +got):\n%s", diff)
	}
}

// turned is exported, and fails also unless the provider has what turn changed.
func (s *scene) turned(r report, writes map[string]int) {
	s.t.Helper()
	s.exported(r, writes)
	if again := s.do("alice", "import-from-provider", s.with()); !s.all(again, again.Unchanged) {
		s.t.Errorf("imported again: %s\n%s", again.counts(), again.raw)
	}
	s.sign("carol", s.provider, s.stored())
	s.do("carol", "import-from-provider", s.with())
	stands := s.listed("carol")
	done, begun := stands[s.finished], stands[s.begun]
	if done.Status != tracker.Done || begun.Status != tracker.Watching {
		s.t.Errorf("the entries are %+v and %+v", done, begun)
	}
	if !s.dateless && (done.Finish != tracker.Date{Year: 2025, Month: 2, Day: 3} || begun.Start != tracker.Date{Year: 2025, Month: 1, Day: 2}) {
		s.t.Errorf("the entries are %+v and %+v", done, begun)
	}
}

// state is what becomes of alice's list: at the provider, and here.
type state struct {
	There map[string]any
	Here  map[string]tracker.Facts
}

func (s *scene) state() state { return state{s.list("alice"), s.listed("alice")} }

// stored gives alice's credentials.
func (s *scene) stored() tracker.Credentials {
	s.t.Helper()
	c, err := s.library.Credentials(s.t.Context(), s.client, "users/alice", s.provider)
	s.must(err)
	return c
}

func (s *scene) once() map[string]int { return map[string]int{s.finished: 1, s.begun: 1} }
