package trackers_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// pages reads all pages and gives the names in the order they came.
func (b *bench) pages(ctx context.Context, q tracker.PageQuery, between func()) ([]string, error) {
	var names []string
	for {
		page, err := b.library.ListTrackers(ctx, b.client, q)
		if err != nil {
			return nil, err
		}
		for i := range page.Trackers {
			names = append(names, page.Trackers[i].Name())
		}
		if q.Token = page.Next; q.Token == "" {
			return names, nil
		}
		between()
	}
}

func TestPagesHaveFiftyTrackersAndAtMostAThousand(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.seed("users/alice", 1100)
		for _, c := range []struct{ asked, want int }{{0, 50}, {7, 7}, {1000, 1000}, {5000, 1000}} {
			page, err := b.library.ListTrackers(t.Context(), b.client, tracker.PageQuery{Parent: "users/alice", Size: c.asked})
			must(t, err)
			if len(page.Trackers) != c.want || page.Next == "" {
				t.Errorf("asked for %d, a page has %d trackers, want %d", c.asked, len(page.Trackers), c.want)
			}
		}
		_, err := b.library.ListTrackers(t.Context(), b.client, tracker.PageQuery{Parent: "users/alice", Size: -1, Filter: "bad"})
		wantFaults(t, err, tasks.CodeInvalid, "filter", "page_size")
		none, err := b.library.ListTrackers(t.Context(), b.client, tracker.PageQuery{Parent: "users/nobody"})
		must(t, err)
		if len(none.Trackers) != 0 || none.Next != "" {
			t.Errorf("a user without trackers has %+v", none)
		}
	})
}

func TestAPageTokenIsBoundToItsParentItsFilterAndItsClient(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		b.seed("users/alice", 5)
		other := b.newClient("other")
		q := tracker.PageQuery{Parent: "users/alice", Size: 2, Filter: "state = STATE_UNSPECIFIED"}
		page, err := b.library.ListTrackers(ctx, b.client, q)
		must(t, err)
		q.Token = page.Next
		if _, err := b.library.ListTrackers(ctx, b.client, q); err != nil {
			t.Fatal(err)
		}
		changed := []tracker.PageQuery{
			{Parent: "users/bob", Filter: q.Filter, Token: q.Token},
			{Parent: q.Parent, Token: q.Token},
			{Parent: q.Parent, Filter: q.Filter, Token: q.Token[:len(q.Token)-2] + "AA"},
			{Parent: q.Parent, Filter: q.Filter, Token: "nonsense"},
		}
		for _, c := range changed {
			_, err := b.library.ListTrackers(ctx, b.client, c)
			wantFaults(t, err, tasks.CodeInvalid, "page_token")
		}
		_, err = b.library.ListTrackers(ctx, other, q)
		wantFaults(t, err, tasks.CodeInvalid, "page_token")
	})
}

// seed makes n trackers with random states and times, in one change for each 500.
func (b *bench) seed(parent string, n int) {
	b.tb.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	owner := tracker.Owner{Client: b.client, Parent: parent}
	for from := 0; from < n; from += 500 {
		err := b.trackers.Write(b.tb.Context(), owner, tracker.Want{}, func(h *tracker.Held) error {
			for i := from; i < min(n, from+500); i++ {
				t, _ := h.Tracker(fmt.Sprintf("animes/%06d", r.IntN(1_000_000)))
				t.State = tracker.Unspecified
			}
			return nil
		})
		must(b.tb, err)
	}
}

// Whatever others write while the pages are read, what exists all the time is
// given once, and nothing twice.
func TestPagesAreStableWhileOthersWrite(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		round := 0
		rapid.Check(t, func(r *rapid.T) {
			round++
			parent := fmt.Sprintf("users/u%d", round)
			lasting := map[string]int{}
			var passing []string
			create := func(resource string) string {
				v, err := b.library.CreateTracker(t.Context(), b.client, parent, tracker.Draft{Resource: resource})
				if err != nil {
					r.Fatal(err)
				}
				return v.Name()
			}
			for i := range rapid.IntRange(1, 12).Draw(r, "trackers") {
				name := create(fmt.Sprintf("animes/x%d", i))
				if rapid.Bool().Draw(r, "lasts") {
					lasting[name] = 0
				} else {
					passing = append(passing, name)
				}
			}
			made := 0
			names, err := b.pages(t.Context(), tracker.PageQuery{Parent: parent, Size: rapid.IntRange(1, 4).Draw(r, "size")}, func() {
				switch what := rapid.IntRange(0, 3).Draw(r, "write"); {
				case what == 0 && len(passing) > 0:
					if err := b.library.DeleteTracker(t.Context(), b.client, passing[0]); err != nil {
						r.Fatal(err)
					}
					passing = passing[1:]
				case what == 1:
					if made++; made < 5 {
						create(fmt.Sprintf("animes/%d", made))
					}
				case what == 2:
					for name := range lasting {
						if _, err := b.library.UpdateTracker(t.Context(), b.client, name, tracker.Draft{State: tracker.OnHold}, []string{"state"}); err != nil {
							r.Fatal(err)
						}
						break
					}
				}
			})
			if err != nil {
				r.Fatal(err)
			}
			seen := map[string]bool{}
			for _, name := range names {
				if seen[name] {
					r.Fatalf("%s came twice", name)
				}
				seen[name] = true
			}
			for name := range lasting {
				if !seen[name] {
					r.Fatalf("%s was there all the time and did not come", name)
				}
			}
		})
	})
}

func TestPagesAreStableUnderConcurrentWriters(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.seed("users/alice", 400)
		before, err := b.pages(t.Context(), tracker.PageQuery{Parent: "users/alice", Size: 1000}, func() {})
		must(t, err)
		ctx, stop := context.WithCancel(t.Context())
		wrote := make(chan error)
		go func() {
			for i := 0; ; i++ {
				v, err := b.library.CreateTracker(ctx, b.client, "users/alice", tracker.Draft{Resource: fmt.Sprintf("animes/new%d", i)})
				if err == nil && i%2 == 0 {
					err = b.library.DeleteTracker(ctx, b.client, v.Name())
				}
				if err != nil {
					if ctx.Err() != nil {
						err = nil
					}
					wrote <- err
					return
				}
			}
		}()
		names, err := b.pages(t.Context(), tracker.PageQuery{Parent: "users/alice", Size: 7}, func() {})
		stop()
		must(t, errors.Join(err, <-wrote))
		if diff := cmp.Diff(before, names[:len(before)]); diff != "" {
			t.Errorf("what was there before does not come first, once and in its order:\n%s", diff)
		}
	})
}

var someTimes = []time.Time{{}, january, january.Add(time.Microsecond), march}

// drawFilter writes a random filter.
func drawFilter(r *rapid.T, depth int) string {
	pick := func(label string, list ...string) string { return rapid.SampledFrom(list).Draw(r, label) }
	ordered := []string{"=", "!=", "<", "<=", ">", ">="}
	kind := rapid.IntRange(0, 9).Draw(r, "kind")
	if depth == 0 {
		kind = min(kind, 4)
	}
	switch kind {
	case 0:
		return pick("field", "resource", "resource") + pick("op", ":", "=", " != ") + pick("resource", "animes/1", `"animes/2-x"`, "animes/*", "visualNovels/3", `"zz"`, "animes/2-*")
	case 1:
		return "state " + pick("op", ":", "=", "!=") + " " + pick("state", "IN_PROGRESS", "COMPLETED", "ON_HOLD", "STATE_UNSPECIFIED", "1", `"COMPLETED"`)
	case 2, 3:
		field := pick("time", "start_time", "end_time")
		if rapid.IntRange(0, 5).Draw(r, "has") == 0 {
			return field + ":*"
		}
		at := rapid.SampledFrom(someTimes[1:]).Draw(r, "at").Format(time.RFC3339Nano)
		return field + " " + pick("op", ordered...) + " " + pick("call", `"`+at+`"`, `timestamp("`+at+`")`)
	case 4:
		if rapid.IntRange(0, 5).Draw(r, "has") == 0 {
			return "progress_percentage:*"
		}
		return "progress_percentage " + pick("op", ordered...) + " " + pick("number", "0", "12.5", "25", "33.333333333333336", "100", "-1")
	case 5, 6:
		return "(" + drawFilter(r, depth-1) + " AND " + drawFilter(r, depth-1) + ")"
	case 7:
		return "(" + drawFilter(r, depth-1) + " OR " + drawFilter(r, depth-1) + ")"
	case 8:
		return "(" + drawFilter(r, depth-1) + " " + drawFilter(r, depth-1) + ")"
	}
	return pick("not", "NOT ", "-") + "(" + drawFilter(r, depth-1) + ")"
}

// The database gives what Filter.Match selects, for random filters over random
// trackers.
func TestFiltersSelectTheSameInTheDatabaseAndInGo(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		for i, work := range []string{"animes/1", "animes/2-x", "animes/3", "animes/4", "visualNovels/3"} {
			must(t, b.trackers.SaveWorks(t.Context(), b.client, []tracker.Work{{Resource: work, Regular: int64(i)}}))
		}
		round := 0
		rapid.Check(t, func(r *rapid.T) {
			round++
			owner := tracker.Owner{Client: b.client, Parent: fmt.Sprintf("users/f%d", round)}
			err := b.trackers.Write(t.Context(), owner, tracker.Want{}, func(h *tracker.Held) error {
				for _, work := range []string{"animes/1", "animes/2-x", "animes/3", "animes/4", "animes/5", "visualNovels/3"} {
					one, _ := h.Tracker(work)
					one.State = tracker.State(rapid.IntRange(0, 3).Draw(r, "state"))
					one.Start = rapid.SampledFrom(someTimes).Draw(r, "start")
					one.End = rapid.SampledFrom(someTimes).Draw(r, "end")
					one.FirstDone = rapid.Int64Range(0, 4).Draw(r, "first")
					if one.ByHand = rapid.IntRange(0, 3).Draw(r, "by hand") == 0; one.ByHand {
						one.Percentage = rapid.SampledFrom([]float64{0, 12.5, 100}).Draw(r, "percentage")
					}
					for n := range rapid.Int64Range(0, 3).Draw(r, "completed") {
						h.Completions = append(h.Completions, tracker.Completion{
							Tracker: one, Resource: fmt.Sprintf("%s/episodes/%d", work, n), Regular: rapid.Bool().Draw(r, "regular"), Ordinal: rapid.Int64Range(0, 5).Draw(r, "ordinal"),
						})
					}
				}
				return nil
			})
			if err != nil {
				r.Fatal(err)
			}
			everything, err := b.trackers.Page(t.Context(), owner, &tracker.Filter{}, 0, 100)
			if err != nil {
				r.Fatal(err)
			}
			for range 5 {
				text := drawFilter(r, 3)
				filter, err := tracker.ParseFilter(text)
				if err != nil {
					r.Fatalf("%s: %v", text, err)
				}
				var want []string
				for i := range everything {
					if filter.Match(&everything[i].Tracker, everything[i].Work) {
						want = append(want, everything[i].Resource)
					}
				}
				found, err := b.trackers.Page(t.Context(), owner, &filter, 0, 100)
				if err != nil {
					r.Fatalf("%s: %v", text, err)
				}
				var got []string
				for i := range found {
					got = append(got, found[i].Resource)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					r.Fatalf("%s selects (-Go +database):\n%s\nof %+v", text, diff, everything)
				}
			}
		})
	})
}
