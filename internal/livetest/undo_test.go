package livetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnImportFromAProviderIsPutBack(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		s := open(t)
		first := s.ended("alice", "import-from-provider", s.with())
		s.sign("carol", s.provider, s.stored())
		s.do("carol", "import-from-provider", s.with())
		// The list changes at the provider, and carol's import takes that over.
		again := s.do("alice", "import-from-provider", s.with())
		s.turn(again)
		s.do("alice", "export-to-provider", s.with())
		taken := s.ended("carol", "import-from-provider", s.with())
		after := s.listed("carol")
		if cmp.Equal(s.facts, after) {
			t.Fatal("the import took nothing over")
		}
		if r := s.do("carol", "undo-import", args("task_id", taken.ID.String())); r.Updated != 2 || r.Total != 2 {
			t.Errorf("put back: %s\n%s", r.counts(), r.raw)
		}
		if diff := cmp.Diff(s.facts, s.listed("carol")); diff != "" {
			t.Errorf("after it was put back (-want +got):\n%s", diff)
		}
		if r := s.do("carol", "import-from-provider", s.with()); r.Updated != 2 || !cmp.Equal(after, s.listed("carol")) {
			t.Errorf("imported once more: %s\n%s", r.counts(), r.raw)
		}
		// What the first import made goes, but for what was changed since.
		r := s.do("alice", "undo-import", args("task_id", first.ID.String()))
		if r.Updated != len(s.facts)-2 || r.Skipped != 2 || len(s.listed("alice")) != 2 {
			t.Errorf("put back: %s, %d are left\n%s", r.counts(), len(s.listed("alice")), r.raw)
		}
	})
}

func TestAnImportThatWasInterruptedIsPutBackWhole(t *testing.T) {
	each(t, func(t *testing.T, open func(t *testing.T) *scene) {
		s := open(t)
		task := s.begin("alice", "import-from-provider")
		s.site.SetPlan(limitedEvery(2))
		_, err := s.finish(task, s.with())
		s.must(err)
		s.end(task)
		if r := s.do("alice", "undo-import", args("task_id", task.ID.String())); r.Updated != len(s.facts) || len(s.listed("alice")) != 0 {
			t.Errorf("put back: %s\n%s", r.counts(), r.raw)
		}
	})
}
