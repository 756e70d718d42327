package trackers_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"

	"asapi/internal/testserver"
	"asapi/store/storetest"
	"asapi/tasks"
)

// made streams a list of n entries that were never in memory at once.
func made(n int) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		fmt.Fprint(w, "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<myanimelist>\n<myinfo><user_name>many</user_name></myinfo>\n")
		for i := range n {
			_, err := fmt.Fprintf(w, `<anime>
	<series_animedb_id>%d</series_animedb_id><series_title><![CDATA[Made %d]]></series_title><series_type>TV</series_type><series_episodes>12</series_episodes>
	<my_id>0</my_id><my_watched_episodes>%d</my_watched_episodes><my_start_date>2021-04-00</my_start_date><my_finish_date>0000-00-00</my_finish_date>
	<my_rated></my_rated><my_score>%d</my_score><my_storage></my_storage><my_storage_value>0.00</my_storage_value><my_status>Watching</my_status>
	<my_comments><![CDATA[A comment of some length about number %d, as people write them.]]></my_comments><my_times_watched>0</my_times_watched>
	<my_rewatch_value></my_rewatch_value><my_priority>LOW</my_priority><my_tags><![CDATA[one, two]]></my_tags><my_rewatching>0</my_rewatching>
	<my_rewatching_ep>0</my_rewatching_ep><my_discuss>1</my_discuss><my_sns>default</my_sns><update_on_import>0</update_on_import>
</anime>
`, i+1, i, i%12, i%11, i)
			if err != nil {
				return // the reader has closed its end
			}
		}
		fmt.Fprint(w, "</myanimelist>\n")
		_ = w.Close() // a pipe's Close never fails
	}()
	return r
}

func streaming(param string, open func() io.ReadCloser) tasks.Args {
	return tasks.Args{
		Values: map[string][]string{"provider": {"myanimelist"}},
		Files: map[string]tasks.File{param: tasks.NewFile("made", "", 0, func(context.Context) (io.ReadCloser, error) {
			return open(), nil
		})},
	}
}

// activityLines streams n activities on a hundred works.
func activityLines(n int) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		for i := range n {
			_, err := fmt.Fprintf(w, `{"platform":"NETFLIX","resource":"animes/%d/episodes/%d","from":0,"to":1320,"start":"2026-01-02T10:00:00Z","end":"2026-01-02T10:22:00Z","length":1320}`+"\n", i%100+1, i/100%24+1)
			if err != nil {
				return // the reader has closed its end
			}
		}
		_ = w.Close() // a pipe's Close never fails
	}()
	return r
}

// benchOnBoth measures on SQLite and on PostgreSQL.
func benchOnBoth(b *testing.B, measure func(b *testing.B, bench *bench)) {
	b.Helper()
	b.Run("SQLite", func(b *testing.B) { measure(b, newBench(b, storetest.SQLite(b))) })
	b.Run("PostgreSQL", func(b *testing.B) { measure(b, newBench(b, storetest.Postgres(b))) })
}

// importsMany imports a list of 50,000 entries.
func (b *bench) importsMany(account string) {
	b.tb.Helper()
	_, err := b.runWith(b.begin(b.client, account, "import-trackers"), streaming("file", func() io.ReadCloser { return made(50000) }), b.catalog)
	must(b.tb, err)
}

func BenchmarkImport50000Entries(b *testing.B) {
	benchOnBoth(b, func(b *testing.B, bench *bench) {
		b.Helper()
		for i := 0; b.Loop(); i++ {
			bench.importsMany(fmt.Sprint("many", i))
		}
	})
}

func BenchmarkReimport50000Entries(b *testing.B) {
	benchOnBoth(b, func(b *testing.B, bench *bench) {
		b.Helper()
		bench.importsMany("many")
		for b.Loop() {
			bench.importsMany("many")
		}
	})
}

func BenchmarkProcess100000Activities(b *testing.B) {
	bench := newBench(b, storetest.Postgres(b))
	for b.Loop() {
		_, err := bench.runWith(bench.begin(bench.client, "viewer", "process-activities"), streaming("activities", func() io.ReadCloser { return activityLines(100000) }), bench.catalog)
		must(b, err)
	}
	b.ReportMetric(float64(100000*b.N)/b.Elapsed().Seconds(), "activities/s")
}

func TestAnImportOf50000EntriesStaysUnder100MB(t *testing.T) {
	if testserver.Unraced(t) {
		onBoth(t, importsInLittle)
	}
}

func importsInLittle(t *testing.T, b *bench) {
	t.Helper()
	debug.FreeOSMemory() // what the tests before this one left
	before := held()
	var peak atomic.Uint64
	watching := &watched{peak: &peak}
	raw, err := b.runWith(b.begin(b.client, "many", "import-trackers"), streaming("file", func() io.ReadCloser {
		watching.ReadCloser = made(50000)
		return watching
	}), b.catalog)
	must(t, err)
	if got := bytes.Count(raw[:200], []byte(`"created":50000`)); got != 1 {
		t.Fatalf("the report begins with %s", raw[:200])
	}
	if mb := (max(peak.Load(), before) - before) >> 20; mb > 100 {
		t.Errorf("the import took %d MB at its peak, want at most 100", mb)
	}
}

// held is how many bytes the process holds.
func held() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys - m.HeapReleased
}

// watched notes how much memory the process holds while a file is read.
type watched struct {
	io.ReadCloser
	peak  *atomic.Uint64
	reads int
}

func (w *watched) Read(p []byte) (int, error) {
	if w.reads++; w.reads%500 == 0 {
		w.peak.Store(max(w.peak.Load(), held()))
	}
	return w.ReadCloser.Read(p)
}
