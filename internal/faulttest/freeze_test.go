package faulttest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"syscall"
	"testing"

	"asapi/internal/testserver"
)

// TestAFrozenWorkerWritesNothingAfterOthersTookItsTasksOver freezes a worker in
// the middle of its runs for longer than its leases last, and lets it go on when
// another one has ended everything.
func TestAFrozenWorkerWritesNothingAfterOthersTookItsTasksOver(t *testing.T) {
	t.Parallel()
	const count = 200
	w := newWorld(t, 1, 2, "alice")
	alice := w.tenants[0]
	frozen, other := w.work[0], w.work[1]
	frozen.start()
	frozen.await()
	submitAll(t, w, alice, count, "1500") // long enough that some still run when it freezes
	w.awaitEnded(20)
	frozen.signal(syscall.SIGSTOP)
	other.start()
	w.awaitRetrieved(count)
	frozen.signal(syscall.SIGCONT)
	frozen.await() // it is awake, with its runs of before
	frozen.terminate()
	alice.check(count)
	again := 0
	list, err := alice.statuses(alice.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		if list[i].Attempts > 1 {
			again++
		}
	}
	if again == 0 {
		t.Error("no task was taken over, so this shows nothing")
	}
}

// TestSubmissionsAreTakenWhileRedisIsDeadOrFrozenAndRunWhenItIsBack also looks at
// what the API says of itself meanwhile.
func TestSubmissionsAreTakenWhileRedisIsDeadOrFrozenAndRunWhenItIsBack(t *testing.T) {
	t.Parallel()
	const each = 100
	w := newWorld(t, 1, 1, "alice")
	alice := w.tenants[0]
	w.work[0].start()
	w.work[0].await()
	limited, stop := context.WithTimeout(w.ctx, patience)
	defer stop()
	for i, fault := range []struct{ begin, end func() }{{w.redis.Kill, w.redis.Start}, {w.redis.Pause, w.redis.Resume}} {
		fault.begin()
		for n := range each {
			if err := alice.submit(limited, strconv.Itoa(i*each+n), pauseFor("1")); err != nil {
				t.Fatal(err)
			}
		}
		if down := dependency(t, w.serve[0].url(), "redis"); down != "down" {
			t.Errorf("the API says that Redis is %q", down)
		}
		if up := dependency(t, w.serve[0].url(), "database"); up != "up" {
			t.Errorf("the API says that the database is %q", up)
		}
		fault.end()
		w.awaitRetrieved((i + 1) * each)
	}
	alice.check(2 * each)
}

// dependency asks /readyz for one dependency.
func dependency(t *testing.T, url, name string) string {
	t.Helper()
	var answer struct{ Dependencies map[string]string }
	testserver.Eventually(t, patience, func() error {
		ctx, stop := context.WithTimeout(t.Context(), answerTime)
		defer stop()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req) //nolint:forbidigo // a test on this machine
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		return json.Unmarshal(b, &answer)
	}, "readyz to answer")
	return answer.Dependencies[name]
}
