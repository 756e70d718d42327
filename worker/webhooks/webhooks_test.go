package webhooks_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"asapi/internal/testserver"
	"asapi/tasks"
)

func ok(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

func TestAnEndIsToldOnceSignedAndWithoutSecrets(t *testing.T) {
	w := newWorld(t)
	e := newEndpoint(t, ok)
	token, secret := w.token(e.URL)
	silent, _ := w.token("")
	w.begin(true)
	w.begin(true)
	w.ends("")
	id := w.ends(token)
	w.report(token, is(tasks.DeliveryDelivered))
	w.end()
	got := e.requests()
	if len(got) != 1 {
		t.Fatalf("it was told %d times", len(got))
	}
	verify(t, secret, got[0])
	if got[0].Get("Content-Type") != "application/json" {
		t.Errorf("the content type is %q", got[0].Get("Content-Type"))
	}
	var event struct {
		Type string
		Data map[string]any
	}
	w.must(json.Unmarshal(got[0].body, &event))
	if event.Type != "task.ended" || event.Data["task_id"] != id.String() || event.Data["error_code"] != "cancelled" {
		t.Errorf("it was told %s", got[0].body)
	}
	if list, err := w.Deliveries(t.Context(), silent, 10); err != nil || len(list) != 0 {
		t.Errorf("a token without a webhook: %v, %v", list, err)
	}
	for _, word := range []string{"url-secret", secret, strings.TrimPrefix(secret, "whsec_")} {
		if strings.Contains(w.log.String(), word) {
			t.Errorf("%q is in the log", word)
		}
	}
}

func TestAFailedAttemptIsRepeatedUnderTheSameID(t *testing.T) {
	w := newWorld(t)
	e := newEndpoint(t, func(n int, rw http.ResponseWriter, r *http.Request) {
		switch n {
		case 1:
			rw.WriteHeader(http.StatusInternalServerError)
		case 2: // no answer at all
			panic(http.ErrAbortHandler)
		case 3:
			http.Redirect(rw, r, "/elsewhere", http.StatusFound)
		}
	})
	token, secret := w.token(e.URL)
	w.ends(token)
	w.begin(true)
	if r := w.report(token, is(tasks.DeliveryDelivered)); r.Attempts != 4 || r.LastError != "" {
		t.Errorf("it ended with %+v", r)
	}
	got := e.requests()
	if len(got) != 4 {
		t.Fatalf("it was told %d times", len(got))
	}
	for _, r := range got {
		verify(t, secret, r)
		if r.Get("Webhook-Id") != got[0].Get("Webhook-Id") || string(r.body) != string(got[0].body) {
			t.Error("an attempt differs from the first")
		}
	}
	if strings.Contains(w.log.String(), "url-secret") {
		t.Error("the address is in the log")
	}
}

func TestAnEndpointThatAsksToWaitIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	e := newEndpoint(t, func(n int, rw http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			rw.Header().Set("Retry-After", "3600")
			rw.WriteHeader(http.StatusTooManyRequests)
		}
	})
	token, _ := w.token(e.URL)
	w.ends(token)
	w.begin(true)
	r := w.report(token, func(r tasks.DeliveryReport) bool { return r.LastError != "" })
	if wait := time.Until(r.DueAt); wait < 50*time.Minute || wait > time.Hour || r.State != tasks.DeliveryPending {
		t.Errorf("it is tried again in %v", wait)
	}
	// What ends meanwhile waits too, while others are told.
	w.ends(token)
	other := newEndpoint(t, ok)
	healthy, _ := w.token(other.URL)
	w.ends(healthy)
	w.report(healthy, is(tasks.DeliveryDelivered))
	w.end()
	if n := len(e.requests()); n != 1 {
		t.Errorf("it was told %d times", n)
	}
}

func TestAnEndpointThatIsGoneIsDisabled(t *testing.T) {
	w := newWorld(t)
	e := newEndpoint(t, func(_ int, rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusGone) })
	token, _ := w.token(e.URL)
	w.ends(token)
	w.begin(true)
	if r := w.report(token, is(tasks.DeliveryGivenUp)); !strings.Contains(r.LastError, "410") {
		t.Errorf("it ended with %+v", r)
	}
	hook, err := w.Webhook(t.Context(), token)
	if err != nil || hook.DisabledAt.IsZero() {
		t.Errorf("the webhook is %+v, %v", hook, err)
	}
}

func TestAPrivateAddressIsNotToldUnlessItIsAllowed(t *testing.T) {
	w := newWorld(t)
	e := newEndpoint(t, ok)
	token, _ := w.token(e.URL)
	w.ends(token)
	w.begin(false)
	r := w.report(token, func(r tasks.DeliveryReport) bool { return r.LastError != "" })
	if !strings.Contains(r.LastError, "not a public one") || strings.Contains(r.LastError, "url-secret") {
		t.Errorf("the reason is %q", r.LastError)
	}
	if len(e.requests()) != 0 {
		t.Error("it was told")
	}
}

func TestWhatADeadSenderHadIsSentByAnother(t *testing.T) {
	w := newWorld(t)
	e := newEndpoint(t, ok)
	token, secret := w.token(e.URL)
	w.ends(token)
	_, taken, err := w.TakeDeliveries(t.Context(), token, 10, 0) // and the process is killed
	if err != nil || len(taken) != 1 {
		t.Fatalf("%v, %v", taken, err)
	}
	w.begin(true)
	w.report(token, is(tasks.DeliveryDelivered))
	got := e.requests()
	if len(got) != 1 || got[0].Get("Webhook-Id") != taken[0].ID.String() {
		t.Fatalf("it was told %d times", len(got))
	}
	verify(t, secret, got[0])
}

func TestASilentEndpointHoldsNobodyElseUpAndIsGivenBackAtTheEnd(t *testing.T) {
	w := newWorld(t)
	hold := make(chan struct{})
	var open, most atomic.Int64
	silent := newEndpoint(t, func(_ int, _ http.ResponseWriter, r *http.Request) {
		for now, seen := open.Add(1), most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
		}
		defer open.Add(-1)
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(hold) })
	token, _ := w.token(silent.URL)
	for range 20 {
		w.ends(token)
	}
	w.begin(true)
	testserver.Eventually(t, patience, func() bool { return open.Load() == 4 }, "the silent endpoint to hold its share")
	other := newEndpoint(t, func(_ int, rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "thank you") })
	healthy, _ := w.token(other.URL)
	for range 20 {
		w.ends(healthy)
	}
	testserver.Eventually(t, patience, func() bool { return len(other.requests()) == 20 }, "the healthy endpoint to be told")
	w.end()
	if most.Load() != 4 {
		t.Errorf("%d requests were open to one endpoint", most.Load())
	}
	testserver.Eventually(t, patience, func() error {
		_, again, err := w.TakeDeliveries(t.Context(), token, 20, time.Minute)
		if err == nil && len(again) != 20 {
			t.Errorf("%d of 20 deliveries were given back", len(again))
		}
		return err
	}, "the deliveries to be free")
}
