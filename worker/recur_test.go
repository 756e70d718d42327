package worker_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"asapi/internal/testserver"
	"asapi/tasks"
)

// recurring describes the action of a bench as the scheduler sees it.
func recurring() *tasks.Catalog {
	act := tasks.NewAction(tasks.Action{Slug: "act", Name: "Act", MaxAttempts: 3, Recurs: true}, func(context.Context, *tasks.Run, params) error { return nil })
	return tasks.NewCatalog(tasks.Service{Slug: "test", Name: "Test", Actions: []tasks.Action{act}})
}

// subscribe makes subscriptions of a new token.
func (b *bench) subscribe(p tasks.Protocol, n int) (tasks.Token, []tasks.ID) {
	b.t.Helper()
	token, err := b.store.CreateToken(b.t.Context(), tasks.Token{Client: b.client.ID, Protocol: p}, sha256.Sum256([]byte(b.t.Name())))
	b.must(err)
	var ids []tasks.ID
	for i := range n {
		sub, _, err := b.store.Subscribe(b.t.Context(), tasks.NewSubscription{
			Client: b.client.ID, Service: "test", Action: "act", Account: "u", Every: time.Hour, Token: token.ID,
			Values: map[string][]string{"mode": {strconv.Itoa(i)}}, Identity: strconv.Itoa(i),
		})
		b.must(err)
		ids = append(ids, sub.ID)
	}
	return token, ids
}

// subscriptions reads all.
func (b *bench) subscriptions() []tasks.Subscription {
	b.t.Helper()
	page, err := b.store.Subscriptions(b.t.Context(), b.client.ID, tasks.SubscriptionFilter{})
	b.must(err)
	return page.Subscriptions
}

func (b *bench) due(id tasks.ID) {
	b.t.Helper()
	b.must(b.store.ResumeSubscription(b.t.Context(), b.client.ID, id, true))
}

func TestOccurrencesComeOnceWithManySchedulers(t *testing.T) {
	var runs atomic.Int64
	b := newBench(t, func(context.Context, *tasks.Run, params) error {
		runs.Add(1)
		return nil
	})
	b.begin(4)
	_, ids := b.subscribe(tasks.ASStore, 8)
	ctx, stop := context.WithCancel(t.Context())
	others := new(errgroup.Group)
	for range 3 { // besides the one that leads
		others.Go(func() error {
			for ctx.Err() == nil {
				if _, _, err := (tasks.Recurrence{Catalog: recurring(), Store: b.store}).Step(ctx); err != nil && ctx.Err() == nil {
					return err
				}
			}
			return nil
		})
	}
	const rounds = 3
	for round := range int64(rounds) {
		for _, id := range ids {
			b.due(id)
		}
		testserver.Eventually(t, time.Minute, func() bool {
			for _, s := range b.subscriptions() {
				if s.Number != round+1 || s.LastTask.IsZero() || !b.task(s.LastTask).State.Ended() {
					return false
				}
			}
			return true
		}, "every subscription has its next task, which ends")
	}
	stop()
	b.must(others.Wait())
	page, err := b.store.ListTasks(t.Context(), b.client.ID, tasks.TaskFilter{})
	b.must(err)
	if want := rounds * len(ids); len(page.Tasks) != want || runs.Load() != int64(want) {
		t.Errorf("there are %d tasks and %d runs, want %d", len(page.Tasks), runs.Load(), want)
	}
}

func TestAnOccurrenceTellsWhatIsNew(t *testing.T) {
	items := []tasks.Item{
		{Index: 0, Key: "a", Outcome: tasks.Unchanged},
		{Index: 1, Key: "b", Outcome: tasks.Updated},
		{Index: 2, Key: "c", Outcome: tasks.Skipped, Reason: "It cannot be carried."},
		{Index: 3, Key: "d", Outcome: tasks.Created},
		{Index: 5, Key: "f", Outcome: tasks.Skipped, Refs: map[string]string{"conflict": "Both sides changed it."}},
		{Index: 4, Key: "e", Outcome: tasks.ItemFailed, Reason: "It has no title."},
	}
	b := newBench(t, func(ctx context.Context, r *tasks.Run, _ params) error {
		if err := r.Record(ctx, items...); err != nil {
			return err
		}
		return r.Report(ctx, nil)
	})
	b.begin(2)
	_, ids := b.subscribe(tasks.ASStore, 1)
	b.due(ids[0])
	testserver.Eventually(t, time.Minute, func() bool { return b.subscriptions()[0].Number == 1 }, "the occurrence becomes a task")
	of := b.subscriptions()[0].LastTask
	b.ends(of, tasks.Published)
	plain := b.submit(b.new(b.client, "once"))
	b.ends(plain, tasks.Published)
	type report struct {
		Total        int    `json:"total"`
		Unchanged    int    `json:"unchanged"`
		Subscription string `json:"subscription_id"`
		Items        []struct{ Key string }
	}
	read := func(id tasks.ID) (r report, keys string) {
		b.must(json.Unmarshal(b.result(id).Inline, &r))
		for _, item := range r.Items {
			keys += item.Key
		}
		r.Items = nil
		return r, keys
	}
	got, keys := read(of)
	if diff := cmp.Diff(report{Total: 6, Unchanged: 1, Subscription: ids[0].String()}, got); diff != "" || keys != "bdef" {
		t.Errorf("the occurrence tells of %s: %s", keys, diff)
	}
	if got, keys = read(plain); got.Subscription != "" || keys != "abcdef" {
		t.Errorf("a task tells of %s: %+v", keys, got)
	}
}

func TestAWorkerPausesWhatItsTokenMayNotDoAnyMoreAndWakesTheStream(t *testing.T) {
	b := newBench(t, func(context.Context, *tasks.Run, params) error { return nil })
	told := make(chan tasks.Event, 100)
	b.begin(2)
	token, ids := b.subscribe(tasks.ASChannel, 1)
	b.events.mu.Lock()
	b.events.to = func(e tasks.Event) {
		if e.Stream == token.Stream {
			told <- e
		}
	}
	b.events.mu.Unlock()
	b.must(b.store.RevokeToken(t.Context(), token.ID))
	b.due(ids[0])
	select {
	case e := <-told:
		if e.State != tasks.Published || e.New {
			t.Errorf("the event is %+v", e)
		}
	case <-time.After(time.Minute):
		t.Fatal("the stream was not told within a minute")
	}
	if s := b.subscriptions()[0]; !s.Paused() || s.Pause.Code != tasks.CodeUnauthorized || s.Number != 0 {
		t.Errorf("it is %+v", s)
	}
}
