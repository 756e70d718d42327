package faulttest_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"asapi/internal/client"
	"asapi/internal/testserver"
	"asapi/store"
)

// TestABatchOfDevicesGoesOnAtTheEntryWhereItsWorkerWasKilled claims a file in which
// every device stands twice: an entry that were taken twice, or not at all, would
// show in how many are new and how many unchanged.
func TestABatchOfDevicesGoesOnAtTheEntryWhereItsWorkerWasKilled(t *testing.T) {
	t.Parallel()
	const count = 30_000 // entries
	database := testserver.Postgres(t)
	w := newStage(t, database, 1, 2)
	shop := w.join("shop", "--protocol", "asstore")
	err := shop.insist(w.ctx, func(ctx context.Context, one *client.Client) error { return one.Register(ctx, "zerotouch", "shop") })
	if err != nil {
		t.Fatal(err)
	}
	customer := run(t, w.env, "zerotouch", "customer", "add", "--client", "shop", "--owner", "ann@company.example", "Company")
	var table strings.Builder
	table.WriteString("serial,manufacturer,model,order number\n")
	for i := range count {
		fmt.Fprintf(&table, "S%d,Acme,One,%d\n", i/2, i/2)
	}
	file := filepath.Join(t.TempDir(), "devices.csv")
	if err := os.WriteFile(file, []byte(table.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := store.Open(t.Context(), store.Config{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rows.Close() })
	outcomes := func() map[string]int {
		found, err := rows.DB().Gorm(t.Context()).Raw("SELECT outcome, COUNT(*) FROM task_items GROUP BY outcome").Rows()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = found.Close() }() // Err tells what matters
		by := map[string]int{}
		for found.Next() {
			var outcome string
			var n int
			if err := found.Scan(&outcome, &n); err != nil {
				t.Fatal(err)
			}
			by[outcome] = n
		}
		if found.Err() != nil {
			t.Fatal(found.Err())
		}
		return by
	}

	w.work[0].start()
	err = shop.insist(w.ctx, func(ctx context.Context, one *client.Client) error {
		done, err := one.Submit(ctx, client.Submission{
			Service: "zerotouch", Action: "claim-devices", Account: "shop", IdempotencyKey: "devices",
			Values: url.Values{"customer": {customer}}, Files: map[string]string{"file": file},
		})
		if err == nil {
			shop.answered = append(shop.answered, done.TaskID)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	testserver.Eventually(t, patience, func() bool { return len(outcomes()) > 0 }, "the first entries to be taken")
	w.work[0].kill()
	w.flushAll()
	before := outcomes()
	t.Logf("when the worker was killed there were %v", before)
	if before["created"] >= count/2 {
		t.Fatal("all entries were taken too soon to show anything")
	}
	w.work[1].start()
	w.awaitEnded(1)
	if diff := cmp.Diff(map[string]int{"created": count / 2, "unchanged": count / 2}, outcomes()); diff != "" {
		t.Error(diff)
	}
	var kept, counted, last int
	for query, to := range map[string]*int{
		"SELECT COUNT(*) FROM devices":                              &kept,
		"SELECT SUM(devices) FROM device_counts":                    &counted,
		"SELECT COUNT(DISTINCT idx) FROM task_items WHERE idx >= 0": &last,
	} {
		if err := rows.DB().Gorm(t.Context()).Raw(query).Row().Scan(to); err != nil {
			t.Fatal(err)
		}
	}
	if kept != count/2 || counted != count/2 || last != count {
		t.Errorf("there are %d devices, %d are counted, of %d entries", kept, counted, last)
	}
}
