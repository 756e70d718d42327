package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"asapi/internal/client"
	"asapi/internal/testserver"

	"github.com/google/go-cmp/cmp"
)

func TestTheTableOfWatchedTasksShowsWhatRunsThenWaitsThenEnded(t *testing.T) {
	var out strings.Builder
	w := newWatchTable(&terminal{out: &out, err: &out})
	one := func(id, state string, progress int, end *client.ActivityResponse) client.Activity {
		return client.Activity{UUID: "00000000-" + id, Type: "bench.tick", Subtitle: "al\x1b[2Jice", Progress: progress, Context: map[string]string{"state": state}, Response: end}
	}
	waits := one("waits000", "pending", 0, nil)
	if err := w.listed([]client.Activity{waits, one("unknown0", "running", -1, nil)}, 2); err != nil {
		t.Fatal(err)
	}
	for _, e := range []client.ActivityEvent{
		{Event: "started", Activity: one("runs0000", "running", 0, nil)},
		{Event: "updated", Activity: one("runs0000", "running", 55, nil)},
		{Event: "ended", Activity: one("failed00", "failed", 40, &client.ActivityResponse{ErrorCode: "cancelled", ErrorDetail: "At 40 %."})},
		{Event: "ended", Activity: one("done0000", "published", 100, &client.ActivityResponse{Success: true})},
	} {
		if err := w.event(&e); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"TASK      ACTION                       ACCOUNT                  PROGRESS",
		"unknown0  bench.tick                   al\uFFFD[2Jice                runs",
		"runs0000  bench.tick                   al\uFFFD[2Jice                [###########.........]  55%",
		"waits000  bench.tick                   al\uFFFD[2Jice                waits",
		"done0000  bench.tick                   al\uFFFD[2Jice                done",
		"failed00  bench.tick                   al\uFFFD[2Jice                cancelled: At 40 %.",
	}
	if d := cmp.Diff(want, w.table(100, 24)); d != "" {
		t.Error(d)
	}
	small := w.table(12, 4)
	if d := cmp.Diff([]string{"TASK      AC", "unknown0  be", "runs0000  be", "and 3 more"}, small); d != "" {
		t.Error(d)
	}
	if !strings.Contains(out.String(), "\033[") || strings.Contains(out.String(), "\033[2J") {
		t.Errorf("drawn: %q", out.String())
	}
}

// watchOutput runs asapi watch and gives what it has printed so far.
func watchOutput(t *testing.T, args ...string) (printed func() []watchLine, done <-chan error) {
	t.Helper()
	out := &lockedBuffer{}
	ended := make(chan error, 1)
	go func() { ended <- run(t.Context(), append([]string{"watch"}, args...), out, out) }()
	return func() (lines []watchLine) {
		for line := range strings.Lines(out.String()) {
			var one watchLine
			if err := json.Unmarshal([]byte(line), &one); err == nil {
				lines = append(lines, one)
			}
		}
		return lines
	}, ended
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestWatchTellsAScriptWhatRunsAndEveryChangeUntilEnoughHasEnded(t *testing.T) {
	_, url, tokens := startDev(t)
	t.Setenv("ASAPI_URL", url)
	t.Setenv("ASAPI_TOKEN", tokens.Store.Token)
	must(t, "register", "bench", "a")
	first, _ := must(t, "submit", "bench", "tick", "a", "milliseconds=3600000")[0]["task_id"].(string)
	printed, done := watchOutput(t, "--count", "1")
	testserver.Eventually(t, patience, func() bool { return len(printed()) > 0 }, "the task to be listed")
	if one := printed()[0]; one.Event != "listed" || one.TaskID != first || one.Type != "bench.tick" || one.Account != "a" {
		t.Errorf("listed: %+v", one)
	}
	testserver.Eventually(t, patience, func() bool {
		lines := printed()
		last := lines[len(lines)-1]
		return last.Event == "updated" && last.State == "running" && strings.Contains(last.Subtitle, "of 3600000")
	}, "its progress")
	must(t, "cancel", first)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	lines := printed()
	if last := lines[len(lines)-1]; last.Event != "ended" || last.Response == nil || last.Response.ErrorCode != "cancelled" || !strings.Contains(last.Response.ErrorDetail, "of 3600000 items") {
		t.Errorf("it ended with %+v", last)
	}
}

func TestWatchGoesOnWhereItWasWhenItsConnectionBreaks(t *testing.T) {
	var mu sync.Mutex
	var places []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/activities" {
			_, _ = w.Write([]byte(`{"MediaContainer":{"size":0}}`))
			return
		}
		mu.Lock()
		defer mu.Unlock()
		places = append(places, r.Header.Get("Last-Event-ID"))
		kind := map[int]string{1: "started", 2: "ended"}[len(places)]
		_, _ = w.Write([]byte("event: ping\ndata: {}\n\nid: place-" + kind + "\nevent: activity\ndata: {\"ActivityNotification\":{\"event\":\"" + kind + "\",\"uuid\":\"u\",\"Activity\":{\"uuid\":\"u\"}}}\n\n"))
	}))
	defer srv.Close()
	environment(t, nil)
	printed, done := watchOutput(t, "--url", srv.URL, "--token", "x", "--count", "1")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, l := range printed() {
		told = append(told, l.Event)
	}
	if d := cmp.Diff([]string{"started", "ended"}, told) + cmp.Diff([]string{"", "place-started"}, places); d != "" {
		t.Error(d)
	}
}

func TestWatchWithABadTokenEndsWithOneSentence(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"errors":[{"code":1001,"message":"User could not be authenticated","status":401}]}`))
	}))
	defer srv.Close()
	environment(t, nil)
	err := run(context.WithoutCancel(t.Context()), []string{"watch", "--url", srv.URL, "--token", "x"}, &lockedBuffer{}, &lockedBuffer{})
	if err == nil || !strings.Contains(err.Error(), "could not be authenticated") {
		t.Errorf("got %v", err)
	}
}
