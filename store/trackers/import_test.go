package trackers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/tracker"
)

// anime makes one entry of a list.
func anime(id int, status string, elements ...string) string {
	return fmt.Sprintf("<anime><series_animedb_id>%d</series_animedb_id><series_episodes>12</series_episodes><my_status>%s</my_status>%s</anime>\n", id, status, strings.Join(elements, ""))
}

func manga(id int, status string, elements ...string) string {
	return fmt.Sprintf("<manga><manga_mangadb_id>%d</manga_mangadb_id><my_status>%s</my_status>%s</manga>\n", id, status, strings.Join(elements, ""))
}

func el(name, value string) string { return "<" + name + ">" + value + "</" + name + ">" }

func listOf(entries ...string) []byte {
	return []byte("<myanimelist>\n" + strings.Join(entries, "") + "</myanimelist>\n")
}

func outcomes(r report) []string {
	var list []string
	for _, item := range r.Items {
		list = append(list, item.Key+" "+item.Outcome)
	}
	return list
}

func TestEveryEntryHasAnOutcomeAndItsTracker(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		r := b.imports("alice", listOf(
			anime(1, "Watching", el("my_watched_episodes", "3"), el("my_start_date", "2024-05-00")),
			anime(0, "Watching"), anime(2, "Sleeping"),
			anime(3, "Plan to Watch"), anime(4, "Dropped", el("my_watched_episodes", "2")),
			anime(1, "Watching", el("my_watched_episodes", "5")),
		))
		want := []string{
			"myanimelist:anime:1 created", "myanimelist:anime:0 skipped", "myanimelist:anime:2 failed",
			"myanimelist:anime:3 created", "myanimelist:anime:4 created", "myanimelist:anime:1 updated",
		}
		if diff := cmp.Diff(want, outcomes(r)); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		for _, item := range r.Items {
			bad := item.Outcome == "skipped" || item.Outcome == "failed"
			if bad != (item.Tracker == "") || (bad && item.Reason == "") {
				t.Errorf("item %+v: a bad one needs a reason, a good one its tracker", item)
			}
		}
		all := b.all("alice")
		one := all["animes/myanimelist-1"]
		if one.State != tracker.InProgress || one.FirstDone != 5 || !one.Start.Equal(time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)) || one.Name() != r.Items[0].Tracker {
			t.Errorf("the tracker of the first entry is %+v", one)
		}
		if all["animes/myanimelist-3"].State != tracker.Unspecified || all["animes/myanimelist-4"].State != tracker.OnHold || len(all) != 3 {
			t.Errorf("the trackers are %+v", all)
		}
	})
}

func TestImportingTheSameFileAgainChangesNothingAlsoWithDuplicates(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		file := listOf(
			anime(1, "On-Hold", el("my_comments", "first"), el("my_score", "7"), el("my_watched_episodes", "9")),
			anime(1, "Watching", el("my_comments", "second"), el("my_score", "3"), el("my_tags", "x"), el("my_watched_episodes", "11")),
		)
		b.imports("alice", file)
		before := b.do("alice", "export-trackers", exporting())
		if again := b.imports("alice", file); again.Unchanged != 2 {
			t.Errorf("imported again: %s", again.counts())
		}
		if diff := cmp.Diff(string(before), string(b.do("alice", "export-trackers", exporting()))); diff != "" {
			t.Errorf("the export changed (-before +after):\n%s", diff)
		}
		want := []map[string]string{{
			"series_animedb_id": "1", "series_episodes": "12", "my_status": "On-Hold", "my_comments": "first", "my_score": "7", "my_tags": "x", "my_watched_episodes": "11",
		}}
		if diff := cmp.Diff(want, elements(before)); diff != "" {
			t.Errorf("the merged entry (-want +got):\n%s", diff)
		}
	})
}

func TestAMergeNeverTakesBack(t *testing.T) {
	full := anime(1, "Completed", el("my_watched_episodes", "12"), el("my_score", "9"), el("my_start_date", "2021-04-23"), el("my_finish_date", "2021-05-06"), el("my_tags", "good"))
	tests := []struct {
		name, old, now string
		outcome        string
		want           map[string]string
	}{
		{
			"an emptier entry changes nothing", full, anime(1, "Watching", el("my_watched_episodes", "2"), el("my_score", "0"), el("my_start_date", "0000-00-00"), el("my_finish_date", "2021-00-00"), el("my_tags", "")),
			"unchanged",
			map[string]string{"my_status": "Completed", "my_watched_episodes": "12", "my_score": "9", "my_start_date": "2021-04-23", "my_finish_date": "2021-05-06", "my_tags": "good"},
		},
		{
			"what is new is taken", full, anime(1, "Completed", el("my_watched_episodes", "12"), el("my_score", "10"), el("my_start_date", "2021-04-24"), el("my_tags", "better"), el("my_priority", "HIGH")),
			"updated",
			map[string]string{"my_score": "10", "my_start_date": "2021-04-24", "my_finish_date": "2021-05-06", "my_tags": "better", "my_priority": "HIGH"},
		},
		{
			"a repeat begins", full, anime(1, "Completed", el("my_watched_episodes", "2"), el("my_rewatching", "1")),
			"updated",
			map[string]string{"my_status": "Completed", "my_watched_episodes": "2", "my_rewatching": "1"},
		},
		{
			"begun does not go back to planned", anime(1, "Dropped", el("my_watched_episodes", "2")), anime(1, "Plan to Watch", el("my_watched_episodes", "0")),
			"unchanged",
			map[string]string{"my_status": "Dropped", "my_watched_episodes": "2"},
		},
		{
			"paused becomes watching", anime(1, "On-Hold", el("my_watched_episodes", "2")), anime(1, "Watching", el("my_watched_episodes", "3")),
			"updated",
			map[string]string{"my_status": "Watching", "my_watched_episodes": "3"},
		},
	}
	onBoth(t, func(t *testing.T, b *bench) {
		for i, tt := range tests {
			account := fmt.Sprint("user", i)
			b.imports(account, listOf(tt.old))
			r := b.imports(account, listOf(tt.now))
			if r.Items[0].Outcome != tt.outcome {
				t.Errorf("%s: the outcome is %s, want %s", tt.name, r.Items[0].Outcome, tt.outcome)
			}
			got := elements(b.do(account, "export-trackers", exporting()))[0]
			for name, want := range tt.want {
				if got[name] != want {
					t.Errorf("%s: %s is %q, want %q", tt.name, name, got[name], want)
				}
			}
		}
	})
}

func TestABadFileChangesNothing(t *testing.T) {
	nonsense := make([]byte, 10<<20)
	for i := range nonsense {
		nonsense[i] = byte(i * 7)
	}
	whole := listOf(anime(1, "Watching"), anime(2, "Watching"), anime(3, "Watching"))
	onBoth(t, func(t *testing.T, b *bench) {
		for name, file := range map[string][]byte{
			"cut off": whole[:len(whole)-20], "empty": {}, "an empty list": listOf(), "10 MB of nonsense": nonsense,
		} {
			if fault := b.refused("alice", "import-trackers", importing(file)); fault.Code != tasks.CodeUnsupportedFormat {
				t.Errorf("%s: the task ended with %v", name, fault)
			}
		}
		if all := b.all("alice"); len(all) != 0 {
			t.Errorf("bad files left %d trackers", len(all))
		}
	})
}

// errGone is what a file gives whose storage fails in the middle.
var errGone = errors.New("the storage is gone")

// failingOnce is a file whose third reading breaks after some bytes: it is read
// once to recognise it and once to check it.
func failingOnce(raw []byte, after int64) tasks.File {
	opened := 0
	return tasks.NewFile("list", "", int64(len(raw)), func(context.Context) (io.ReadCloser, error) {
		opened++
		whole := strings.NewReader(string(raw))
		if opened != 3 {
			return io.NopCloser(whole), nil
		}
		return io.NopCloser(io.MultiReader(io.LimitReader(whole, after), brokenReader{})), nil
	})
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errGone }

func TestARetriedImportResumesAfterWhatWasRecorded(t *testing.T) {
	var entries []string
	for i := range 1700 {
		entries = append(entries, anime(i+1, "Watching"))
	}
	file := listOf(entries...)
	onBoth(t, func(t *testing.T, b *bench) {
		task := b.begin(b.client, "alice", "import-trackers")
		bound := tasks.Args{Values: map[string][]string{"provider": {"myanimelist"}}, Files: map[string]tasks.File{"file": failingOnce(file, int64(len(file)*3/4))}}
		if _, err := b.runWith(task, bound, b.catalog); !errors.Is(err, errGone) {
			t.Fatalf("the first attempt ended with %v", err)
		}
		_, recorded, err := b.store.Recorded(t.Context(), task.ID)
		must(t, err)
		if recorded == 0 || recorded == 1700 {
			t.Fatalf("%d entries were recorded by the first attempt", recorded)
		}
		raw, err := b.runWith(task, bound, b.catalog)
		must(t, err)
		if r := b.report(raw); r.Created != 1700 {
			t.Errorf("the retried import: %s", r.counts())
		}
	})
}

func TestARunThatLostItsLeaseWritesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		task := b.begin(b.client, "alice", "import-trackers")
		task.Attempt += 1
		if _, err := b.run(task, importing(listOf(anime(1, "Watching")))); !errors.Is(err, tasks.ErrLeaseLost) {
			t.Errorf("the run ended with %v", err)
		}
		if all := b.all("alice"); len(all) != 0 {
			t.Errorf("it left %d trackers", len(all))
		}
	})
}

func TestClientsAndAccountsSeeTheirOwnOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.imports("alice", listOf(anime(1, "Watching")))
		other := b.newClient("second")
		_, err := b.run(b.begin(other, "alice", "export-trackers"), exporting())
		if tasks.CodeOf(err) != tasks.CodeNotFound {
			t.Errorf("another client's account of the same name exported: %v", err)
		}
		if fault := b.refused("bob", "export-trackers", exporting()); fault.Code != tasks.CodeNotFound {
			t.Errorf("another account exported: %v", fault)
		}
	})
}

func TestAnErasedAccountLeavesNothingAndOthersStay(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		file, err := os.ReadFile("testdata/animelist_40.xml")
		must(t, err)
		for _, account := range []string{"alice", "bob"} {
			b.imports(account, file)
			b.do(account, "process-activities", doing(activity("animes/myanimelist-1000/episodes/1", `"completed":true`)))
		}
		service, _ := b.catalog.Service(tracker.Slug)
		for range 2 { // it may be called more than once
			must(t, service.Erase(t.Context(), tasks.Account{Client: b.client, Service: tracker.Slug, Username: "alice"}))
		}
		if all := b.all("alice"); len(all) != 0 {
			t.Errorf("%d trackers are left", len(all))
		}
		if all := b.all("bob"); len(all) != 40 {
			t.Errorf("the other account has %d trackers, want 40", len(all))
		}
		for table, want := range map[string]int64{"activities": 1, "tracker_completed": 1, "provider_records": 40} {
			var n int64
			must(t, b.store.DB().Gorm(t.Context()).Raw("SELECT COUNT(*) FROM "+table).Row().Scan(&n))
			if n != want {
				t.Errorf("%s has %d rows, want the other account's %d", table, n, want)
			}
		}
		if r := b.imports("alice", file); r.Created != 40 {
			t.Errorf("importing after the erasure: %s", r.counts())
		}
	})
}
