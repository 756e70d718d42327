package trackers_test

import (
	"testing"

	"asapi/tasks/tracker/xref"
)

// Two lists of one person at two providers meet, with references that others
// publish, in one tracker for each work that both have.
func TestListsOfOnePersonAtTwoProvidersMeet(t *testing.T) {
	references := samplesOf(t, "xref/anime_ids_*", "xref/manga_ids_*")
	lists := samplesOf(t, "anilist/mediaListCollection_animeList*.json")
	other := samplesOf(t, "myanimelist/animelist_malscraper*.xml")
	onBoth(t, func(t *testing.T, b *bench) {
		for name, raw := range references {
			got := b.load(xref.Everyone, string(raw))
			if got.Rows == 0 || got.Refused != 0 || got.New+got.Changed+got.Unchanged+got.Single != got.Rows {
				t.Errorf("%s: %s %v", name, counted(got), got.Refusals)
			}
		}
		for _, first := range []bool{true, false} {
			account := "x"
			if first {
				account = "y"
			}
			both := 0
			ani := func() {
				for name, raw := range lists {
					r := b.report(b.do(account, "import-trackers", listFile("anilist", name, raw)))
					both += r.Updated
					if r.Failed+r.Skipped > 0 {
						t.Errorf("%s: %s", name, r.counts())
					}
				}
			}
			if first {
				ani()
			}
			for _, raw := range other {
				r := b.imports(account, raw)
				both += r.Updated
			}
			if !first {
				ani()
			}
			if len(lists) > 0 && len(other) > 0 && both < 200 {
				t.Errorf("only %d works met", both)
			}
		}
		b.rehome()
		if a, c := b.resources("x"), b.resources("y"); len(a) != len(c) {
			t.Errorf("imported in one order there are %d trackers, in the other %d", len(a), len(c))
		}
	})
}
