package livetest

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/internal/testprovider"
	"asapi/tasks"
)

// interrupted runs a task whose process dies at each of the requests in turn, before
// the provider did what was asked; at those that change something also after it. What
// comes of it must be what comes of a task that is not interrupted, and check looks at
// the report of each.
func interrupted(t *testing.T, open func(t *testing.T) *scene, action string, check func(s *scene, r report)) {
	t.Helper()
	ready := func() *scene {
		s := open(t)
		if action != "import-from-provider" {
			s.turn(s.do("alice", "import-from-provider", s.with()))
		}
		return s
	}
	s := ready()
	var lists []map[string]any // as they stood before each request
	s.site.SetPlan(func(int, *http.Request) testprovider.Trouble {
		lists = append(lists, s.list("alice"))
		return testprovider.None
	})
	check(s, s.do("alice", action, s.with()))
	s.site.Settle()
	if len(lists) < 3 {
		t.Fatalf("the task has %d requests only", len(lists))
	}
	want := s.state()
	lists = append(lists, want.There)
	for n := 1; n < len(lists); n++ {
		troubles := []testprovider.Trouble{testprovider.Cut}
		if !cmp.Equal(lists[n-1], lists[n]) {
			troubles = append(troubles, testprovider.CutAfter)
		}
		for _, trouble := range troubles {
			s := ready()
			check(s, s.dying(action, n, trouble))
			if diff := cmp.Diff(want, s.state()); diff != "" {
				t.Errorf("after it died at request %d, trouble %d (-want +got):\n%s", n, trouble, diff)
			}
		}
	}
}

// dying does a task whose process dies at request n, and that another one takes up.
func (s *scene) dying(action string, n int, trouble testprovider.Trouble) report {
	s.t.Helper()
	ctx, die := context.WithCancelCause(s.t.Context())
	defer die(nil)
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
		switch {
		case err == nil:
			s.t.Fatalf("the task ended before request %d", n)
		case waits:
			s.clock.pass(max(later.Until.Sub(s.clock.Now()), 0))
		}
	}
	s.site.Settle()
	out, err := s.finish(task, s.with())
	if err != nil {
		s.t.Fatalf("after request %d: %v", n, err)
	}
	return s.report(out)
}

func TestAnImportInterruptedAtAnyRequestEndsAsOneThatIsNot(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		interrupted(t, open, "import-from-provider", func(s *scene, r report) {
			if r.counts() != s.counts {
				t.Errorf("imported: %s\n%s", r.counts(), r.raw)
			}
		})
	})
}

func TestAnExportInterruptedAtAnyRequestWritesNothingTwiceAndForgetsNothing(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		interrupted(t, open, "export-to-provider", func(s *scene, r report) { s.exported(r, s.once()) })
	})
}
