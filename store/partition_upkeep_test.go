package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"asapi/store"
	"asapi/tasks"
)

// oldDay leaves a partition behind that is over and in which little is left, and
// gives its name and the tasks that are left in it.
func (c *calendar) oldDay() (string, []tasks.ID) {
	c.t.Helper()
	c.keep(everything)
	c.later(9 * day)
	c.keep(everything)
	var left []tasks.ID
	for range 20 {
		left = append(left, c.submit(stored(c.ada)).ID)
	}
	parts := c.partitions("tasks")
	c.later(9 * day)
	return parts[len(parts)-2], left
}

// found fails unless every task is found once, and one by one.
func (c *calendar) found(ids []tasks.ID) {
	c.t.Helper()
	list, err := c.Tasks(c.ctx, c.ada.ID, ids)
	c.must(err)
	if len(list) != len(ids) {
		c.t.Errorf("of %d tasks %d rows are found", len(ids), len(list))
	}
	for _, id := range ids {
		_ = c.task(id)
	}
}

// TestWorkGoesOnWhilePartitionsAreGivenBack: no statement waits for a lock for two
// seconds, which PostgreSQL itself watches over.
func TestWorkGoesOnWhilePartitionsAreGivenBack(t *testing.T) {
	c := newCalendar(t)
	busy := c.another("&lock_timeout=2000")
	var ids []tasks.ID
	var mu sync.Mutex
	var stop atomic.Bool
	group, ctx := errgroup.WithContext(c.ctx)
	for range 8 {
		group.Go(func() error {
			for !stop.Load() {
				id, err := life(ctx, busy, c.ada)
				if err != nil {
					return err
				}
				mu.Lock()
				ids = append(ids, id)
				mu.Unlock()
			}
			return nil
		})
	}
	dropped, before := 0, []string(nil)
	for dropped < 10 && ctx.Err() == nil {
		c.later(9 * day)
		c.keep(everything)
		parts := c.partitions("tasks")
		for _, p := range before {
			if !slices.Contains(parts, p) {
				dropped++
			}
		}
		before = parts
	}
	stop.Store(true)
	c.must(group.Wait())
	for some := range slices.Chunk(ids, tasks.MaxIDs) {
		list, err := c.Tasks(c.ctx, c.ada.ID, some)
		c.must(err)
		if len(list) != len(some) {
			t.Errorf("of %d tasks %d rows are found", len(some), len(list))
		}
	}
}

// life brings a task from its submission to its consumption and looks at it.
func life(ctx context.Context, s *store.Store, client tasks.Client) (tasks.ID, error) {
	done, err := s.Submit(ctx, stored(client))
	if err != nil {
		return tasks.ID{}, err
	}
	id := done.Task.ID
	a, err := s.Start(ctx, id, time.Minute)
	if err != nil {
		return id, err
	}
	if _, err := s.Finish(ctx, published(a.Fence(), "x")); err != nil {
		return id, err
	}
	list, err := s.Tasks(ctx, client.ID, []tasks.ID{id})
	if err != nil {
		return id, err
	}
	if len(list) != 1 || list[0].State != tasks.Published {
		return id, fmt.Errorf("task %s is seen as %+v", id, list)
	}
	consumed, err := s.Consume(ctx, client.ID, []tasks.ID{id})
	if err == nil && len(consumed) != 1 {
		err = fmt.Errorf("the result of task %s was consumed %d times", id, len(consumed))
	}
	return id, err
}

func TestTwoUpkeepsAtOnceDoTheWorkOnce(t *testing.T) {
	c := newCalendar(t)
	other := c.another("")
	var ids []tasks.ID
	for range 8 {
		ids = append(ids, c.submit(stored(c.ada)).ID)
		c.later(9 * day)
		group, ctx := errgroup.WithContext(c.ctx)
		for _, s := range []*store.Store{c.Store, other} {
			group.Go(func() error {
				_, err := s.Expire(ctx, everything, 1000)
				return err
			})
		}
		c.must(group.Wait())
	}
	c.keep(everything)
	c.found(ids)
	if parts := c.partitions("tasks"); len(parts) > 3 {
		t.Errorf("there are the partitions %v", parts)
	}
}

// TestAReaderThatTakesLongOnlyPutsTheUpkeepOff: it waits for a moment, and for
// nobody else to wait behind it.
func TestAReaderThatTakesLongOnlyPutsTheUpkeepOff(t *testing.T) {
	c := newCalendar(t)
	old, left := c.oldDay()
	release := c.lock("LOCK TABLE tasks IN ACCESS SHARE MODE")
	c.keep(everything)
	if parts := c.partitions("tasks"); !slices.Contains(parts, old) {
		t.Fatal("a partition was dropped that somebody reads")
	}
	c.found(left)
	release()
	c.keep(everything)
	if parts := c.partitions("tasks"); slices.Contains(parts, old) {
		t.Errorf("the partition %s stays: %v", old, parts)
	}
	c.found(left)
}

// lock takes locks in a transaction of its own, until release.
func (c *calendar) lock(statement string) (release func()) {
	c.t.Helper()
	pool, err := c.another("&idle_in_transaction_session_timeout=0").DB().Gorm(c.ctx).DB()
	c.must(err)
	tx, err := pool.BeginTx(c.ctx, nil)
	c.must(err)
	_, err = tx.ExecContext(c.ctx, statement)
	c.must(err)
	return sync.OnceFunc(func() { _ = tx.Rollback() }) // nothing was changed
}

// TestNothingIsRefusedAfterAnUpkeepWasInterrupted: it had promised that a partition
// holds nothing from a day on, and did not come to begin the next one.
func TestNothingIsRefusedAfterAnUpkeepWasInterrupted(t *testing.T) {
	c := newCalendar(t)
	release := c.lock("LOCK TABLE ONLY tasks, ONLY results, ONLY inputs, ONLY task_items, ONLY import_changes IN ACCESS SHARE MODE")
	c.keep(everything)
	release()
	if parts := c.partitions("tasks"); len(parts) != 1 {
		t.Fatalf("the upkeep was not interrupted: %v", parts)
	}
	var promises int
	c.must(c.DB().Gorm(c.ctx).Raw("SELECT count(*) FROM pg_constraint WHERE conname LIKE 'until_%'").Row().Scan(&promises))
	if promises != len(bigTables) {
		t.Fatalf("it left %d promises, want one for each table", promises)
	}
	c.later(30 * day)
	ids := []tasks.ID{c.run(failing(c.ada), "x").ID, c.submit(failing(c.ada)).ID}
	c.keep(everything)
	c.keep(everything)
	c.found(ids)
	if parts := c.partitions("tasks"); len(parts) < 2 {
		t.Errorf("the upkeep does not go on: %v", parts)
	}
}

// TestAnUpkeepThatIsKilledAnywhereIsCarriedOn kills its backend after its first
// change of a table, after its second one, and so on.
func TestAnUpkeepThatIsKilledAnywhereIsCarriedOn(t *testing.T) {
	c := newCalendar(t)
	c.must(c.DB().Gorm(c.ctx).Exec("CREATE SEQUENCE changes;" +
		"CREATE FUNCTION die() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN" +
		" IF current_setting('application_name') = 'victim' AND nextval('changes') = 0 THEN PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(60); END IF;" +
		" END $$;" +
		"CREATE EVENT TRIGGER die ON ddl_command_end EXECUTE FUNCTION die();" +
		"ALTER SEQUENCE changes MINVALUE -1000").Error)
	kills := 0
	for killed := true; killed; {
		old, left := c.oldDay()
		c.must(c.DB().Gorm(c.ctx).Exec("SELECT setval('changes', ?)", -1-kills).Error)
		_, err := c.another("&application_name=victim").Expire(c.ctx, everything, 1000)
		if killed = err != nil; killed {
			kills++
		}
		c.found(left)
		c.keep(everything)
		c.keep(everything)
		c.found(left)
		if parts := c.partitions("tasks"); slices.Contains(parts, old) {
			t.Errorf("after it was killed at change %d the partition %s stays: %v", kills, old, parts)
		}
	}
	if kills < 20 {
		t.Errorf("the upkeep was killed only %d times", kills)
	}
}
