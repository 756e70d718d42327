package livetest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/internal/testprovider"
	"asapi/internal/testserver"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

func TestAListIsImportedWholeAndAgainWithoutAChange(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		s := open(t)
		if r := s.do("alice", "import-from-provider", s.with()); r.counts() != s.counts {
			t.Fatalf("imported: %s\n%s", r.counts(), r.raw)
		}
		if diff := cmp.Diff(s.facts, s.listed("alice")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		again := 0
		for _, kind := range s.kinds {
			again += s.do("alice", "import-from-provider", s.with("kind", string(kind))).Unchanged
		}
		if again != len(s.facts) {
			t.Errorf("imported again: %d unchanged", again)
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

func TestLimitsAllAlongOnlyTakeTimeAndNobodyIsAskedFasterThanAllowed(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		s := open(t)
		s.fill(50)
		s.site.SetPlan(limitedEvery(2)) // who asks anew what was answered before a wait gets no further
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
		var want *state
		for _, trouble := range []testprovider.Trouble{testprovider.None, testprovider.Broken, testprovider.Cut, testprovider.CutAfter, testprovider.WrongType, testprovider.Elsewhere} {
			s := open(t)
			watch := &testprovider.Watch{}
			s.site.Elsewhere = s.serve(watch.Handler(), nil).Bases[0]
			s.turn(s.do("alice", "import-from-provider", s.with()))
			s.site.SetPlan(func(n int, _ *http.Request) testprovider.Trouble {
				if n%5 != 0 && n < 60 {
					return trouble
				}
				return testprovider.None
			})
			s.exported(s.do("alice", "export-to-provider", s.with()), nil)
			got := s.state()
			if want == nil {
				want = &got
			}
			if diff := cmp.Diff(*want, got); diff != "" {
				t.Errorf("after trouble %d (-want +got):\n%s", trouble, diff)
			}
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
		works := 11_000
		if s.large > 0 {
			works = s.large
		}
		s.fill(works)
		adapter, credentials := s.lives[0], s.stored()
		list, err := adapter.Open(t.Context(), accessOf(s.provider, credentials))
		s.must(err)
		read := map[string]bool{}
		for _, kind := range s.kinds {
			for cursor, first := "", true; first || cursor != ""; first = false {
				page, err := list.Page(t.Context(), kind, cursor)
				s.must(err)
				for _, row := range page.Rows {
					read[row.Key.String()] = true
				}
				cursor = page.Next
			}
		}
		if want := len(s.list("alice")); len(read) != want || want < works {
			t.Errorf("read %d entries of %d", len(read), want)
		}
	})
}

func TestAListOfElevenThousandEntriesIsImportedWhole(t *testing.T) {
	if !testserver.Unraced(t) {
		return
	}
	s := anilistScene(newBench(t))
	s.fill(11_000)
	if r := s.do("alice", "import-from-provider", s.with()); r.Created != len(s.facts)+11_000 {
		t.Errorf("imported: %s", r.counts())
	}
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

func TestANameThatNoEntryOfTheListHasDeletesNothing(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		s := open(t)
		s.do("alice", "import-from-provider", s.with())
		before := s.list("alice")
		part := strings.SplitN(s.finished, ":", 3)
		in := func(kind tracker.Kind) string { return part[0] + ":" + string(kind) + ":" + part[2] }
		absent, foreign := []string{s.finished + "?x=1"}, tracker.VisualNovel
		for _, kind := range s.kinds {
			if _, there := before[in(kind)]; !there {
				absent = append(absent, in(kind)) // another list of the provider
			}
			if kind == foreign {
				foreign = tracker.Anime
			}
		}
		for _, name := range absent {
			r := s.do("alice", "export-to-provider", s.with("delete", name, "delete", name))
			if r.outcome(name) != "unchanged" || r.Unchanged != r.Total-r.Skipped {
				t.Errorf("%s is %s of %s\n%s", name, r.outcome(name), r.counts(), r.raw)
			}
		}
		if e := s.refused("alice", "export-to-provider", s.with("delete", in(foreign))); e.Code != tasks.CodeInvalidParameter || e.Field != "delete" {
			t.Errorf("a name of a list that the provider does not have: %+v", e)
		}
		if diff := cmp.Diff(before, s.list("alice")); diff != "" {
			t.Errorf("the list (-want +got):\n%s", diff)
		}
	})
}

func TestListsComeAndGoOnPostgreSQLToo(t *testing.T) {
	t.Parallel()
	for name, set := range scenes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := set(newPostgresBench(t))
			first := s.do("alice", "import-from-provider", s.with())
			if diff := cmp.Diff(s.facts, s.listed("alice")); first.counts() != s.counts || diff != "" {
				t.Errorf("imported: %s (-want +got):\n%s", first.counts(), diff)
			}
			s.turn(first)
			s.site.SetPlan(limitedEvery(2))
			s.turned(s.do("alice", "export-to-provider", s.with()), s.once())
			if r := s.do("bob", "export-to-provider", s.asBob()); r.Failed != 0 {
				t.Errorf("of somebody who has nothing: %s", r.counts())
			}
			s.secretless(s.secrets, first.raw)
		})
	}
}
