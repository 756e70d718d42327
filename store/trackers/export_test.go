package trackers_test

import (
	"archive/zip"
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"

	"asapi/tasks"
)

func TestAnExportOfSeveralListsIsAnArchiveWithAFileForEach(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.imports("alice", listOf(anime(1, "Watching")))
		b.imports("alice", listOf(manga(1, "Reading")))
		packed := b.do("alice", "export-trackers", exporting())
		archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
		must(t, err)
		if len(archive.File) != 2 {
			t.Errorf("the archive has %d files", len(archive.File))
		}
		for _, f := range archive.File {
			in, err := f.Open()
			must(t, err)
			whole, err := io.ReadAll(in)
			must(t, err)
			want := "series_animedb_id"
			if strings.Contains(f.Name, "manga") {
				want = "manga_mangadb_id"
			}
			if got := elements(whole); len(got) != 1 || got[0][want] != "1" {
				t.Errorf("%s has %v", f.Name, got)
			}
		}
		fault := b.refused("alice", "export-trackers", exporting("dry_run", "true"))
		if fault.Code != tasks.CodeMissing || fault.Field != "kind" {
			t.Errorf("the task ended with %v, want one that asks for the kind", fault)
		}
		got := elements(b.do("alice", "export-trackers", exporting("kind", "manga")))
		if len(got) != 1 || got[0]["manga_mangadb_id"] != "1" {
			t.Errorf("the manga list has %v", got)
		}
		b.imports("bob", listOf(manga(1, "Reading")))
		if got := elements(b.do("bob", "export-trackers", exporting())); len(got) != 1 {
			t.Errorf("the only list has %v", got)
		}
		if fault := b.refused("bob", "export-trackers", exporting("kind", "anime")); fault.Code != tasks.CodeNotFound {
			t.Errorf("the list that is not there: %v", fault)
		}
	})
}

func TestTheHeaderOfAnExportCountsWhatItHolds(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.imports("alice", listOf(anime(1, "Watching"), anime(2, "Watching"), anime(3, "Completed"), anime(4, "Dropped"), anime(5, "Plan to Watch"), anime(6, "On-Hold")))
		out := string(b.do("alice", "export-trackers", exporting()))
		for _, want := range []string{
			"<user_name>alice</user_name>", "<user_export_type>1</user_export_type>", "<user_total_anime>6</user_total_anime>",
			"<user_total_watching>2</user_total_watching>", "<user_total_completed>1</user_total_completed>", "<user_total_onhold>1</user_total_onhold>",
			"<user_total_dropped>1</user_total_dropped>", "<user_total_plantowatch>1</user_total_plantowatch>",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("the export lacks %s:\n%s", want, out[:1000])
			}
		}
	})
}

func TestAnExportShowsWhatHappenedSinceTheImport(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.imports("alice", listOf(anime(1, "Dropped", el("my_watched_episodes", "10"), el("my_start_date", "2021-00-00"))))
		b.do("alice", "process-activities", doing(activity("animes/myanimelist-1/episodes/11", `"completed":true`)))
		got := elements(b.do("alice", "export-trackers", exporting()))[0]
		if got["my_status"] != "Watching" || got["my_watched_episodes"] != "11" || got["my_start_date"] != "2021-00-00" {
			t.Errorf("after one more episode: %v", got)
		}
		b.do("alice", "process-activities", doing(activity("animes/myanimelist-1/episodes/12", `"completed":true`)))
		got = elements(b.do("alice", "export-trackers", exporting()))[0]
		if got["my_status"] != "Completed" || got["my_watched_episodes"] != "12" || got["my_finish_date"] != "2026-01-02" {
			t.Errorf("after the last episode: %v", got)
		}
	})
}

func TestATrackerThatNoListMadeIsExportedWhenItsResourceNamesTheID(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.do("alice", "process-activities", doing(activity("animes/myanimelist-77/episodes/1", `"completed":true`)+activity("animes/12345/episodes/1", "")))
		exported := b.do("alice", "export-trackers", exporting())
		got := elements(exported)
		if len(got) != 1 || got[0]["series_animedb_id"] != "77" || got[0]["my_status"] != "Watching" || got[0]["my_watched_episodes"] != "1" || got[0]["my_start_date"] != "2026-01-02" {
			t.Errorf("the export has %v", got)
		}
		if r := b.imports("bob", exported); r.Created != 1 {
			t.Errorf("importing it: %s", r.counts())
		}
	})
}

func TestAnExportCountsWhatItWritesAndWhatItLeavesOut(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.imports("alice", listOf(anime(1, "Watching"), anime(2, "Completed")))
		b.imports("alice", listOf(manga(1, "Reading")))
		b.importsAniList("alice", answerOf(aniEntry(77, "CURRENT", 1, unset)))
		for what, want := range map[string]struct {
			asked args
			tally tasks.Tally
		}{
			"a list":    {exporting("kind", "anime"), tasks.Tally{Total: 3, Unchanged: 2, Skipped: 1}},
			"all lists": {exporting(), tasks.Tally{Total: 4, Unchanged: 3, Skipped: 1}},
			"all":       {args{values: map[string]string{"format": "json"}}, tasks.Tally{Total: 4, Unchanged: 4}},
		} {
			bound := want.asked.bound()
			run := tasks.NewRun(b.begin(b.client, "alice", "export-trackers"), bound, b.store, b.blobs, slog.New(slog.DiscardHandler))
			action, _ := b.catalog.Find("tracker", "export-trackers")
			must(t, action.Do(t.Context(), run, bound))
			if progress, got := run.Tally(); got != want.tally || progress > 100 {
				t.Errorf("%s: at %d %% it has %+v, want %+v", what, progress, got, want.tally)
			}
		}
	})
}
