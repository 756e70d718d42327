package store_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"asapi/tasks"
)

// hooked makes a token of the client with a webhook, and gives a submission of it.
func (w *world) hooked(c tasks.Client) (token string, n tasks.NewTask) {
	w.t.Helper()
	made, err := w.CreateToken(w.ctx, tasks.Token{Client: c.ID, Protocol: tasks.ASStore}, sha256.Sum256([]byte(w.t.Name()+time.Now().String())))
	w.must(err)
	w.must(w.SetWebhook(w.ctx, tasks.Webhook{Token: made.ID, URL: "https://example.com/hook", Sealed: []byte("sealed")}))
	n = stored(c)
	n.Webhook = made.ID
	return made.ID, n
}

// take claims what is due for a token.
func (w *world) take(token string, lease time.Duration) []tasks.WebhookDelivery {
	w.t.Helper()
	_, list, err := w.TakeDeliveries(w.ctx, token, 10, lease)
	w.must(err)
	return list
}

// told gives the state words of a token's deliveries, newest first.
func (w *world) told(token string) []string {
	w.t.Helper()
	list, err := w.Deliveries(w.ctx, token, 100)
	w.must(err)
	words := []string{}
	for i := range list {
		words = append(words, list[i].State.String())
	}
	return words
}

type endedEvent struct {
	Type      string
	Timestamp time.Time
	Data      struct {
		ID      tasks.ID `json:"task_id"`
		State   string
		Status  string
		Success bool
		Code    string `json:"error_code"`
		Account string
	}
}

func (w *world) event(d tasks.WebhookDelivery) endedEvent {
	w.t.Helper()
	var e endedEvent
	w.must(json.Unmarshal(d.Body, &e))
	return e
}

func TestEveryWayToEndTellsTheWebhook(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token, n := w.hooked(w.ada)
		late := n
		late.Deadline, late.Dispatched = time.Now().Add(50*time.Millisecond), false
		once := n
		once.MaxAttempts = 1
		waits := n
		waits.Dispatched, waits.RunAt = false, time.Now().Add(time.Hour)
		for _, c := range []struct {
			name  string
			state tasks.State
			code  tasks.Code
			end   func() tasks.ID
		}{
			{"published", tasks.Published, "", func() tasks.ID { return w.run(n, "x").ID }},
			{"failed", tasks.Failed, tasks.CodeUnsupportedFormat, func() tasks.ID {
				a := w.start(w.submit(n).ID, time.Minute)
				_, err := w.Finish(w.ctx, tasks.Ending{Fence: a.Fence(), State: tasks.Failed, ErrorCode: tasks.CodeUnsupportedFormat, ErrorDetail: "private words"})
				w.must(err)
				return a.Task.ID
			}},
			{"cancelled while it waits", tasks.Cancelled, tasks.CodeCancelled, func() tasks.ID {
				id := w.submit(waits).ID
				_, err := w.Cancel(w.ctx, w.ada.ID, []tasks.ID{id})
				w.must(err)
				return id
			}},
			{"swept after its deadline", tasks.Failed, tasks.CodeDeadline, func() tasks.ID { return w.swept(w.submit(late).ID) }},
			{"swept after its worker died", tasks.Failed, tasks.CodeTooManyAttempts, func() tasks.ID {
				return w.swept(w.start(w.submit(once).ID, 0).Task.ID)
			}},
		} {
			t.Run(c.name, func(t *testing.T) {
				id := c.end()
				due, err := w.DueWebhooks(w.ctx)
				w.must(err)
				if diff := cmp.Diff([]string{token}, due); diff != "" {
					t.Fatal(diff)
				}
				list := w.take(token, time.Minute)
				if len(list) != 1 || list[0].Task != id || list[0].Attempt != 1 {
					t.Fatalf("it is told %+v", list)
				}
				e := w.event(list[0])
				if e.Type != "task.ended" || e.Data.ID != id || e.Data.State != c.state.String() || e.Data.Status != c.state.Sentence() ||
					e.Data.Success != c.state.Success() || e.Data.Code != string(c.code) || e.Data.Account != "alice" || !e.Timestamp.Equal(w.task(id).EndedAt) {
					t.Errorf("the event is %s", list[0].Body)
				}
			})
		}
	})
}

// swept sweeps until the task has ended.
func (w *world) swept(id tasks.ID) tasks.ID {
	w.t.Helper()
	for !w.task(id).State.Ended() {
		_, err := w.Sweep(w.ctx, 100)
		w.must(err)
	}
	return id
}

func TestAWebhookIsToldOfItsTokensTasksOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token, n := w.hooked(w.ada)
		other, _ := w.hooked(w.bob)
		w.run(stored(w.ada), "no webhook")
		w.run(n, "x")
		if diff := cmp.Diff([]string{"pending"}, w.told(token)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{}, w.told(other)); diff != "" {
			t.Error(diff)
		}
		w.must(w.RemoveWebhook(w.ctx, token))
		w.run(n, "its webhook is gone")
		if diff := cmp.Diff([]string{"pending"}, w.told(token)); diff != "" {
			t.Error(diff)
		}
		if list := w.take(token, time.Minute); len(list) != 0 {
			t.Errorf("a webhook that is gone is told %v", list)
		}
		if diff := cmp.Diff([]string{"given up"}, w.told(token)); diff != "" {
			t.Error(diff)
		}
		w.wants(tasks.CodeNotFound, w.RemoveWebhook(w.ctx, token))
		w.wants(tasks.CodeNotFound, w.SetWebhook(w.ctx, tasks.Webhook{Token: "nobody", URL: "https://example.com/"}))
	})
}

func TestADeliveryBelongsToOneSenderUntilItsLeaseEnds(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token, n := w.hooked(w.ada)
		w.run(n, "x")
		first := w.take(token, 0) // its sender dies
		second := w.take(token, time.Minute)
		if len(first) != 1 || len(second) != 1 || first[0].ID != second[0].ID || second[0].Attempt != 2 || !cmp.Equal(first[0].Body, second[0].Body) {
			t.Fatalf("taken: %+v, then %+v", first, second)
		}
		if third := w.take(token, time.Minute); len(third) != 0 {
			t.Errorf("two senders have %v", third)
		}
		hook, err := w.Webhook(w.ctx, token)
		w.must(err)
		done := tasks.DeliveryOutcome{State: tasks.DeliveryDelivered}
		if err := w.EndDelivery(w.ctx, hook, first[0], done); !errors.Is(err, tasks.ErrLeaseLost) {
			t.Errorf("the dead sender's outcome: %v", err)
		}
		w.must(w.EndDelivery(w.ctx, hook, second[0], tasks.DeliveryOutcome{Wait: time.Hour, Error: "no"}))
		if again := w.take(token, time.Minute); len(again) != 0 {
			t.Errorf("it is taken before its time: %v", again)
		}
		if due, err := w.DueWebhooks(w.ctx); err != nil || len(due) != 0 {
			t.Errorf("due: %v, %v", due, err)
		}
		got, err := w.Deliveries(w.ctx, "", 10)
		w.must(err)
		want := []tasks.DeliveryReport{{ID: first[0].ID, Token: token, Task: first[0].Task, Attempts: 2, LastError: "no"}}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(tasks.DeliveryReport{}, "CreatedAt", "DueAt")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnEndpointThatIsGoneIsDisabledAndWhatWaitsIsGivenUp(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token, n := w.hooked(w.ada)
		w.run(n, "x")
		hook, list, err := w.TakeDeliveries(w.ctx, token, 1, time.Minute)
		w.must(err)
		w.run(n, "y")
		gone := tasks.DeliveryOutcome{State: tasks.DeliveryGivenUp, Error: "410", Gone: true}
		w.must(w.EndDelivery(w.ctx, hook, list[0], gone))
		if again := w.take(token, time.Minute); len(again) != 0 {
			t.Errorf("a disabled webhook is told %v", again)
		}
		if diff := cmp.Diff([]string{"given up", "given up"}, w.told(token)); diff != "" {
			t.Error(diff)
		}
		w.run(n, "z") // submitted by a process that does not know yet
		if told := w.told(token); len(told) != 2 {
			t.Errorf("a disabled webhook is to be told %v", told)
		}
		callers, err := w.Tokens(w.ctx, w.ada.ID)
		w.must(err)
		if callers[0].Token.Webhook != "" {
			t.Error("the token has its webhook still")
		}
		w.must(w.SetWebhook(w.ctx, tasks.Webhook{Token: token, URL: "https://example.com/new", Sealed: []byte("sealed")}))
		w.run(n, "enabled")
		hook.URL = "https://example.com/hook"
		w.must(w.EndDelivery(w.ctx, hook, w.take(token, time.Minute)[0], gone))
		if now, err := w.Webhook(w.ctx, token); err != nil || !now.DisabledAt.IsZero() {
			t.Errorf("the old address disabled the new one: %v, %v", now, err)
		}
	})
}

func TestWhatIsAsOldIsGivenUpTogetherAndLaterDeleted(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token, n := w.hooked(w.ada)
		w.run(n, "x")
		w.run(n, "y")
		hook, list, err := w.TakeDeliveries(w.ctx, token, 1, time.Minute)
		w.must(err)
		d := list[0]
		d.Age = 0
		w.must(w.EndDelivery(w.ctx, hook, d, tasks.DeliveryOutcome{State: tasks.DeliveryGivenUp, Error: "no"}))
		if diff := cmp.Diff([]string{"given up", "given up"}, w.told(token)); diff != "" {
			t.Error(diff)
		}
		if gone, err := w.SweepDeliveries(w.ctx, time.Hour, 10); err != nil || gone != 0 {
			t.Errorf("young ones were deleted: %d, %v", gone, err)
		}
		if gone, err := w.SweepDeliveries(w.ctx, -time.Second, 10); err != nil || gone != 2 {
			t.Errorf("deleted: %d, %v", gone, err)
		}
	})
}
