package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"asapi/tasks"
)

// all reads every page of a listing and tells how many there were.
func (w *world) all(client tasks.Client, f tasks.TaskFilter) (ids []tasks.ID, pages int) {
	w.t.Helper()
	for {
		page, err := w.ListTasks(w.ctx, client.ID, f)
		w.must(err)
		for _, task := range page.Tasks {
			ids = append(ids, task.ID)
		}
		pages++
		if f.After = page.Next; f.After.IsZero() {
			return ids, pages
		}
	}
}

func TestASearchByTheBeginningOfAnIDFindsOnlyTheClientsOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		mine, others := w.submit(stored(w.ada)).ID, w.submit(stored(w.bob)).ID
		for _, text := range []string{mine.String(), mine.String()[:28], mine.String()[:8]} {
			var f tasks.TaskFilter
			var err error
			f.First, f.Last, err = tasks.ParseIDPrefix(text)
			w.must(err)
			if got, _ := w.all(w.ada, f); !cmp.Equal(got, []tasks.ID{mine}) {
				t.Errorf("%s finds %v, want %v", text, got, mine)
			}
		}
		first, last, err := tasks.ParseIDPrefix(others.String())
		w.must(err)
		if got, _ := w.all(w.ada, tasks.TaskFilter{First: first, Last: last}); len(got) > 0 {
			t.Errorf("another client's task was found: %v", got)
		}
	})
}

func TestASearchByTimeFindsWhatWasCreatedThen(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		task := w.submit(stored(w.ada))
		for _, test := range []struct {
			since, until time.Time
			found        bool
		}{
			{since: task.CreatedAt, found: true},
			{since: task.CreatedAt.Add(time.Microsecond)},
			{until: task.CreatedAt.Add(time.Microsecond), found: true},
			{until: task.CreatedAt},
			{since: task.CreatedAt.Add(-24 * time.Hour), until: task.CreatedAt.Add(24 * time.Hour), found: true},
		} {
			got, _ := w.all(w.ada, tasks.TaskFilter{Since: test.since, Until: test.until})
			if slices.Contains(got, task.ID) != test.found {
				t.Errorf("since %v until %v found %v, want that %v", test.since, test.until, got, test.found)
			}
		}
	})
}

// TestASearchThatMatchesLittleGoesOnInPages: each page looks at a bounded number
// of tasks, and all pages together find everything once.
func TestASearchThatMatchesLittleGoesOnInPages(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		oldest := w.submit(stored(w.ada)).ID
		w.must(w.DB().Tx(w.ctx, func(tx *gorm.DB) error {
			id := "lower(substr(?, 1, 8)) || '-ffff-7000-8000-' || substr('000000000000' || i, -12)"
			if w.DB().Postgres() {
				id = "(substr(?, 1, 8) || '-ffff-7000-8000-' || lpad(i::text, 12, '0'))::uuid"
			}
			return tx.Exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)"+
				" INSERT INTO tasks (id, client_id, service, action, account, protocol, stream, state, phase, priority, max_attempts, dispatch_no, has_inputs,"+
				" created_at, run_at, dispatched_at, deadline, params, sealed)"+
				" SELECT "+id+", client_id, service, 'export-trackers', account, protocol, stream, 4, 2, priority, max_attempts, dispatch_no, has_inputs,"+
				" created_at, run_at, dispatched_at, deadline, params, sealed FROM tasks, n", oldest.String()).Error
		}))
		got, pages := w.all(w.ada, tasks.TaskFilter{Actions: []string{"import-trackers"}, Limit: 50})
		if d := cmp.Diff([]tasks.ID{oldest}, got); d != "" {
			t.Error(d)
		}
		if pages != 3 {
			t.Errorf("looking through 25,001 tasks took %d pages, want 3", pages)
		}
		if every, _ := w.all(w.ada, tasks.TaskFilter{States: []tasks.State{tasks.Published}}); len(every) != 25000 || !slices.IsSortedFunc(every, func(a, b tasks.ID) int { return -cmpID(a, b) }) {
			t.Errorf("found %d ended tasks, want 25000, newest first", len(every))
		}
	})
}

func cmpID(a, b tasks.ID) int { return slices.Compare(a[:], b[:]) }

func TestTheBeginningOfAnIDHasFourDigitsOrMore(t *testing.T) {
	for _, bad := range []string{"", "019", "01g2", "019a1b2c-3d4e-7f00-8a9b-0c1d2e3f4a5b0", "0-1-9"} {
		if _, _, err := tasks.ParseIDPrefix(bad); tasks.CodeOf(err) != tasks.CodeInvalidParameter {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
