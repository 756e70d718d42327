package trackers_test

import (
	"fmt"
	"strings"
	"testing"

	"asapi/store/storetest"
	"asapi/tasks/tracker/xref"
)

// BenchmarkLoadReferences loads 40,000 rows of three ids, and then the same again.
func BenchmarkLoadReferences(b *testing.B) {
	rows := make([]string, 40_000)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"mal_id": %d, "anilist_id": %d, "anidb_id": %d, "kitsu_id": %d}`, i+1, i+100_001, i+200_001, i+1)
	}
	file := "[" + strings.Join(rows, ",\n") + "]"
	for _, again := range []bool{false, true} {
		for name, url := range map[string]func() string{
			"SQLite":     func() string { return storetest.SQLite(b) },
			"PostgreSQL": func() string { return storetest.Postgres(b) },
		} {
			b.Run(fmt.Sprintf("%s/again=%v", name, again), func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					on := newBench(b, url())
					if again {
						on.load(xref.Everyone, file)
					}
					b.StartTimer()
					on.load(xref.Everyone, file)
				}
			})
		}
	}
}
