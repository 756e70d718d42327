package livetest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/internal/testprovider"
	fakeanilist "asapi/internal/testprovider/anilist"
	fakemal "asapi/internal/testprovider/myanimelist"
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// diverged gives a bench of two providers that were alike, until each side changed
// something: both of them have to be written.
func diverged(t *testing.T) *mover {
	t.Helper()
	m := newMover(t, 21)
	m.do("alice", "sync-with-provider", pair())
	m.watch("1", "Watching", 9) // here: goes to both
	m.anilist.Put(m.anilistAlice, *m.anilist.Media[onAniList+6], fakeanilist.Entry{Status: "CURRENT", Progress: 1, Score: 70, Start: day(2024, 3, 5)})
	m.mal.Put(m.malAlice, "anime", fakemal.Work{ID: 11, Title: "Made Up 11", Total: 12}, fakemal.Entry{Status: "completed", Progress: 12, Score: 2, Start: "2024-03-05"})
	return m
}

func pair() tasks.Args { return args("provider", "myanimelist", "with", "anilist", "kind", "anime") }

// all is what stands everywhere, and how often it was written.
func (m *mover) all() []any {
	there := m.anilist.List(m.anilistAlice, "ANIME")
	for id, e := range there {
		e.ID, e.Created, e.Updated = 0, 0, 0
		there[id] = e
	}
	return []any{
		m.mal.List(m.malAlice, "anime"), there, m.mal.Writes(), m.anilist.Writes(),
		m.facts("alice", tracker.MyAnimeList, tracker.Anime), m.facts("alice", tracker.AniList, tracker.Anime),
	}
}

// plan gives the requests to both providers a plan, counted together.
func (m *mover) plan(of func(n int) testprovider.Trouble) {
	var count atomic.Int64
	plan := func(int, *http.Request) testprovider.Trouble { return of(int(count.Add(1))) }
	m.mal.SetPlan(plan)
	m.anilist.SetPlan(plan)
}

func TestASyncOfTwoProvidersMayBeInterruptedAtAnyRequestToEither(t *testing.T) {
	t.Parallel()
	whole := diverged(t)
	var requests int
	whole.plan(func(n int) testprovider.Trouble { requests = n; return testprovider.None })
	r := whole.do("alice", "sync-with-provider", pair())
	want := whole.all()
	if r.Updated != 6 || r.Conflicts != 0 || requests < 6 {
		t.Fatalf("synced: %s in %d requests\n%s", r.counts(), requests, r.raw)
	}
	for n := 1; n <= requests; n++ {
		for _, trouble := range []testprovider.Trouble{testprovider.Cut, testprovider.CutAfter} {
			m := diverged(t)
			ctx, die := context.WithCancelCause(t.Context())
			m.plan(func(at int) testprovider.Trouble {
				if at != n {
					return testprovider.None
				}
				die(tasks.ErrShuttingDown)
				return trouble
			})
			task := m.begin("alice", "sync-with-provider")
			for ctx.Err() == nil {
				_, err := m.attempt(ctx, task, pair())
				later, waits := tasks.AsLater(err)
				switch {
				case err == nil:
					t.Fatalf("the task ended before request %d", n)
				case waits:
					m.clock.pass(max(later.Until.Sub(m.clock.Now()), 0))
				}
			}
			die(errors.New("over"))
			m.mal.Settle()
			m.anilist.Settle()
			out, err := m.finish(task, pair())
			if err != nil {
				t.Fatalf("after request %d: %v", n, err)
			}
			if again := m.report(out); again.counts() != r.counts() {
				t.Errorf("request %d, trouble %d: %s, want %s\n%s", n, trouble, again.counts(), r.counts(), again.raw)
			}
			if diff := cmp.Diff(want, m.all()); diff != "" {
				t.Errorf("request %d, trouble %d (-want +got):\n%s", n, trouble, diff)
			}
		}
	}
}

func TestWhatListsSayOfIDsBringsNewEntriesOfTwoProvidersTogether(t *testing.T) {
	t.Parallel()
	m := newMover(t, 20)
	// Of these works no reference says anything, but AniList's list does.
	for id := 501; id < 505; id++ {
		m.mal.Know("anime", fakemal.Work{ID: id, Title: fmt.Sprint("Made Up ", id), Total: 12})
		media := fakeanilist.Media{ID: onAniList + id, MAL: id, Type: "ANIME", Format: "TV", Title: fmt.Sprint("Made Up ", id), Episodes: 12}
		m.anilist.Put(m.anilistAlice, media, fakeanilist.Entry{Status: "CURRENT", Progress: 5, Start: day(2024, 3, 5)})
	}
	m.mal.Put(m.malAlice, "anime", fakemal.Work{ID: 501, Title: "Made Up 501", Total: 12}, fakemal.Entry{Status: "watching", Progress: 5, Start: "2024-03-05"})
	m.mal.Put(m.malAlice, "anime", fakemal.Work{ID: 502, Title: "Made Up 502", Total: 12}, fakemal.Entry{Status: "watching", Progress: 7, Score: 9})
	m.do("alice", "import-trackers", withFile(args("provider", "myanimelist"), `<myanimelist><anime>
		<series_animedb_id>503</series_animedb_id><my_status>Watching</my_status><my_watched_episodes>3</my_watched_episodes></anime></myanimelist>`))
	dry := m.do("alice", "sync-with-provider", args("provider", "myanimelist", "with", "anilist", "conflicts", "furthest", "dry_run", "true"))
	r := m.do("alice", "sync-with-provider", args("provider", "myanimelist", "with", "anilist", "conflicts", "furthest"))
	for _, one := range []report{dry, r} {
		if one.Conflicts != 2 || strings.Contains(one.raw, "animes/myanimelist-50") || !strings.Contains(one.conflict("anilist:anime:10502"), "at MyAnimeList watching 7") {
			t.Errorf("synced: %s, %d conflicts\n%s", one.counts(), one.Conflicts, one.raw)
		}
	}
	if dry.counts() != r.counts() {
		t.Errorf("a dry run says %s, and it became %s", dry.counts(), r.counts())
	}
	mal, there := m.mal.List(m.malAlice, "anime"), m.anilist.List(m.anilistAlice, "ANIME")
	for id, progress := range map[int]int{501: 5, 502: 7, 503: 5, 504: 5} {
		if mal[id].Progress != progress || there[onAniList+id].Progress != progress || mal[id].Start != "2024-03-05" {
			t.Errorf("%d: %+v and %+v", id, mal[id], there[onAniList+id])
		}
	}
	if there[onAniList+502].Score != 90 {
		t.Errorf("the score went nowhere: %+v", there[onAniList+502])
	}
}

func TestWhatAProviderHasNoWordsForIsNotTakenBackAtAnother(t *testing.T) {
	t.Parallel()
	m := newMover(t, 40)
	again := entryOf(2)
	again.Times = 2
	m.mal.Put(m.malAlice, "anime", fakemal.Work{ID: 2, Title: "Made Up 2", Total: 12}, again)
	both := args("provider", "vndb", "with", "myanimelist", "conflicts", "theirs")
	m.do("alice", "sync-with-provider", both)
	change := func(id int64, labels ...int64) {
		e := m.vndb.List(m.vndbAlice)[id]
		e.Labels = labels
		m.vndb.Put(m.vndbAlice, id, fmt.Sprint("Made Up ", id), e)
	}
	change(1, 2)                // finished there, where no episodes are counted,
	change(2, 4)                // or dropped after two repeats
	m.watch("6", "Watching", 9) // and here more episodes
	m.mal.Put(m.malAlice, "anime", fakemal.Work{ID: 11, Title: "Made Up 11", Total: 12}, fakemal.Entry{Status: "completed", Progress: 12, Score: 10, Start: "2024-03-05"})
	change(11, 2) // both the same, as far as both have words for it
	r := m.do("alice", "sync-with-provider", both)
	if r.Conflicts != 0 || r.Failed != 0 {
		t.Errorf("synced: %s, %d conflicts\n%s", r.counts(), r.Conflicts, r.raw)
	}
	mal, there := m.mal.List(m.malAlice, "anime"), m.vndb.List(m.vndbAlice)
	want := map[int]string{1: "completed 12 0", 2: "dropped 12 2", 6: "watching 9 0", 11: "completed 12 0"}
	for id, say := range want {
		if got := fmt.Sprint(mal[id].Status, " ", mal[id].Progress, " ", mal[id].Times); got != say {
			t.Errorf("%d: %s, want %s", id, got, say)
		}
	}
	if there[11].Vote != 100 || !cmp.Equal(there[6].Labels, []int64{1}) {
		t.Errorf("the entries there are %+v and %+v", there[11], there[6])
	}
	if r := m.do("alice", "sync-with-provider", both); r.Updated+r.Created+r.Failed+r.Conflicts != 0 {
		t.Errorf("synced again: %s, %d conflicts\n%s", r.counts(), r.Conflicts, r.raw)
	}
}
