package trackers_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks"
	"asapi/tasks/catalog"
	"asapi/tasks/tracker"
)

// end ends a task as its worker would.
func (b *bench) end(task tasks.Task) {
	b.tb.Helper()
	_, err := b.store.Finish(b.tb.Context(), tasks.Ending{Fence: tasks.Fence{Task: task.ID, Attempt: task.Attempt}, State: tasks.Published})
	must(b.tb, err)
}

// imported imports a file and gives the task, which has ended.
func (b *bench) imported(account string, file []byte, more ...string) tasks.Task {
	b.tb.Helper()
	task := b.begin(b.client, account, "import-trackers")
	_, err := b.run(task, importingAs(file, more...))
	must(b.tb, err)
	b.end(task)
	return task
}

func undoing(task tasks.Task) args {
	return args{values: map[string]string{"task_id": task.ID.String()}}
}

func (b *bench) undoes(account string, task tasks.Task) report {
	b.tb.Helper()
	return b.report(b.do(account, "undo-import", undoing(task)))
}

var stamps = regexp.MustCompile(` \d{16,} *\n`)

// content is dump without the times of the last change and what the catalogue
// has learnt, which an undoing leaves.
func (b *bench) content() string {
	b.tb.Helper()
	var kept []string
	for text := range strings.Lines(stamps.ReplaceAllString(b.dump(), "\n")) {
		if !regexp.MustCompile(`^(animes|graphicNovels)/`).MatchString(text) {
			kept = append(kept, text)
		}
	}
	return strings.Join(kept, "")
}

func TestAnImportIsPutBackAsIfItHadNotBeen(t *testing.T) {
	first := listOf(
		anime(1, "Watching", el("my_watched_episodes", "3"), el("my_score", "7"), el("my_start_date", "2024-00-00")),
		anime(2, "Dropped", el("my_comments", "no")),
	)
	second := listOf(
		anime(1, "Completed", el("my_watched_episodes", "12"), el("my_score", "8"), el("my_start_date", "2024-05-06"), el("my_finish_date", "2024-06-07"), el("my_tags", "new")),
		anime(2, "Dropped", el("my_comments", "no")), anime(3, "Watching"), anime(3, "Completed"), anime(4, "Watching", el("my_watched_episodes", "2")),
	)
	for _, mode := range []string{"merge", "overwrite", "new-only"} {
		onBoth(t, func(t *testing.T, b *bench) {
			b.imports("alice", first)
			b.do("alice", "process-activities", doing(activity("animes/myanimelist-4/episodes/9", `"completed":true`)+activity("animes/myanimelist-4/specials", "")))
			before := b.content()
			task := b.imported("alice", second, "mode", mode)
			if mode != "new-only" && b.content() == before {
				t.Fatal("the import changed nothing")
			}
			r := b.undoes("alice", task)
			if r.Skipped+r.Failed > 0 || r.Updated == 0 {
				t.Errorf("%s, put back: %s", mode, r.counts())
			}
			if diff := cmp.Diff(before, b.content()); diff != "" {
				t.Errorf("%s, put back (-before +after):\n%s", mode, diff)
			}
			if again := b.undoes("alice", task); again.Unchanged != r.Total || again.Total != r.Total {
				t.Errorf("%s, put back again: %s", mode, again.counts())
			}
			if diff := cmp.Diff(before, b.content()); diff != "" {
				t.Errorf("%s, put back again (-before +after):\n%s", mode, diff)
			}
		})
	}
}

func TestWhatWasChangedSinceIsNotPutBack(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		var old, list []string
		for i := range 8 {
			old = append(old, anime(i+1, "Watching", el("my_watched_episodes", "1")))
			list = append(list, anime(i+1, "Watching", el("my_watched_episodes", "5"), el("my_score", "5")))
		}
		list = append(list, anime(9, "Watching"), anime(10, "Watching"), anime(11, "Watching"))
		b.imports("alice", listOf(old...))
		task := b.imported("alice", listOf(list...))
		b.do("alice", "process-activities", doing(activity("animes/myanimelist-1/episodes/6", `"completed":true`))) // an activity that completes
		b.do("alice", "process-activities", doing(activity("animes/myanimelist-2/episodes/3", "")))                 // one that changes nothing
		b.imports("alice", listOf(anime(3, "Watching", el("my_score", "9"))))                                       // a later import, of the record only
		b.imports("alice", listOf(anime(4, "Completed")))                                                           // and of the tracker
		b.sql("UPDATE trackers SET state = 3 WHERE resource = 'animes/myanimelist-5'")                              // by hand
		b.sql("UPDATE trackers SET percentage = 40 WHERE resource = 'animes/myanimelist-6'")
		b.sql("DELETE FROM trackers WHERE resource IN ('animes/myanimelist-7', 'animes/myanimelist-10')")
		b.do("alice", "process-activities", doing(activity("animes/myanimelist-9/episodes/1", "")))
		before := b.all("alice")
		r := b.undoes("alice", task)
		got := map[string]string{}
		for _, item := range r.Items {
			got[strings.TrimPrefix(item.Key, "animes/myanimelist-")] = item.Outcome
			if item.Reason == "" {
				t.Errorf("the item %+v has no reason", item)
			}
		}
		want := map[string]string{
			"1": "skipped", "2": "skipped", "3": "skipped", "4": "skipped", "5": "skipped", "6": "skipped", "7": "skipped",
			"8": "updated", "9": "skipped", "10": "unchanged", "11": "updated",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		after := b.all("alice")
		for _, id := range []string{"1", "2", "3", "4", "5", "6", "9"} {
			if name := "animes/myanimelist-" + id; before[name] != after[name] {
				t.Errorf("%s was %+v and is %+v", name, before[name], after[name])
			}
		}
		if _, there := after["animes/myanimelist-11"]; there || after["animes/myanimelist-8"].FirstDone != 1 {
			t.Errorf("the trackers are %+v", after)
		}
	})
}

func TestAnUndoingIsRefusedWhereThereIsNothingOfTheAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		task := b.imported("alice", listOf(anime(1, "Watching")))
		running := b.begin(b.client, "alice", "import-trackers")
		for name, tt := range map[string]struct {
			account string
			task    tasks.Task
			code    tasks.Code
		}{
			"of another account": {"bob", task, tasks.CodeNotFound}, "of no task": {"alice", tasks.Task{ID: tasks.ID{7}}, tasks.CodeNotFound}, "not ended": {"alice", running, tasks.CodeBusy},
		} {
			if fault := b.refused(tt.account, "undo-import", undoing(tt.task)); fault.Code != tt.code {
				t.Errorf("%s: %v", name, fault)
			}
		}
		other := b.newClient("second")
		if _, err := b.run(b.begin(other, "alice", "undo-import"), undoing(task)); tasks.CodeOf(err) != tasks.CodeNotFound {
			t.Errorf("another client's account of the same name: %v", err)
		}
		if len(b.all("alice")) != 1 {
			t.Error("the tracker is gone")
		}
		dry := b.imported("alice", listOf(anime(2, "Watching")), "dry_run", "true")
		if r := b.undoes("alice", dry); r.Total != 0 {
			t.Errorf("undoing a dry run: %s", r.counts())
		}
	})
}

// dyingStore breaks after some transactions, as a worker that is killed does.
type dyingStore struct {
	tracker.Store
	left int
}

var errKilled = errors.New("killed")

func (d *dyingStore) PutBack(ctx context.Context, run tasks.Fence, owner tracker.Owner, from tracker.Undoing, judge func(tracker.Trace) (tasks.Item, bool)) ([]tasks.Item, tracker.Undoing, error) {
	if d.left--; d.left < 0 {
		return nil, from, errKilled
	}
	return d.Store.PutBack(ctx, run, owner, from, judge)
}

func TestAnInterruptedUndoingGoesOn(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		var list []string
		for i := range 1200 {
			list = append(list, anime(i+1, "Watching", el("my_watched_episodes", "5")))
		}
		b.imports("alice", listOf(list[:600]...))
		before := b.content()
		for i := range list {
			list[i] = anime(i+1, "Completed")
		}
		task := b.imported("alice", listOf(list...))
		undo := b.begin(b.client, "alice", "undo-import")
		dying := catalog.All(catalog.Deps{Trackers: &dyingStore{b.trackers, 2}})
		if _, err := b.runWith(undo, undoing(task).bound(), dying); !errors.Is(err, errKilled) {
			t.Fatalf("the first attempt ended with %v", err)
		}
		late := undo
		late.Attempt++
		if _, err := b.run(late, undoing(task)); !errors.Is(err, tasks.ErrLeaseLost) {
			t.Errorf("a run that is not the current one ended with %v", err)
		}
		raw, err := b.run(undo, undoing(task))
		must(t, err)
		if r := b.report(raw); r.Updated != 1200 {
			t.Errorf("put back: %s", r.counts())
		}
		if diff := cmp.Diff(before, b.content()); diff != "" {
			t.Errorf("put back (-before +after):\n%s", clipped(diff))
		}
	})
}

func TestAJournalHoldsWhatChangedAndGoesWithItsTaskAndItsAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		count := func() (n int64) {
			must(t, b.store.DB().Gorm(t.Context()).Raw("SELECT COUNT(*) FROM import_changes").Row().Scan(&n))
			return n
		}
		file := listOf(anime(1, "Watching"), anime(2, "Watching"), anime(0, "Watching"))
		b.imported("alice", file)
		b.imported("alice", file)
		b.imported("bob", file)
		if n := count(); n != 4 {
			t.Errorf("the journal has %d rows, want one for each changed tracker", n)
		}
		must(t, b.trackers.Erase(t.Context(), tracker.UserOf(b.client, "bob")))
		if n := count(); n != 2 {
			t.Errorf("after one account was erased it has %d rows", n)
		}
		_, err := b.store.Expire(t.Context(), tasks.Retention{Results: time.Microsecond, Tasks: time.Microsecond}, 100)
		must(t, err)
		for count() > 0 {
			if _, err := b.store.Expire(t.Context(), tasks.Retention{Results: time.Microsecond, Tasks: time.Microsecond}, 100); err != nil {
				t.Fatal(err)
			}
		}
	})
}
