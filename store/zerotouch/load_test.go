package zerotouch_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"testing"

	"asapi/internal/testserver"
	"asapi/store/storetest"
	"asapi/tasks"
	"asapi/tasks/zerotouch"
)

// many is how many devices one batch may well have.
const many = 100_000

// claimsMany claims devices of a file that is never in memory at once.
func (p *partner) claimsMany(n int, watch func(io.Reader) io.Reader) {
	p.tb.Helper()
	args := bound(nil)
	args.Files["file"] = tasks.NewFile("devices", "", 1, func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(watch(claimsFile(n, p.customer))), nil
	})
	out, err := p.attempt(p.tb.Context(), p.begin("claim-devices"), args)
	must(p.tb, err)
	if begins := fmt.Appendf(nil, `{"total":%d,"created":%d,`, n, n); !bytes.HasPrefix(out, begins) {
		p.tb.Fatalf("the report begins with %s", out[:200])
	}
}

func unwatched(r io.Reader) io.Reader { return r }

// TestABatchOf100000DevicesStaysUnder64MB counts the file that the test makes, too.
func TestABatchOf100000DevicesStaysUnder64MB(t *testing.T) {
	if !testserver.Unraced(t) {
		return
	}
	onBoth(t, func(t *testing.T, b *bench) {
		p := b.partner("shop")
		task := p.begin("claim-devices")
		debug.FreeOSMemory() // what the tests before this one left
		w := &watcher{before: held()}
		args := bound(nil)
		args.Files["file"] = tasks.NewFile("devices", "", 1, func(context.Context) (io.ReadCloser, error) {
			w.Reader = claimsFile(many, p.customer)
			return io.NopCloser(w), nil
		})
		action, _ := p.service.Action(task.Action)
		run := tasks.NewRun(task, args, b.store, b.blobs, discard)
		must(t, action.Do(t.Context(), run, args))
		w.look()
		result, err := run.Result().Commit()
		must(t, err)
		t.Logf("it took %d MB at its peak and left a report of %d MB", w.most>>20, result.Size>>20)
		if w.most > 64<<20 {
			t.Errorf("the batch took %d MB at its peak, want at most 64", w.most>>20)
		}
	})
}

// watcher notes how much memory the process holds while a file is read.
type watcher struct {
	io.Reader
	before, most uint64
	reads        int
}

func (w *watcher) Read(p []byte) (int, error) {
	if w.reads++; w.reads%500 == 0 {
		w.look()
	}
	return w.Reader.Read(p)
}

func (w *watcher) look() { w.most = max(w.most, max(held(), w.before)-w.before) }

// held is how many bytes the process holds.
func held() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys - m.HeapReleased
}

func BenchmarkClaim100000DevicesInOneBatch(b *testing.B) {
	for _, kind := range []struct {
		name string
		url  func(testing.TB) string
	}{{"SQLite", storetest.SQLite}, {"PostgreSQL", storetest.Postgres}} {
		b.Run(kind.name, func(b *testing.B) {
			for b.Loop() {
				newBench(b, kind.url(b)).partner("shop").claimsMany(many, unwatched)
			}
			b.ReportMetric(float64(many*b.N)/b.Elapsed().Seconds(), "devices/s")
		})
	}
}

// BenchmarkFindByOwnerAmongAMillion finds 100 of a million devices, of which one
// customer has all and another a thousand.
func BenchmarkFindByOwnerAmongAMillion(b *testing.B) {
	bench := newBench(b, storetest.Postgres(b))
	p := bench.partner("shop")
	few := p.newCustomer("few")
	columns := "registrar, customer_id, workspace, configuration, sim_profile, vacation_start, vacation_expire, type, imei, imei2, meid, meid2, serial, manufacturer, model, attested, serial_key, manufacturer_key, model_key, metadata, created_at, updated_at"
	bench.sql("INSERT INTO devices ("+columns+") SELECT ?::bigint, CASE WHEN n % 1000 = 0 THEN ?::bigint ELSE ?::bigint END, '', 0, 0, 0, 0, 'DEVICE_TYPE_ANDROID', n::text, '', '', '', 'S' || n, 'Acme', 'One', '', 's' || n, 'acme', 'one', '', 1, 1 FROM generate_series(1, 1000000) n",
		int64(p.id), int64(few), int64(p.customer))
	bench.sql("INSERT INTO device_counts SELECT customer_id, workspace, registrar, COUNT(*) FROM devices GROUP BY 1, 2, 3")
	for name, customers := range map[string][]zerotouch.CustomerID{"all": {p.customer}, "few": {few}, "both": {p.customer, few}} {
		b.Run(name, func(b *testing.B) {
			query := zerotouch.OwnerQuery{Customers: customers, Section: zerotouch.ZeroTouch, Limit: 100}
			for b.Loop() { // page after page
				page, err := p.registry.FindByOwner(b.Context(), p.caller, p.id, query)
				must(b, err)
				if len(page.List) != 100 {
					b.Fatalf("a page has %d devices", len(page.List))
				}
				query.Token = page.Next
			}
		})
	}
}
