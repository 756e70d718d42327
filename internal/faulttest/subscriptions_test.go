package faulttest_test

import (
	"database/sql"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"asapi/internal/testserver"
	"asapi/store"
)

// TestOccurrencesComeOnceWhileWorkersAreKilled makes subscriptions due again and
// again while one worker after the other is killed, also the one that leads.
func TestOccurrencesComeOnceWhileWorkersAreKilled(t *testing.T) {
	t.Parallel()
	const count, rounds = 12, 3
	databaseURL := testserver.Postgres(t)
	w := newStage(t, databaseURL, 1, 2)
	alice := w.join("alice", "--protocol", "aschannel")
	w.receive(alice)
	for i := range count {
		alice.subscribe(w.serve[0].url(), strconv.Itoa(40*i))
	}
	rows, err := store.Open(w.ctx, store.Config{URL: databaseURL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rows.Close() })
	number := func(query string) (n int) {
		t.Helper()
		if err := rows.DB().Gorm(w.ctx).Raw(query).Row().Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, p := range w.work {
		p.start()
	}
	for round := range rounds {
		if err := rows.DB().Gorm(w.ctx).Exec("UPDATE subscriptions SET next_at = 1").Error; err != nil {
			t.Fatal(err)
		}
		want := number("SELECT count(*) FROM tasks") + 1
		testserver.Eventually(t, patience, func() bool {
			return number("SELECT count(*) FROM tasks") >= want || number("SELECT count(*) FROM subscriptions WHERE next_at = 1") == 0
		}, "occurrences to come")
		p := w.work[round%len(w.work)]
		p.kill()
		p.start()
	}
	const open = "SELECT count(*) FROM tasks WHERE phase < 2"
	testserver.Eventually(t, patience, func() bool {
		return number("SELECT count(*) FROM subscriptions WHERE next_at = 1") == 0 && number(open) == 0
	}, "all occurrences to come and their tasks to end")
	if n := number("SELECT count(*) FROM tasks WHERE state <> 4"); n > 0 {
		t.Errorf("%d tasks did not end well", n)
	}
	if n := number("SELECT count(*) FROM subscriptions s WHERE number = 0 OR number <> (SELECT count(*) FROM tasks t WHERE t.subscription = s.id::text)"); n > 0 {
		t.Errorf("%d subscriptions have other tasks than they count", n)
	}
	if n := number("SELECT count(*) FROM tasks a JOIN tasks b ON a.subscription = b.subscription AND a.id < b.id AND b.created_at < a.ended_at"); n > 0 {
		t.Errorf("%d times two tasks of one subscription were open at once", n)
	}
	alice.mu.Lock()
	alice.answered = textsOf(t, rows, "SELECT id::text FROM tasks")
	alice.mu.Unlock()
	w.awaitRetrieved(len(alice.answered))
	alice.check(len(alice.answered))
}

// subscribe subscribes to a pause of so many milliseconds.
func (c *tenant) subscribe(address, milliseconds string) {
	c.t.Helper()
	form := url.Values{"service": {"bench"}, "action": {"pause"}, "account": {"a"}, "milliseconds": {milliseconds}, "every": {"15m"}}
	r, err := http.NewRequestWithContext(c.ctx, http.MethodPost, address+"/subscribe-account/", strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Token "+c.token)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		c.t.Fatalf("the subscription was answered with %s", answer.Status)
	}
}

// textsOf gives the texts that a query finds.
func textsOf(t *testing.T, s *store.Store, query string) (list []string) {
	t.Helper()
	rows, err := s.DB().Gorm(t.Context()).Raw(query).Rows()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text sql.NullString
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		list = append(list, text.String)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}
