package tasks_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"asapi/tasks"
)

func TestARhythmIsFromFifteenMinutesToThirtyDays(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"900": 15 * time.Minute, "900s": 15 * time.Minute, "15m": 15 * time.Minute, " 6h ": 6 * time.Hour, "7d": 7 * 24 * time.Hour,
		"30d": 30 * 24 * time.Hour, "2592000": 30 * 24 * time.Hour,
	} {
		if got, err := tasks.ParseEvery(text); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]tasks.Code{
		"": tasks.CodeMissing, "  ": tasks.CodeMissing, "0": tasks.CodeInvalidParameter, "-900": tasks.CodeInvalidParameter, "899": tasks.CodeInvalidParameter,
		"31d": tasks.CodeInvalidParameter, "1.5h": tasks.CodeInvalidParameter, "h": tasks.CodeInvalidParameter, "6w": tasks.CodeInvalidParameter,
		"9223372036854775807d": tasks.CodeInvalidParameter, "99999999999999999999": tasks.CodeInvalidParameter,
	} {
		if got, err := tasks.ParseEvery(text); tasks.CodeOf(err) != want {
			t.Errorf("%q is %v with the code %q, want %q", text, got, tasks.CodeOf(err), want)
		}
	}
}

func TestSubscriptionsThatAreMadeTogetherAreSpreadOverTheWholePeriod(t *testing.T) {
	const every, n, parts = 6 * time.Hour, 4000, 10
	var offsets, firsts [parts]int
	for range n {
		id := tasks.ID(uuid.Must(uuid.NewV7()))
		offset, first := tasks.Spread(id, every)
		if offset < 0 || offset >= every || first < 0 || first >= 5*time.Minute {
			t.Fatalf("%s has the offset %v and is first after %v", id, offset, first)
		}
		if again, _ := tasks.Spread(id, every); again != offset {
			t.Fatalf("%s has the offset %v and then %v", id, offset, again)
		}
		offsets[offset*parts/every]++
		firsts[first*parts/(5*time.Minute)]++
	}
	for i := range parts {
		for _, got := range []int{offsets[i], firsts[i]} {
			if got < n/parts*7/10 || got > n/parts*13/10 { // ten standard deviations
				t.Errorf("of %d, %d are in part %d of %d", n, got, i, parts)
			}
		}
	}
	if _, first := tasks.Spread(tasks.ID(uuid.Must(uuid.NewV7())), 15*time.Minute); first > 90*time.Second {
		t.Errorf("with 15 minutes the first is after %v", first)
	}
}

func TestAnActionThatNeedsWhatOnlyOneTaskHasCannotRecur(t *testing.T) {
	panics := func(name string, describe func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("%s was taken", name)
			}
		}()
		describe()
	}
	again := tasks.Action{Slug: "a", Name: "A", Recurs: true}
	panics("a file", func() {
		tasks.NewAction(again, func(context.Context, *tasks.Run, struct {
			File tasks.File `param:"file"`
		},
		) error {
			return nil
		})
	})
	panics("a parameter that is a field of subscribing", func() {
		tasks.NewAction(again, func(context.Context, *tasks.Run, struct {
			Every string `param:"every" optional:"true"`
		},
		) error {
			return nil
		})
	})
	panics("an action named as messages are", func() {
		tasks.NewCatalog(tasks.Service{Slug: "s", Name: "S", Actions: []tasks.Action{tasks.NewAction(tasks.Action{Slug: "system", Name: "System"}, func(context.Context, *tasks.Run, struct{}) error { return nil })}})
	})
}

func TestTheMessageOfAPauseNeverHoldsTheWordThatClientsTakeAsFatal(t *testing.T) {
	for reason, tells := range map[string]bool{"It said no.": true, "An error.": false, "ERROR": false, "The terrors": false} {
		s := tasks.Subscription{Service: "tracker", Action: "import-from-provider", Account: "error", Pause: tasks.Pause{Code: tasks.CodeInternal, Reason: reason}}
		m := tasks.PausedMessage(&s, &tasks.Task{Service: "tracker", Action: tasks.SystemAction, Account: "error", Stream: "s"})
		var said struct{ Message, Code string }
		if err := json.Unmarshal(m.Inline, &said); err != nil || said.Code != "subscription_paused" {
			t.Errorf("%s, %v", m.Inline, err)
		}
		if strings.Contains(strings.ToLower(string(m.Inline)), "error") || strings.Contains(said.Message, reason) != tells {
			t.Errorf("it says %s", m.Inline)
		}
	}
}
