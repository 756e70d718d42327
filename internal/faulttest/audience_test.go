package faulttest_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"asapi/internal/client"
	"asapi/internal/testserver"
	"asapi/store"
)

// TestAnAudienceReachesEachMemberOnceWhateverIsKilled kills the worker that brings
// what an audience consumed to its members, and empties Redis, in the middle of
// it. Another worker goes on.
func TestAnAudienceReachesEachMemberOnceWhateverIsKilled(t *testing.T) {
	t.Parallel()
	const count = 2000
	database := testserver.Postgres(t)
	w := newStage(t, database, 1, 2)
	alice := w.join("alice", "--protocol", "asstore")
	if err := alice.insist(w.ctx, func(ctx context.Context, one *client.Client) error { return one.Register(ctx, "tracker", "club") }); err != nil {
		t.Fatal(err)
	}
	members := make([]string, count)
	for i := range members {
		members[i] = fmt.Sprintf("users/member%04d", i)
	}
	rows, err := store.Open(t.Context(), store.Config{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rows.Close() })
	reached := func() (n int) {
		err := rows.DB().Gorm(t.Context()).Raw("SELECT COUNT(*) FROM tracker_completed c JOIN trackers t ON t.id = c.tracker_id WHERE t.parent LIKE 'users/member%'").Row().Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}

	w.work[0].start()
	alice.tracks("create-audience", url.Values{"audience": {"club"}, "members": members})
	w.awaitEnded(1)
	alice.tracks("process-activities", url.Values{"audience": {"club"}, "activities": {
		`{"platform":"X","resource":"animes/7/episodes/1","from":0,"to":9,"start":"2026-01-02T10:00:00Z","end":"2026-01-02T10:01:00Z","completed":true}`,
	}})
	testserver.Eventually(t, patience, func() bool { return reached() > 0 }, "the first members to be reached")
	w.work[0].kill()
	w.flushAll()
	before := reached()
	t.Logf("%d members were reached when the worker was killed", before)
	if before >= count {
		t.Fatal("all members were reached too soon to show anything")
	}
	w.work[1].start()
	testserver.Eventually(t, patience, func() bool { return reached() >= count }, "all members to be reached")
	var trackers, left int
	for query, to := range map[string]*int{
		"SELECT COUNT(*) FROM trackers WHERE parent LIKE 'users/member%'": &trackers,
		"SELECT COUNT(*) FROM audience_reaches":                           &left,
	} {
		testserver.Eventually(t, patience, func() bool {
			if err := rows.DB().Gorm(t.Context()).Raw(query).Row().Scan(to); err != nil {
				t.Fatal(err)
			}
			return to == &trackers || *to == 0
		}, "the reach to end")
	}
	if n := reached(); n != count || trackers != count {
		t.Errorf("%d members have the episode, in %d trackers", n, trackers)
	}
}

// tracks submits a task of the tracker service.
func (c *tenant) tracks(action string, values url.Values) {
	c.t.Helper()
	err := c.insist(c.ctx, func(ctx context.Context, one *client.Client) error {
		done, err := one.Submit(ctx, client.Submission{Service: "tracker", Action: action, Account: "club", Values: values, IdempotencyKey: c.name + action})
		if err == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.answered = append(c.answered, done.TaskID)
		}
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
}
