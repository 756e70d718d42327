package livetest

import (
	"context"
	"net/http"
	"strings"
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
	kind     tracker.Kind
	bob      tracker.Credentials // what bob signs in with
	secrets  []string            // what must stand nowhere
	facts    map[string]tracker.Facts
	counts   string // what the first import of alice's list reports
	// finished and begun are keys of an entry that is being read or played, and of one
	// that is planned: our side completes the one and begins with the other.
	finished, begun string
	// dateless says that the provider has no dates.
	dateless bool
	strange  string // a work that no provider has
	// writes tells how often each entry was written, by its key.
	writes func() map[string]int
	// list gives what stands on a list, without ids and times that the site sets.
	list func(who string) map[string]any
	fill func(n int) // puts that many more entries on alice's list
	// pace is the time from one request to the next.
	pace time.Duration
	// revoke makes alice's credentials worth nothing.
	revoke func()
}

// scenes are the providers; AniList and MyAnimeList have tests of their own.
var scenes = map[string]func(t *testing.T) *scene{
	"mangaupdates": mangaupdatesScene,
	"vndb":         vndbScene,
}

// each runs a test for every provider.
func each(t *testing.T, test func(t *testing.T, open func(t *testing.T) *scene)) {
	t.Helper()
	for name, open := range scenes {
		t.Run(name, func(t *testing.T) { test(t, open) })
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
	return s.bench.facts(account, s.provider, s.kind)
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
		switch item.Key {
		case s.finished:
			d, mask = tracker.Draft{State: tracker.Completed, End: day("2025-02-03")}, []string{"state", "end_time"}
		case s.begun:
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

// turned fails unless the provider has what turn changed, each entry written as often.
func (s *scene) turned(r report, writes map[string]int) {
	s.t.Helper()
	if r.Updated != 2 || r.Created != 0 || r.Failed != 0 || r.Unchanged != len(s.facts)-2 || r.Skipped != 1 {
		s.t.Errorf("exported: %s\n%s", r.counts(), r.raw)
	}
	if diff := cmp.Diff(writes, s.writes()); writes != nil && diff != "" {
		s.t.Errorf("writes (-want +got):\n%s", diff)
	}
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

// stored gives alice's credentials.
func (s *scene) stored() tracker.Credentials {
	s.t.Helper()
	c, err := s.library.Credentials(s.t.Context(), s.client, "users/alice", s.provider)
	s.must(err)
	return c
}

func (s *scene) once() map[string]int { return map[string]int{s.finished: 1, s.begun: 1} }

func TestAListIsImportedWholeAndAgainWithoutAChange(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		s := open(t)
		if r := s.do("alice", "import-from-provider", s.with()); r.counts() != s.counts {
			t.Fatalf("imported: %s\n%s", r.counts(), r.raw)
		}
		if diff := cmp.Diff(s.facts, s.listed("alice")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if again := s.do("alice", "import-from-provider", s.with("kind", string(s.kind))); !s.all(again, again.Unchanged) {
			t.Errorf("imported again: %s\n%s", again.counts(), again.raw)
		}
	})
}

func TestOnlyWhatChangedIsWrittenAndADryRunShowsIt(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		s := open(t)
		r := s.do("alice", "import-from-provider", s.with())
		if same := s.do("alice", "export-to-provider", s.with()); same.Unchanged != len(s.facts) || len(s.writes()) != 0 {
			t.Fatalf("nothing changed, and: %s, writes %v\n%s", same.counts(), s.writes(), same.raw)
		}
		s.turn(r)
		dry := s.do("alice", "export-to-provider", s.with("dry_run", "true"))
		if !dry.DryRun || dry.Updated != 2 || dry.Skipped != 1 || len(s.writes()) != 0 || !strings.Contains(dry.outcome(s.finished), "completed") {
			t.Fatalf("the dry run: %s, writes %v\n%s", dry.counts(), s.writes(), dry.raw)
		}
		s.turned(s.do("alice", "export-to-provider", s.with()), s.once())
		if again := s.do("alice", "export-to-provider", s.with()); again.Updated != 0 || len(s.writes()) != 2 {
			t.Errorf("exported again: %s\n%s", again.counts(), again.raw)
		}
	})
}

func TestAListMovesToAnEmptyAccountAndComesBackEqual(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		s := open(t)
		s.do("alice", "import-from-provider", s.with())
		r := s.do("alice", "export-to-provider", s.asBob())
		if r.Created != len(s.facts) || r.Total != r.Created {
			t.Fatalf("exported: %s\n%s", r.counts(), r.raw)
		}
		want, got := s.list("alice"), s.list("bob")
		for key := range want {
			if _, tracked := s.facts[key]; !tracked {
				delete(want, key)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("at the provider (-alice +bob):\n%s", diff)
		}
		s.sign("bob", s.provider, s.bob)
		s.do("bob", "import-from-provider", s.with())
		if diff := cmp.Diff(s.facts, s.listed("bob")); diff != "" {
			t.Errorf("imported (-alice +bob):\n%s", diff)
		}
		s.secretless(s.secrets, r.raw)
	})
}

// interrupted runs a task whose process dies at each of the requests in turn, once
// before the provider did what was asked, and once after it; check looks at what came
// of it.
func interrupted(t *testing.T, open func(t *testing.T) *scene, action string, check func(s *scene, r report)) {
	t.Helper()
	for _, trouble := range []testprovider.Trouble{testprovider.Cut, testprovider.CutAfter} {
		for n := 1; ; n++ {
			s := open(t)
			if action == "export-to-provider" {
				s.turn(s.do("alice", "import-from-provider", s.with()))
			}
			ctx, die := context.WithCancelCause(t.Context())
			s.site.SetPlan(func(count int, _ *http.Request) testprovider.Trouble {
				if count != n {
					return testprovider.None
				}
				die(tasks.ErrShuttingDown)
				return trouble
			})
			task := s.begin("alice", action)
			for ctx.Err() == nil {
				_, err := s.attempt(ctx, task, s.with())
				later, waits := tasks.AsLater(err)
				if err == nil {
					if n < 3 {
						t.Fatalf("the task has fewer than %d requests", n)
					}
					break
				}
				if waits {
					s.clock.pass(max(later.Until.Sub(s.clock.Now()), 0))
				}
			}
			if ctx.Err() == nil {
				break // it has no more requests than that
			}
			out, err := s.finish(task, s.with())
			if err != nil {
				t.Fatalf("after request %d: %v", n, err)
			}
			check(s, s.report(out))
		}
	}
}

func TestAnImportInterruptedAtAnyRequestEndsAsOneThatIsNot(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		interrupted(t, open, "import-from-provider", func(s *scene, r report) {
			if r.counts() != s.counts {
				t.Errorf("imported: %s\n%s", r.counts(), r.raw)
			}
			if diff := cmp.Diff(s.facts, s.listed("alice")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	})
}

func TestAnExportInterruptedAtAnyRequestWritesNothingTwiceAndForgetsNothing(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		interrupted(t, open, "export-to-provider", func(s *scene, r report) { s.turned(r, s.once()) })
	})
}

func TestLimitsAllAlongOnlyTakeTimeAndNobodyIsAskedFasterThanAllowed(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		s := open(t)
		s.fill(50)
		s.site.SetPlan(func(n int, _ *http.Request) testprovider.Trouble {
			if n%3 == 0 {
				return testprovider.Limited
			}
			return testprovider.None
		})
		s.do("alice", "import-from-provider", s.with())
		before, began := s.site.Requests(), s.clock.Now()
		if r := s.do("alice", "export-to-provider", s.asBob()); r.Created != len(s.facts)+50 {
			t.Errorf("exported: %s", r.counts())
		}
		if fast, early := s.site.Violations(); fast != 0 || early != 0 {
			t.Errorf("%d requests came too fast and %d before the wait was over", fast, early)
		}
		sent := s.site.Requests() - before
		if took := s.clock.Now().Sub(began); took < time.Duration(sent-2)*s.pace {
			t.Errorf("%d requests took %v only", sent, took)
		}
		if len(s.waits) == 0 || !strings.Contains(s.waits[0], tracker.Titles[s.provider]) {
			t.Errorf("the waits are told as %q", s.waits)
		}
		s.secretless(s.secrets)
	})
}

func TestBurstsOfFailuresOnlyTakeTime(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		for _, trouble := range []testprovider.Trouble{testprovider.Broken, testprovider.Cut, testprovider.CutAfter, testprovider.WrongType, testprovider.Elsewhere} {
			s := open(t)
			watch := &testprovider.Watch{}
			s.site.Elsewhere = s.serve(watch.Handler()).Bases[0]
			s.turn(s.do("alice", "import-from-provider", s.with()))
			s.site.SetPlan(func(n int, _ *http.Request) testprovider.Trouble {
				if n%5 != 0 && n < 60 {
					return trouble
				}
				return testprovider.None
			})
			s.turned(s.do("alice", "export-to-provider", s.with()), nil)
			if asked := watch.Asked(); asked != "" {
				t.Errorf("a host that is not configured was asked: %s", asked)
			}
			s.secretless(s.secrets)
		}
	})
}

func TestAListOfElevenThousandEntriesIsReadWhole(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		s := open(t)
		s.fill(11_000)
		if r := s.do("alice", "import-from-provider", s.with("kind", string(s.kind))); r.Created != len(s.facts)+11_000 {
			t.Errorf("imported: %s", r.counts())
		}
	})
}

func TestCredentialsThatAreTakenBackEndATaskWithASentence(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		s := open(t)
		if e := s.refused("nobody", "import-from-provider", s.with()); e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "asapi credential add") {
			t.Errorf("without credentials: %v", e)
		}
		s.revoke()
		e := s.refused("alice", "export-to-provider", s.with())
		if e.Code != tasks.CodeUnauthorized || !strings.Contains(e.Message, "Store new credentials for "+tracker.Titles[s.provider]) {
			t.Errorf("revoked: %v", e)
		}
		s.secretless(s.secrets, e.Error())
	})
}

func TestWhatIsNamedIsDeletedAndNothingElseIs(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		s := open(t)
		s.do("alice", "import-from-provider", s.with())
		s.fill(1) // of which our side knows nothing
		before := s.list("alice")
		if r := s.do("alice", "export-to-provider", s.with("delete", s.finished)); r.Updated != 1 || r.Unchanged != len(s.facts)-1 {
			t.Errorf("exported: %s\n%s", r.counts(), r.raw)
		}
		delete(before, s.finished)
		if diff := cmp.Diff(before, s.list("alice")); diff != "" {
			t.Errorf("the list (-want +got):\n%s", diff)
		}
	})
}
