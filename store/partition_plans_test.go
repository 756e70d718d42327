package store_test

import (
	"testing"
	"time"

	"asapi/store"
	"asapi/tasks"
)

// TestPlansMadeForEmptyPartitionsServeFullOnes: plans are made once for a connection,
// often while the newest partition is empty and PostgreSQL knows it. A statement that
// finds rows by their ids must not read all rows of the client then.
func TestPlansMadeForEmptyPartitionsServeFullOnes(t *testing.T) {
	c := newCalendar(t)
	c.later(45 * day)
	c.keep(everything)
	c.later(9 * day) // into the next one
	for _, table := range bigTables {
		for _, p := range c.partitions(table) {
			c.must(c.DB().Gorm(c.ctx).Exec("VACUUM ANALYZE " + p).Error)
		}
	}
	stream := c.stream(c.ada)
	s, err := store.Open(c.ctx, store.Config{URL: c.url + "&application_name=planned", Clock: c.now, Conns: 1})
	c.must(err)
	planned := &world{Store: s, t: t, ctx: c.ctx, ada: c.ada}
	planned.findByID(stream)
	as := c.submit(stored(c.ada)).ID
	filling := c.another("&application_name=filling")
	c.many(filling, as, 40_000)
	c.end(filling, "filling")
	before := c.rowsRead()
	const rounds = 5
	for range rounds {
		planned.findByID(stream)
	}
	c.end(s, "planned")
	if read := (c.rowsRead() - before) / rounds; read > 1000 {
		t.Errorf("finding some rows by their ids read %d rows", read)
	}
}

// many adds tasks as old as one, a quarter of them waiting and a quarter dispatched,
// with results and inputs.
func (c *calendar) many(s *store.Store, as tasks.ID, n int) {
	c.t.Helper()
	db := s.DB().Gorm(c.ctx)
	c.must(db.Exec("INSERT INTO tasks (id, client_id, service, action, account, protocol, stream, state, phase, priority, max_attempts, dispatch_no, has_inputs,"+
		" created_at, run_at, dispatched_at, deadline, params, sealed)"+
		" SELECT (left(?, 13) || '-7000-8000-' || lpad(n::text, 12, '0'))::uuid, ?, 'tracker', 'a', 'alice', 'asstore', '', CASE WHEN n % 4 > 1 THEN 5 ELSE 0 END,"+
		" least(n % 4, 2), 1, 3, 1, true, 1, 1, 1, 0, '{}', '' FROM generate_series(1, ?) n", as.String(), c.ada.ID, n).Error)
	c.must(db.Exec("INSERT INTO results (task_id, client_id, stream, service, action, account, success, content_type, filename, size, sha256, inline, blob, created_at)" +
		" SELECT id, client_id, '', service, action, account, true, '', '', 1, '', 'x', '', 1 FROM tasks WHERE action = 'a' ON CONFLICT DO NOTHING").Error)
	c.must(db.Exec("INSERT INTO inputs SELECT id, 'file', 'f', '', 1, 'x', '' FROM tasks WHERE action = 'a' ON CONFLICT DO NOTHING").Error)
}

// end closes a store and waits until its sessions have ended: what they read is
// counted by then.
func (c *calendar) end(s *store.Store, application string) {
	c.t.Helper()
	c.must(s.Close())
	for n := 1; n > 0; {
		c.must(c.DB().Gorm(c.ctx).Raw("SELECT count(*) FROM pg_stat_activity WHERE application_name = ?", application).Row().Scan(&n))
	}
}

// rowsRead counts the rows and index entries that were read since the database began.
func (c *calendar) rowsRead() int64 {
	c.t.Helper()
	var n int64
	c.must(c.DB().Gorm(c.ctx).Raw("SELECT (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes) + (SELECT sum(seq_tup_read) FROM pg_stat_user_tables)").Row().Scan(&n))
	return n
}

// findByID does what servers and workers do most.
func (w *world) findByID(stream string) {
	w.t.Helper()
	w.must(w.Hold(w.ctx, "h", time.Minute))
	n := failing(w.ada)
	n.Key = &tasks.SubmitKey{Kind: "key", Key: time.Now().String(), Keeps: time.Hour}
	a := w.start(w.submit(n).ID, time.Minute)
	_ = w.submit(n)
	_, err := w.Renew(w.ctx, []tasks.Fence{a.Fence()}, time.Minute)
	w.must(err)
	w.must(w.SaveProgress(w.ctx, a.Fence(), 50, tasks.Tally{}))
	w.must(w.RecordItems(w.ctx, a.Fence(), []tasks.Item{{Key: "k", Outcome: tasks.Created}}))
	_, err = w.Finish(w.ctx, published(a.Fence(), "x"))
	w.must(err)
	_ = w.task(a.Task.ID)
	claim, err := w.ClaimResult(w.ctx, "h", w.ada.ID, a.Task.ID)
	w.must(err)
	w.must(w.ConsumeClaimed(w.ctx, claim.ID, claim.Results))
	sent := w.run(streamed(w.ada, stream), "y")
	if claim, err = w.ClaimStream(w.ctx, "h", stream, 0, 10, 1<<20); err != nil || len(claim.Results) != 1 {
		w.t.Fatalf("claimed %+v, %v", claim, err)
	}
	w.must(w.ConsumeClaimed(w.ctx, claim.ID, claim.Results))
	_, err = w.Consume(w.ctx, w.ada.ID, []tasks.ID{w.run(stored(w.ada), "x").ID, sent.ID})
	w.must(err)
	_, err = w.Cancel(w.ctx, w.ada.ID, []tasks.ID{w.submit(stored(w.ada)).ID})
	w.must(err)
	later := stored(w.ada)
	later.Dispatched = false
	_ = w.submit(later)
	waiting, err := w.Backlog(w.ctx, tasks.Default)
	w.must(err)
	_, err = w.TakeBacklog(w.ctx, tasks.Default, waiting[0], 10)
	w.must(err)
	_, err = w.RetryTasks(w.ctx, w.ada.ID, []tasks.ID{sent.ID}, time.Time{})
	w.must(err)
	w.findOccurrence()
}

// findOccurrence lets an occurrence happen, the next one be left out, and the
// subscription be paused.
func (w *world) findOccurrence() {
	w.t.Helper()
	token := w.subscriber(w.ada, tasks.ASChannel)
	sub := w.subscribe(w.order(token, time.Now().String(), time.Hour))
	task := w.occurs(occurrenceOf(w.due(sub.ID), token)).Task.ID
	if again := w.occurs(occurrenceOf(w.due(sub.ID), token)); again.Outcome != tasks.OccurrenceSkipped {
		w.t.Fatalf("the next one was %s", again.Outcome)
	}
	_, err := w.Finish(w.ctx, tasks.Ending{Fence: w.start(task, time.Minute).Fence(), State: tasks.Failed, ErrorCode: tasks.CodeUnauthorized})
	w.must(err)
	if sub = w.subscribed(sub.ID); !sub.Paused() {
		w.t.Fatal("it was not paused")
	}
	_, err = w.Unsubscribe(w.ctx, w.ada.ID, tasks.SubscriptionFilter{IDs: []tasks.ID{sub.ID}})
	w.must(err)
}
