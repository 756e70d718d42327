package trackers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/tasks/tracker"
)

func importingAs(file []byte, more ...string) args {
	a := args{values: map[string]string{}, files: map[string][]byte{"file": file}}
	for i := 0; i+1 < len(more); i += 2 {
		a.values[more[i]] = more[i+1]
	}
	return a
}

func (b *bench) importsAs(account string, file []byte, more ...string) report {
	b.tb.Helper()
	return b.report(b.do(account, "import-trackers", importingAs(file, more...)))
}

// dump gives everything that is kept of trackers, as text.
func (b *bench) dump() string {
	b.tb.Helper()
	return b.dumpAfter(0)
}

// newest gives the number of the newest tracker.
func (b *bench) newest() (id int64) {
	b.tb.Helper()
	must(b.tb, b.store.DB().Gorm(b.tb.Context()).Raw("SELECT COALESCE(MAX(id), 0) FROM trackers").Scan(&id).Error)
	return id
}

// dumpAfter writes down, like dump, what there is of the trackers that are newer
// than one: a property that is checked many times in one database does not look
// at what its earlier checks left.
func (b *bench) dumpAfter(tracker int64) string {
	b.tb.Helper()
	var out strings.Builder
	for _, table := range []string{
		fmt.Sprintf("SELECT id, parent, resource, state, start_time, end_time, COALESCE(percentage, -1), first_done, updated_at FROM trackers WHERE id > %d ORDER BY id", tracker),
		fmt.Sprintf("SELECT tracker_id, resource, ordinal, completed_at FROM tracker_completed WHERE tracker_id > %d ORDER BY tracker_id, resource", tracker),
		fmt.Sprintf("SELECT id, tracker_id, provider, native_id, entry, updated_at FROM provider_records WHERE tracker_id > %d ORDER BY id", tracker),
		fmt.Sprintf("SELECT id, resource, platform FROM activities WHERE tracker_id > %d ORDER BY id", tracker),
		"SELECT resource, title, regular FROM works ORDER BY client_id, resource",
	} {
		found, err := b.store.DB().Gorm(b.tb.Context()).Raw(table).Rows()
		must(b.tb, err)
		columns, err := found.Columns()
		must(b.tb, err)
		for found.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			must(b.tb, found.Scan(values...))
			for _, v := range values {
				fmt.Fprintf(&out, "%v ", *v.(*any))
			}
			out.WriteString("\n")
		}
		must(b.tb, found.Err())
		must(b.tb, found.Close())
	}
	return out.String()
}

func TestOverwritingTakesWhatTheFileSaysAlsoWhenItIsLess(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.imports("alice", listOf(
			anime(1, "Completed", el("my_watched_episodes", "12"), el("my_score", "9"), el("my_start_date", "2021-04-23"), el("my_finish_date", "2021-05-06"), el("my_tags", "good"), el("my_comments", "fine")),
			anime(2, "Watching", el("my_watched_episodes", "5")),
		))
		b.do("alice", "process-activities", doing(activity("animes/myanimelist-3/episodes/7", `"completed":true`)))
		file := listOf(
			anime(1, "Plan to Watch", el("my_watched_episodes", "0"), el("my_start_date", "0000-00-00"), el("my_finish_date", "0000-00-00"), el("my_tags", "")),
			anime(3, "Watching", el("my_watched_episodes", "2")),
		)
		r := b.importsAs("alice", file, "mode", "overwrite")
		if r.counts() != "0 created, 2 updated, 0 unchanged, 0 skipped, 0 failed" {
			t.Errorf("the import: %s", r.counts())
		}
		all := b.all("alice")
		one, two, three := all["animes/myanimelist-1"], all["animes/myanimelist-2"], all["animes/myanimelist-3"]
		if one.State != tracker.Unspecified || one.Done() != 0 || !one.Start.IsZero() || !one.End.IsZero() {
			t.Errorf("what the file lowers is %+v", one)
		}
		if two.State != tracker.InProgress || two.Done() != 5 {
			t.Errorf("what the file does not have is %+v", two)
		}
		if three.Done() != 2 || three.Counted != 0 {
			t.Errorf("what activities had completed is %+v", three)
		}
		got := elements(b.do("alice", "export-trackers", exporting()))[0]
		want := map[string]string{
			"series_animedb_id": "1", "series_episodes": "12", "my_status": "Plan to Watch", "my_watched_episodes": "0", "my_start_date": "0000-00-00", "my_finish_date": "0000-00-00", "my_tags": "",
			// The file has no such elements: they are left alone.
			"my_score": "9", "my_comments": "fine",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the entry (-want +got):\n%s", diff)
		}
		before := b.dump()
		if again := b.importsAs("alice", file, "mode", "overwrite"); again.Unchanged != 2 {
			t.Errorf("imported again: %s", again.counts())
		}
		if diff := cmp.Diff(before, b.dump()); diff != "" {
			t.Errorf("the second time wrote (-before +after):\n%s", diff)
		}
	})
}

func TestNewOnlyLeavesWhatIsThere(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.imports("alice", listOf(anime(1, "Watching", el("my_watched_episodes", "5"))))
		b.do("alice", "process-activities", doing(activity("animes/myanimelist-2/episodes/7", "")))
		before := b.all("alice")
		r := b.importsAs("alice", listOf(anime(1, "Completed"), anime(2, "Completed"), anime(3, "Completed"), anime(3, "Watching")), "mode", "new-only")
		want := []string{"myanimelist:anime:1 unchanged", "myanimelist:anime:2 unchanged", "myanimelist:anime:3 created", "myanimelist:anime:3 unchanged"}
		if diff := cmp.Diff(want, outcomes(r)); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		for i, item := range r.Items {
			if (item.Reason == "") != (i == 2) {
				t.Errorf("item %d has the reason %q", i, item.Reason)
			}
		}
		after := b.all("alice")
		if after["animes/myanimelist-1"] != before["animes/myanimelist-1"] || after["animes/myanimelist-2"] != before["animes/myanimelist-2"] || after["animes/myanimelist-3"].State != tracker.Completed {
			t.Errorf("the trackers are %+v", after)
		}
	})
}

func TestADryRunTellsWhatWouldHappenAndWritesNothing(t *testing.T) {
	var many []string
	for i := range 600 { // the duplicates stand in different transactions
		many = append(many, anime(100+i, "Watching"))
	}
	for _, mode := range []string{"merge", "overwrite", "new-only"} {
		onBoth(t, func(t *testing.T, b *bench) {
			b.imports("alice", listOf(anime(1, "Watching", el("my_watched_episodes", "3"), el("my_score", "7"), el("my_start_date", "2024-00-00")), anime(2, "Dropped")))
			before := b.dump()
			file := listOf(append(append([]string{
				anime(1, "Completed", el("my_watched_episodes", "12"), el("my_score", "8"), el("my_start_date", "2024-05-06"), el("my_finish_date", "2024-06-07")),
				anime(2, "Dropped"), anime(3, "Watching"), anime(0, "Watching"), anime(4, "Sleeping"),
			}, many...), anime(3, "Completed"), anime(100, "Watching"))...)
			dry := b.importsAs("alice", file, "mode", mode, "dry_run", "true")
			if diff := cmp.Diff(before, b.dump()); diff != "" {
				t.Errorf("%s: the dry run wrote (-before +after):\n%s", mode, clipped(diff))
			}
			want := "status: watching -> completed; progress: 3 -> 12; score: 70 -> 80; start: 2024-00-00 -> 2024-05-06; finish: none -> 2024-06-07;" +
				" state: IN_PROGRESS -> COMPLETED; completed resources: 3 -> 12; start time: 2024-01-01T00:00:00Z -> 2024-05-06T00:00:00Z; end time: none -> 2024-06-07T00:00:00Z"
			if got := dry.Items[0].Changes; mode != "new-only" && got != want {
				t.Errorf("%s: the changes are %q, want %q", mode, got, want)
			}
			if mode == "merge" && (dry.Items[2].Changes != "status: none -> watching" || dry.Items[2].Tracker != "") {
				t.Errorf("the entry that would be created is %+v", dry.Items[2])
			}
			real := b.importsAs("alice", file, "mode", mode)
			if diff := cmp.Diff(outcomes(real), outcomes(dry)); diff != "" {
				t.Errorf("%s: the dry run told otherwise (-real +dry):\n%s", mode, clipped(diff))
			}
		})
	}
}

func TestAnImportThatSaysNothingNewWritesNoRow(t *testing.T) {
	var list []string
	for i := range 700 {
		list = append(list, anime(i+1, "Watching", el("my_watched_episodes", "3"), el("my_score", "7"), el("my_start_date", "2024-05-00")))
	}
	onBoth(t, func(t *testing.T, b *bench) {
		b.imports("alice", listOf(list...))
		before := b.versions()
		for _, mode := range []string{"merge", "overwrite", "new-only"} {
			if r := b.importsAs("alice", listOf(list...), "mode", mode); r.Unchanged != 700 {
				t.Errorf("%s: %s", mode, r.counts())
			}
			if diff := cmp.Diff(before, b.versions()); diff != "" {
				t.Errorf("%s: rows were written (-before +after):\n%s", mode, clipped(diff))
			}
		}
	})
}

// versions tells every write of a row: on PostgreSQL by the transaction that
// wrote each, on SQLite, which has none, by what is in them.
func (b *bench) versions() string {
	b.tb.Helper()
	if !b.store.DB().Postgres() {
		return b.dump()
	}
	var out strings.Builder
	for _, table := range []string{"trackers", "provider_records", "tracker_completed", "activities", "works", "import_changes", "crossrefs", "crossref_due"} {
		var versions string
		must(b.tb, b.store.DB().Gorm(b.tb.Context()).Raw("SELECT COALESCE(string_agg(ctid::text || ' ' || xmin::text, ' ' ORDER BY ctid), '') FROM "+table).Row().Scan(&versions))
		out.WriteString(table + ": " + versions + "\n")
	}
	return out.String()
}

func TestTheProviderNeedNotBeGiven(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		if r := b.importsAs("alice", listOf(anime(1, "Watching"))); r.Created != 1 {
			t.Errorf("the import: %s", r.counts())
		}
		fault := b.refused("alice", "import-trackers", importingAs([]byte(`{"data":{"MediaListCollection":{}}}`), "provider", "myanimelist"))
		if fault.Message != "This is not a MyAnimeList export. It looks like an AniList export." {
			t.Errorf("another provider's file: %v", fault)
		}
	})
}
