package livetest

import (
	"fmt"
	"testing"

	fake "asapi/internal/testprovider/anilist"
)

// watch changes a tracker on our side, by a list file of MyAnimeList.
func (b *bench) watch(id, status string, progress int) {
	b.t.Helper()
	b.do("alice", "import-trackers", withFile(args("provider", "myanimelist"), fmt.Sprintf(`<myanimelist><anime>
		<series_animedb_id>%s</series_animedb_id><my_status>%s</my_status><my_watched_episodes>%d</my_watched_episodes></anime></myanimelist>`, id, status, progress)))
}

func TestWhatWasTakenBackAtAProviderIsNotRaisedAgainByAnExport(t *testing.T) {
	t.Parallel()
	b := newAniList(newBench(t))
	b.do("alice", "import-from-provider", b.with())
	b.site.Put(b.alice, show(1, 101, 12), fake.Entry{Status: "CURRENT", Progress: 1, Score: 85, Start: day(2024, 5)})
	b.site.Put(b.alice, show(5, 105, 0), fake.Entry{Status: "CURRENT", Progress: 4, Priority: 2})
	if r := b.do("alice", "export-to-provider", b.with()); r.Unchanged != 9 || len(b.site.Writes()) != 0 {
		t.Errorf("lowered there: %s, writes %v\n%s", r.counts(), b.site.Writes(), r.raw)
	}
	// An import that merges takes nothing back here, which is no change of ours.
	b.do("alice", "import-from-provider", b.with())
	if r := b.do("alice", "export-to-provider", b.with()); r.Unchanged != 9 || len(b.site.Writes()) != 0 {
		t.Errorf("lowered there and imported: %s, writes %v\n%s", r.counts(), b.site.Writes(), r.raw)
	}
	b.watch("101", "Watching", 9)
	r := b.do("alice", "export-to-provider", b.with())
	if list := b.site.List(b.alice, "ANIME"); r.outcome("anilist:anime:1") != "updated progress: 1 -> 9" || list[1].Progress != 9 || list[5].Progress != 4 {
		t.Errorf("changed here since: %s, entries %+v, %+v\n%s", r.counts(), list[1], list[5], r.raw)
	}
}

func TestAnUndoneImportIsNoChangeOfOursForAnExport(t *testing.T) {
	t.Parallel()
	b := newAniList(newBench(t))
	b.do("alice", "import-from-provider", b.with())
	b.site.Put(b.alice, show(1, 101, 12), fake.Entry{Status: "CURRENT", Progress: 8, Score: 85, Start: day(2024, 5)})
	task := b.ended("alice", "import-from-provider", b.with())
	if r := b.do("alice", "undo-import", args("task_id", task.ID.String())); r.Updated != 1 {
		t.Fatalf("undone: %s\n%s", r.counts(), r.raw)
	}
	if r := b.do("alice", "export-to-provider", b.with()); r.Unchanged != 9 || len(b.site.Writes()) != 0 {
		t.Errorf("exported: %s, writes %v\n%s", r.counts(), b.site.Writes(), r.raw)
	}
}
