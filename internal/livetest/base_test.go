package livetest

import (
	"testing"

	fake "asapi/internal/testprovider/anilist"
)

func TestWhatWasTakenBackAtAProviderIsNotRaisedAgainByAnExport(t *testing.T) {
	b := newAniList(t)
	b.do("alice", "import-from-provider", provided())
	b.site.Put(b.user, show(1, 101, 12), fake.Entry{Status: "CURRENT", Progress: 1, Score: 85, Start: day(2024, 5)})
	b.site.Put(b.user, show(5, 105, 0), fake.Entry{Status: "CURRENT", Progress: 4, Priority: 2})
	if r := b.do("alice", "export-to-provider", provided()); r.Unchanged != 9 || len(b.site.Writes()) != 0 {
		t.Errorf("lowered there: %s, writes %v\n%s", r.counts(), b.site.Writes(), r.raw)
	}
	// An import that merges takes nothing back here, which is no change of ours.
	b.do("alice", "import-from-provider", provided())
	if r := b.do("alice", "export-to-provider", provided()); r.Unchanged != 9 || len(b.site.Writes()) != 0 {
		t.Errorf("lowered there and imported: %s, writes %v\n%s", r.counts(), b.site.Writes(), r.raw)
	}
	b.turn()
	r := b.do("alice", "export-to-provider", provided())
	if list := b.site.List(b.user, "ANIME"); r.outcome("anilist:anime:1") != "updated progress: 1 -> 9" || list[1].Progress != 9 || list[5].Progress != 4 {
		t.Errorf("changed here since: %s, entries %+v, %+v\n%s", r.counts(), list[1], list[5], r.raw)
	}
}

func TestAnUndoneImportIsNoChangeOfOursForAnExport(t *testing.T) {
	b := newAniList(t)
	b.do("alice", "import-from-provider", provided())
	b.site.Put(b.user, show(1, 101, 12), fake.Entry{Status: "CURRENT", Progress: 8, Score: 85, Start: day(2024, 5)})
	task := b.ended("alice", "import-from-provider", provided())
	if r := b.do("alice", "undo-import", args("task_id", task.ID.String())); r.Updated != 1 {
		t.Fatalf("undone: %s\n%s", r.counts(), r.raw)
	}
	if r := b.do("alice", "export-to-provider", provided()); r.Unchanged != 9 || len(b.site.Writes()) != 0 {
		t.Errorf("exported: %s, writes %v\n%s", r.counts(), b.site.Writes(), r.raw)
	}
}
