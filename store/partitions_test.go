package store_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"asapi/store"
	"asapi/store/storetest"
	"asapi/tasks"
)

// calendar is a world on PostgreSQL whose clock a test moves on.
type calendar struct {
	*world
	url string
	at  atomic.Int64 // Unix seconds
}

func (c *calendar) now() time.Time { return time.Unix(c.at.Load(), 0) }

// later moves the clock on, so that the partitions are looked at again.
func (c *calendar) later(d time.Duration) { c.at.Add(int64(d / time.Second)) }

const day = 24 * time.Hour

// newCalendar begins sixty days ago: ids that are made later than now are not found
// by what goes by the database's clock.
func newCalendar(t *testing.T) *calendar {
	t.Helper()
	c := &calendar{url: storetest.Postgres(t)}
	c.at.Store(time.Now().Add(-60 * day).Truncate(day).Add(12 * time.Hour).Unix())
	c.world = newWorldOf(t, store.Config{URL: c.url, Clock: c.now})
	return c
}

// another is a second process on the same database, with settings for its sessions.
func (c *calendar) another(settings string) *store.Store {
	c.t.Helper()
	s, err := store.Open(c.ctx, store.Config{URL: c.url + settings, Clock: c.now})
	c.must(err)
	c.t.Cleanup(func() { _ = s.Close() })
	return s
}

// nothing keeps nothing that has ended. everything keeps all: only the clock of the
// ids is moved on, and everything has just ended by the database's.
var (
	nothing    = tasks.Retention{Results: -time.Second, Tasks: -time.Second}
	everything = tasks.Retention{Results: tasks.KeepResults, Tasks: tasks.KeepTasks}
)

// keep is one round of the upkeep, a moment later.
func (c *calendar) keep(r tasks.Retention) {
	c.t.Helper()
	c.later(2 * time.Minute)
	for {
		more, err := c.Expire(c.ctx, r, 1000)
		c.must(err)
		if !more {
			return
		}
	}
}

// partitions names the partitions of a table, by their ranges.
func (c *calendar) partitions(table string) []string {
	c.t.Helper()
	var list []string
	c.must(c.DB().Gorm(c.ctx).Raw("SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = ?::regclass"+
		" ORDER BY pg_get_expr(c.relpartbound, c.oid) LIKE '%FROM (MINVALUE)%' DESC, 1", table).Scan(&list).Error)
	return list
}

var bigTables = []string{"tasks", "results", "inputs", "task_items", "import_changes"}

// size is what the tables take on disk, in bytes.
func (c *calendar) size() int64 {
	c.t.Helper()
	var n int64
	c.must(c.DB().Gorm(c.ctx).Raw("SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent::regclass::text IN ?", bigTables).Scan(&n).Error)
	return n
}

// failing is a submission with a file, which a failed task keeps.
func failing(client tasks.Client) tasks.NewTask {
	file := make([]byte, 40_000)
	_, _ = rand.Read(file) // it never fails
	n := stored(client)
	n.Inputs = []tasks.Input{{Parameter: "file", Filename: "list.xml", Size: int64(len(file)), Inline: file}}
	return n
}

// fail brings a task to a failed end with a large report.
func fail(ctx context.Context, s *store.Store, n tasks.NewTask) (tasks.ID, error) {
	done, err := s.Submit(ctx, n)
	if err != nil {
		return tasks.ID{}, err
	}
	a, err := s.Start(ctx, done.Task.ID, time.Minute)
	if err != nil {
		return tasks.ID{}, err
	}
	report := make([]byte, 40_000)
	_, _ = rand.Read(report) // it never fails
	_, err = s.Finish(ctx, tasks.Ending{
		Fence: a.Fence(), State: tasks.Failed, ErrorCode: "x",
		Result: &tasks.Result{ContentType: "text/plain", Inline: report, Size: int64(len(report)), SHA256: sha256.Sum256(report)},
	})
	return done.Task.ID, err
}

// busyDay submits and ends tasks that leave 16 MB.
func (w *world) busyDay() []tasks.ID {
	w.t.Helper()
	ids := make([]tasks.ID, 200)
	group, ctx := errgroup.WithContext(w.ctx)
	group.SetLimit(20)
	for i := range ids {
		group.Go(func() (err error) {
			ids[i], err = fail(ctx, w.Store, failing(w.ada))
			return err
		})
	}
	w.must(group.Wait())
	return ids
}

func TestDiskIsGivenBackWhenWhatADayLeftIsForgotten(t *testing.T) {
	c := newCalendar(t)
	empty := c.size()
	var gone []tasks.ID
	for range 3 { // the first one before any partition was begun, as with an older database
		gone = append(gone, c.busyDay()...)
		c.keep(everything)
		c.later(8 * day)
	}
	c.keep(everything)
	days := c.partitions("results")
	if len(days) < 3 {
		t.Fatalf("three busy days are in %v", days)
	}
	full := c.size()
	if full < empty+48_000_000 {
		t.Fatalf("the tables take %d bytes, and %d when empty: nothing was kept that could be given back", full, empty)
	}
	c.later(2 * day)
	c.keep(nothing)
	c.keep(nothing)
	if after := c.size(); after > empty+4_000_000 {
		t.Errorf("of %d bytes %d stay where %d are enough for nothing", full, after, empty)
	}
	for _, table := range bigTables {
		if parts := c.partitions(table); len(parts) > 3 {
			t.Errorf("%s still has the partitions %v", table, parts)
		}
	}
	if slices.Contains(c.partitions("results"), days[1]) {
		t.Errorf("the emptied partition %s is still there", days[1])
	}
	if list, err := c.Tasks(c.ctx, c.ada.ID, gone); err != nil || len(list) > 0 {
		t.Errorf("%d forgotten tasks are still there, %v", len(list), err)
	}
}

// TestWhatIsStillWantedOfAnOldDaySurvivesItsPartition: an open task, one that is
// scheduled, one that runs, and one whose result is kept longer for its client.
func TestWhatIsStillWantedOfAnOldDaySurvivesItsPartition(t *testing.T) {
	c := newCalendar(t)
	c.keep(nothing)
	c.later(3 * day)
	c.keep(nothing)
	c.must(c.KeepResults(c.ctx, c.bob.ID, 1000*time.Hour))
	open := c.submit(failing(c.ada))
	later := failing(c.ada)
	later.RunAt, later.Dispatched = time.Now().Add(time.Hour), false
	scheduled := c.submit(later)
	running := c.start(c.submit(stored(c.ada)).ID, time.Hour)
	c.must(c.RecordItems(c.ctx, running.Fence(), []tasks.Item{{Index: 0, Key: "a", Outcome: tasks.Created}}))
	kept := c.run(stored(c.bob), "kept")
	c.busyDay()

	old := c.partitions("tasks")[1]
	c.later(20 * day)
	c.keep(tasks.Retention{Results: -time.Second, Tasks: time.Hour})
	c.keep(tasks.Retention{Results: -time.Second, Tasks: time.Hour})
	if parts := c.partitions("tasks"); slices.Contains(parts, old) {
		t.Fatalf("the partition %s of the old day is still there: %v", old, parts)
	}
	if got := c.start(open.ID, time.Minute); len(got.Inputs) != 1 || len(got.Inputs[0].Inline) != 40_000 {
		t.Errorf("the open task starts with the inputs %v", got.Inputs)
	}
	if got := c.task(scheduled.ID); got.State != tasks.Pending || !got.RunAt.Equal(scheduled.RunAt) {
		t.Errorf("the scheduled task became %+v", got)
	}
	waiting, err := c.Backlog(c.ctx, tasks.Default)
	c.must(err)
	if len(waiting) != 1 || waiting[0].Client != c.ada.ID {
		t.Errorf("the dispatcher sees %+v waiting", waiting)
	}
	if n, _, err := c.Recorded(c.ctx, running.Task.ID); err != nil || n.Created != 1 {
		t.Errorf("the running task has the items %+v, %v", n, err)
	}
	_, err = c.Finish(c.ctx, published(running.Fence(), "done"))
	c.must(err)
	c.must(c.Hold(c.ctx, "h", time.Minute))
	for id, of := range map[tasks.ID]tasks.Client{kept.ID: c.bob, running.Task.ID: c.ada} {
		claim, err := c.ClaimResult(c.ctx, "h", of.ID, id)
		c.must(err)
		c.must(c.ConsumeClaimed(c.ctx, claim.ID, claim.Results))
		if _, err := c.PeekResult(c.ctx, of.ID, id); tasks.CodeOf(err) != tasks.CodeResultNotFound {
			t.Errorf("a result was consumed and is still there: %v", err)
		}
	}
}

func TestTasksAreSubmittedAlsoWhenNobodyKeptThePartitionsForWeeks(t *testing.T) {
	c := newCalendar(t)
	c.keep(everything)
	var ids []tasks.ID
	for range 6 {
		c.later(7 * day)
		ids = append(ids, c.run(stored(c.ada), "x").ID)
	}
	c.keep(everything)
	c.keep(everything)
	list, err := c.Tasks(c.ctx, c.ada.ID, ids)
	c.must(err)
	if len(list) != len(ids) {
		t.Errorf("of %d tasks %d are found", len(ids), len(list))
	}
	last := c.partitions("tasks")
	if want := "tasks_" + c.now().UTC().Add(25*day).Format("20060102"); last[len(last)-1] > want || last[len(last)-1] <= "tasks_"+c.now().UTC().Format("20060102") {
		t.Errorf("the last partition is %s; it is to begin within the next 25 days", last[len(last)-1])
	}
}

func TestAnIdempotencyKeyIsOneTasksAcrossDays(t *testing.T) {
	c := newCalendar(t)
	n := stored(c.ada)
	n.Key = &tasks.SubmitKey{Kind: "key", Key: "k", Body: []byte("body"), Keeps: time.Hour}
	first := c.submit(n)
	c.keep(everything)
	c.later(40 * day)
	c.keep(everything)
	again, err := c.Submit(c.ctx, n)
	c.must(err)
	if !again.Replayed || again.Task.ID != first.ID {
		t.Errorf("got %+v, want task %s again", again, first.ID)
	}
}
