package trackers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// activity makes one line of an activity file; more holds further members.
func activity(resource, more string) string {
	if more != "" {
		more = "," + more
	}
	return fmt.Sprintf(`{"platform":"NETFLIX","resource":%q,"from":0,"to":1320,"start":"2026-01-02T10:00:00Z","end":"2026-01-02T10:22:00Z"%s}`+"\n", resource, more)
}

func (b *bench) tracks(account, activities string) report {
	b.tb.Helper()
	return b.report(b.do(account, "process-activities", doing(activities)))
}

func (b *bench) count(table string) int64 {
	b.tb.Helper()
	var n int64
	must(b.tb, b.store.DB().Gorm(b.tb.Context()).Raw("SELECT COUNT(*) FROM "+table).Row().Scan(&n))
	return n
}

func TestAnActivityThatReachesTheEndCompletesItsResourceOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		r := b.tracks("alice", activity("animes/7/episodes/1", "")+activity("animes/7/episodes/1", `"length":1320`)+
			activity("animes/7/episodes/1", `"completed":true`)+activity("animes/7/episodes/2", `"length":1400`))
		if r.Created != 4 || r.Items[0].Reason != "" || !strings.Contains(r.Items[1].Reason, "Completed animes/7/episodes/1") || r.Items[2].Reason != "" || r.Items[3].Reason != "" {
			t.Errorf("the report is %+v", r)
		}
		b.tracks("alice", activity("animes/7/episodes/1", `"completed":true`))
		got := b.all("alice")["animes/7"]
		if got.State != tracker.InProgress || got.Counted != 1 || !got.Start.Equal(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)) {
			t.Errorf("the tracker is %+v", got)
		}
		if b.count("activities") != 5 || b.count("tracker_completed") != 1 {
			t.Errorf("%d activities and %d completed resources are kept, want 5 and 1", b.count("activities"), b.count("tracker_completed"))
		}
	})
}

func TestTheCatalogueTellsLengthsAndWhatIsRegular(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		must(t, b.trackers.SaveWorks(t.Context(), b.client, []tracker.Work{{
			Resource: "animes/7", Title: "Made", Regular: 2, Parts: []tracker.Part{
				{Resource: "animes/7/episodes/901", Type: tracker.RegularType, Ordinal: 1, Length: 1320},
				{Resource: "animes/7/episodes/902", Type: tracker.RegularType, Ordinal: 2, Length: 1320},
				{Resource: "animes/7/episodes/903", Type: "RECAP", Length: 1320},
			},
		}}))
		b.tracks("alice", activity("animes/7/episodes/901", "")+activity("animes/7/episodes/903", ""))
		work := tracker.Work{Regular: 2}
		got := b.all("alice")["animes/7"]
		if p, _ := got.Progress(work); p != 50 || got.State != tracker.InProgress {
			t.Errorf("after one regular episode and a recap the tracker is %+v", got)
		}
		b.tracks("alice", activity("animes/-/episodes/902", ""))
		if got := b.all("alice")["animes/7"]; got.State != tracker.Completed || !got.End.Equal(time.Date(2026, 1, 2, 10, 22, 0, 0, time.UTC)) {
			t.Errorf("after all regular episodes the tracker is %+v", got)
		}
	})
}

func TestAnActivityWhoseWorkIsNotKnownFailsAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		for _, work := range []string{"animes/7", "animes/8"} {
			must(t, b.trackers.SaveWorks(t.Context(), b.client, []tracker.Work{{Resource: work, Parts: []tracker.Part{{Resource: work + "/episodes/5", Type: tracker.RegularType}}}}))
		}
		r := b.tracks("alice", activity("animes/-/episodes/4", "")+activity("animes/-/episodes/5", "")+activity("animes/7/episodes/5", "")+"{}\n")
		if r.Failed != 3 || r.Created != 1 {
			t.Fatalf("the report is %+v", r)
		}
		for i, says := range []string{"not known which work", "animes/7/episodes/5, animes/8/episodes/5", "", "Line 4: resource must read"} {
			if !strings.Contains(r.Items[i].Reason, says) {
				t.Errorf("item %d says %q, want %q", i, r.Items[i].Reason, says)
			}
		}
	})
}

func TestActivitiesGoOnWhereAListLeftOff(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.imports("alice", listOf(anime(1, "On-Hold", el("my_watched_episodes", "10")), anime(2, "Completed", el("my_watched_episodes", "12"))))
		b.tracks("alice", activity("animes/myanimelist-1/episodes/3", `"completed":true`)+activity("animes/myanimelist-2/episodes/3", `"completed":true`))
		all := b.all("alice")
		if got := all["animes/myanimelist-1"]; got.Done() != 10 || got.State != tracker.InProgress {
			t.Errorf("an episode that the list had counted: %+v", got)
		}
		if got := all["animes/myanimelist-2"]; got.State != tracker.Completed {
			t.Errorf("a repeat took completion back: %+v", got)
		}
		b.tracks("alice", activity("animes/myanimelist-1/episodes/11", `"completed":true`)+activity("animes/myanimelist-1/episodes/12", `"completed":true`))
		if got := b.all("alice")["animes/myanimelist-1"]; got.State != tracker.Completed || got.Done() != 12 {
			t.Errorf("after the last two episodes: %+v", got)
		}
	})
}

func TestAWorkWithoutPartsIsCompletedAsAWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.tracks("alice", activity("animes/9", `"length":1320`))
		if got := b.all("alice")["animes/9"]; got.State != tracker.Completed {
			t.Errorf("the tracker is %+v", got)
		}
	})
}

func TestAnEmptyFileOfActivitiesEndsInASentence(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		for _, file := range []string{"[]", " ", "nonsense"} {
			if fault := b.refused("alice", "process-activities", doing(file)); fault.Code != tasks.CodeUnsupportedFormat {
				t.Errorf("%q ended with %v", file, fault)
			}
		}
	})
}

func TestConcurrentTasksOfOneAccountDoNotLoseEachOther(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		var lines strings.Builder
		for i := range 300 {
			lines.WriteString(activity(fmt.Sprintf("animes/%d/episodes/1", i%50+1), ""))
		}
		errs := make(chan error)
		for range 4 {
			task := b.begin(b.client, "alice", "process-activities")
			go func() {
				_, err := b.run(task, doing(lines.String()))
				errs <- err
			}()
		}
		for range 4 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if all := b.all("alice"); len(all) != 50 || b.count("activities") != 1200 {
			t.Errorf("%d trackers and %d activities are kept, want 50 and 1200", len(all), b.count("activities"))
		}
	})
}
