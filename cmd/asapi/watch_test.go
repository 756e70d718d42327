package main

import (
	"strings"
	"testing"

	"asapi/internal/client"

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
