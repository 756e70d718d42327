package livetest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	fake "asapi/internal/testprovider/anilist"
	"asapi/tasks/tracker"
)

// conflict gives what the item of an entry says of a conflict.
func (r *report) conflict(key string) string {
	for _, item := range r.Items {
		if item.Key == key {
			return item.Conflict
		}
	}
	return "no item"
}

// synced gives a bench with AniList whose lists our side took over.
func synced(t *testing.T) *anilistStage {
	a := newAniList(newBench(t))
	a.do("alice", "import-from-provider", a.with())
	return a
}

func (s *scene) anime() map[string]tracker.Facts {
	s.t.Helper()
	return s.bench.facts("alice", s.provider, tracker.Anime, tracker.Manga)
}

func TestASyncBringsWhatOneSideChangedToTheOtherAndADryRunOnlyTellsIt(t *testing.T) {
	t.Parallel()
	a := synced(t)
	a.watch("101", "Watching", 9)                                                               // here
	a.watch("999", "Watching", 2)                                                               // new here, without an id there
	a.site.Put(a.alice, show(5, 105, 0), fake.Entry{Status: "CURRENT", Progress: 4, Score: 70}) // there, and less
	a.site.Put(a.alice, show(50, 150, 12), fake.Entry{Status: "CURRENT", Progress: 2})          // new there
	before := a.anime()
	dry := a.do("alice", "sync-with-provider", a.with("dry_run", "true"))
	if len(a.site.Writes()) != 0 || !cmp.Equal(before, a.anime()) {
		t.Fatalf("a dry run wrote %v", a.site.Writes())
	}
	task := a.begin("alice", "sync-with-provider")
	out, err := a.finish(task, a.with())
	a.must(err)
	r := a.report(out)
	for _, one := range []report{dry, r} {
		if one.counts() != "1 created, 2 updated, 7 unchanged, 1 skipped, 0 failed" || one.Conflicts != 0 {
			t.Errorf("synced: %s\n%s", one.counts(), one.raw)
		}
	}
	if list := a.site.List(a.alice, "ANIME"); list[1].Progress != 9 || list[5].Progress != 4 || !cmp.Equal(a.site.Writes(), map[int]int{1: 1}) {
		t.Errorf("the entries are %+v and %+v, writes %v", list[1], list[5], a.site.Writes())
	}
	if got := a.anime()["anilist:anime:5"]; got.Progress != 4 || got.Score != 70 || got.Status != tracker.Watching {
		t.Errorf("what was taken back there is here %+v", got)
	}
	if again := a.do("alice", "sync-with-provider", a.with()); again.counts() != "0 created, 0 updated, 10 unchanged, 1 skipped, 0 failed" || len(a.site.Writes()) != 1 {
		t.Errorf("synced again: %s\n%s", again.counts(), again.raw)
	}
	a.end(task)
	if undo := a.do("alice", "undo-import", args("task_id", task.ID.String())); undo.Updated != 3 {
		t.Errorf("undone: %s\n%s", undo.counts(), undo.raw)
	}
	// What was written there stays there; here it is as before, and known as such.
	if diff := cmp.Diff(before, a.anime()); diff != "" {
		t.Errorf("after the sync was undone (-want +got):\n%s", diff)
	}
}

func TestEachRuleDecidesWhatBothSidesChanged(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule, why string
		changed   int64 // when it changed there; 0: it is not told
		progress  int   // there; here it is 9
		want      int   // on both sides
	}{
		{"ours", "conflicts=ours", 0, 11, 9},
		{"theirs", "conflicts=theirs", 0, 5, 5},
		{"furthest", "further", 0, 5, 9},
		{"furthest", "further", 0, 11, 11},
		{"newest", "changed last", time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), 5, 5},
		{"newest", "changed last", time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), 11, 9},
		{"newest", "not known when", 0, 11, 11},
	} {
		a := synced(t)
		a.watch("101", "Watching", 9)
		a.site.Put(a.alice, show(1, 101, 12), fake.Entry{Status: "CURRENT", Progress: tt.progress, Score: 90, Start: day(2024, 5), Updated: tt.changed})
		dry := a.do("alice", "sync-with-provider", a.with("conflicts", tt.rule, "dry_run", "true"))
		r := a.do("alice", "sync-with-provider", a.with("conflicts", tt.rule))
		conflict := r.conflict("anilist:anime:1")
		if r.Conflicts != 1 || dry.Conflicts != 1 || conflict != dry.conflict("anilist:anime:1") || !strings.Contains(conflict, tt.why) || !strings.Contains(conflict, "here watching 9") {
			t.Errorf("%s: %s, %q\n%s", tt.rule, r.counts(), conflict, r.raw)
		}
		here, there := a.anime()["anilist:anime:1"], a.site.List(a.alice, "ANIME")[1]
		if int(here.Progress) != tt.want || there.Progress != tt.want {
			t.Errorf("%s: here %d, there %d, want %d\n%s", tt.rule, here.Progress, there.Progress, tt.want, r.raw)
		}
		// What only the other side changed is no conflict, whoever won.
		if here.Score != 90 || there.Score != 90 {
			t.Errorf("%s: the scores are %d and %v", tt.rule, here.Score, there.Score)
		}
		if again := a.do("alice", "sync-with-provider", a.with("conflicts", tt.rule)); again.Unchanged != 9 || again.Conflicts != 0 {
			t.Errorf("%s again: %s\n%s", tt.rule, again.counts(), again.raw)
		}
	}
}

func TestASyncDeletesNothingAndBringsNothingBackThatWasDeletedOnOneSide(t *testing.T) {
	t.Parallel()
	a := synced(t)
	delete(a.alice.Entries, 3) // there
	delete(a.alice.Entries, 1) // there, and changed here
	a.watch("101", "Watching", 9)
	for _, item := range a.do("alice", "import-from-provider", a.with("dry_run", "true")).Items {
		if item.Key == "anilist:anime:5" { // here
			a.must(a.library.DeleteTracker(t.Context(), a.client, item.Tracker))
		}
	}
	r := a.do("alice", "sync-with-provider", a.with())
	list := a.site.List(a.alice, "ANIME")
	if r.Skipped != 3 || len(list) != 5 || len(a.site.Writes()) != 0 || r.Conflicts != 1 || !strings.Contains(r.raw, "Its tracker was deleted here") {
		t.Errorf("synced: %s, there %d\n%s", r.counts(), len(list), r.raw)
	}
	facts := a.anime()
	if _, back := facts["anilist:anime:5"]; back || facts["anilist:anime:3"].Status != tracker.Done {
		t.Errorf("our side has %v", facts)
	}
	if ours := a.do("alice", "sync-with-provider", a.with("conflicts", "ours")); ours.Created != 1 || a.site.List(a.alice, "ANIME")[1].Progress != 9 || !strings.Contains(ours.conflict("anilist:anime:1"), "put back") {
		t.Errorf("ours: %s\n%s", ours.counts(), ours.raw)
	}
	// Who wants it back imports it.
	if r := a.do("alice", "import-from-provider", a.with()); r.Created != 1 {
		t.Errorf("imported: %s", r.counts())
	}
	if r := a.do("alice", "sync-with-provider", a.with()); r.Skipped != 1 || r.Unchanged != 8 {
		t.Errorf("synced again: %s\n%s", r.counts(), r.raw)
	}
}

func TestASyncInterruptedAtAnyRequestWritesNothingTwiceAndForgetsNothing(t *testing.T) {
	t.Parallel()
	// How requests are taken up again is the same for all; these differ in what an
	// entry is.
	for _, name := range []string{"anilist", "mangadex", "vndb"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := func(t *testing.T) *scene { t.Helper(); return scenes[name](newBench(t)) }
			interrupted(t, open, "sync-with-provider", func(s *scene, r report) {
				if r.Updated != 2 || r.Created != 0 || r.Failed != 0 || r.Unchanged != len(s.facts)-2 {
					t.Errorf("synced: %s\n%s", r.counts(), r.raw)
				}
				if diff := cmp.Diff(s.once(), s.writes()); diff != "" {
					t.Errorf("writes (-want +got):\n%s", diff)
				}
			})
		})
	}
}
