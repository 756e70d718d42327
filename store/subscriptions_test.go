package store_test

import (
	"crypto/sha256"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gorm.io/gorm"

	"asapi/store"
	"asapi/store/storetest"
	"asapi/tasks"
)

// subscriber makes a token of the client.
func (w *world) subscriber(c tasks.Client, p tasks.Protocol) tasks.Token {
	w.t.Helper()
	token, err := w.CreateToken(w.ctx, tasks.Token{Client: c.ID, Protocol: p}, sha256.Sum256([]byte(w.t.Name()+time.Now().String())))
	w.must(err)
	return token
}

// order is a subscription of ada's account; what tells it from others.
func (w *world) order(token tasks.Token, what string, every time.Duration) tasks.NewSubscription {
	return tasks.NewSubscription{
		Client: token.Client, Service: "tracker", Action: "import-from-provider", Account: "alice",
		Values: map[string][]string{"provider": {what}}, Identity: what, Every: every, Token: token.ID,
	}
}

func (w *world) subscribe(n tasks.NewSubscription) tasks.Subscription {
	w.t.Helper()
	sub, _, err := w.Subscribe(w.ctx, n)
	w.must(err)
	return sub
}

// due makes a subscription due and gives it as it is then.
func (w *world) due(id tasks.ID) tasks.Subscription {
	w.t.Helper()
	w.must(w.ResumeSubscription(w.ctx, tasks.EveryClient, id, true))
	list, err := w.DueSubscriptions(w.ctx, 1000)
	w.must(err)
	i := slices.IndexFunc(list, func(s tasks.Subscription) bool { return s.ID == id })
	if i < 0 {
		w.t.Fatalf("the subscription is not among the %d that are due", len(list))
	}
	return list[i]
}

// occurrenceOf is a due subscription's task.
func occurrenceOf(sub tasks.Subscription, token tasks.Token) tasks.Occurrence {
	return tasks.Occurrence{Subscription: sub, New: tasks.NewTask{
		Client: sub.Client, Service: sub.Service, Action: sub.Action, Account: sub.Account, Values: sub.Values, Subscription: sub.ID,
		Protocol: token.Protocol, Stream: token.Stream, Priority: tasks.Low, MaxAttempts: 3, Dispatched: true,
	}}
}

// occurs lets one occurrence happen.
func (w *world) occurs(o tasks.Occurrence) tasks.Occurred {
	w.t.Helper()
	happened, err := w.Occur(w.ctx, []tasks.Occurrence{o})
	w.must(err)
	return happened[0]
}

// subscribed reads a subscription.
func (w *world) subscribed(id tasks.ID) tasks.Subscription {
	w.t.Helper()
	page, err := w.Subscriptions(w.ctx, w.ada.ID, tasks.SubscriptionFilter{IDs: []tasks.ID{id}})
	w.must(err)
	if len(page.Subscriptions) != 1 {
		w.t.Fatalf("%d subscriptions have the id %s", len(page.Subscriptions), id)
	}
	return page.Subscriptions[0]
}

// fails lets an occurrence happen and fail.
func (w *world) fails(id tasks.ID, token tasks.Token, code tasks.Code, detail string) tasks.Task {
	w.t.Helper()
	o := w.occurs(occurrenceOf(w.due(id), token))
	a := w.start(o.Task.ID, time.Minute)
	t, err := w.Finish(w.ctx, tasks.Ending{Fence: a.Fence(), State: tasks.Failed, ErrorCode: code, ErrorDetail: detail})
	w.must(err)
	return t
}

func TestSubscribingAgainFindsTheSameOneAndBringsItUpToDate(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		first, second := w.subscriber(w.ada, tasks.ASChannel), w.subscriber(w.ada, tasks.ASStore)
		made, outcome, err := w.Subscribe(w.ctx, w.order(first, "north", time.Hour))
		w.must(err)
		if outcome != tasks.SubscriptionCreated || made.Number != 0 || made.NextAt.Before(made.CreatedAt) || made.NextAt.After(made.CreatedAt.Add(6*time.Minute)) {
			t.Fatalf("it was %s: %+v", outcome, made)
		}
		for _, c := range []struct {
			n    tasks.NewSubscription
			want tasks.SubscribeOutcome
		}{
			{w.order(first, "north", time.Hour), tasks.SubscriptionUnchanged},
			{w.order(first, "north", 2*time.Hour), tasks.SubscriptionChanged},
			{w.order(second, "north", 2*time.Hour), tasks.SubscriptionChanged},
			{w.order(second, "south", 2*time.Hour), tasks.SubscriptionCreated},
		} {
			sub, outcome, err := w.Subscribe(w.ctx, c.n)
			w.must(err)
			if outcome != c.want || sub.Every != c.n.Every || sub.Token != c.n.Token || (sub.ID == made.ID) != (c.n.Identity == "north") {
				t.Errorf("%v of %s was %s, want %s: %+v", c.n.Every, c.n.Identity, outcome, c.want, sub)
			}
		}
		page, err := w.Subscriptions(w.ctx, w.ada.ID, tasks.SubscriptionFilter{})
		w.must(err)
		if len(page.Subscriptions) != 2 {
			t.Errorf("there are %d subscriptions, want 2", len(page.Subscriptions))
		}
		others, err := w.Subscriptions(w.ctx, w.bob.ID, tasks.SubscriptionFilter{})
		w.must(err)
		if len(others.Subscriptions) != 0 {
			t.Errorf("another client sees %+v", others.Subscriptions)
		}
	})
}

func TestAnotherRhythmDoesNotPutOffWhatWasToComeSooner(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token := w.subscriber(w.ada, tasks.ASChannel)
		made, _, err := w.Subscribe(w.ctx, w.order(token, "north", time.Hour))
		w.must(err)
		slower, _, err := w.Subscribe(w.ctx, w.order(token, "north", tasks.MaxEvery))
		w.must(err)
		if !slower.NextAt.Equal(made.NextAt) {
			t.Errorf("the first one was to come at %v, and at %v once the rhythm is slower", made.NextAt, slower.NextAt)
		}
		faster, _, err := w.Subscribe(w.ctx, w.order(token, "north", tasks.MinEvery))
		w.must(err)
		if faster.NextAt.After(slower.NextAt) {
			t.Errorf("the first one was to come at %v, and at %v once the rhythm is faster", slower.NextAt, faster.NextAt)
		}
	})
}

func TestASubscriptionNeedsAnAccountAndRoom(t *testing.T) {
	onBoth(t, func(_ *testing.T, w *world) {
		token := w.subscriber(w.ada, tasks.ASStore)
		nobody := w.order(token, "north", time.Hour)
		nobody.Account = "nobody"
		_, _, err := w.Subscribe(w.ctx, nobody)
		w.wants(tasks.CodeNoSuchAccount, err)
		few := w.order(token, "north", time.Hour)
		few.Most = 1
		w.subscribe(few)
		w.subscribe(few) // the same one needs no more room
		few.Identity = "south"
		_, _, err = w.Subscribe(w.ctx, few)
		w.wants(tasks.CodeLimit, err)
	})
}

func TestAnOccurrenceComesOnceHoweverManySchedulersTry(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, url string) {
		w := newWorld(t, url)
		other, err := store.Open(w.ctx, store.Config{URL: url})
		w.must(err)
		t.Cleanup(func() { _ = other.Close() })
		token := w.subscriber(w.ada, tasks.ASStore)
		var due []tasks.Occurrence
		for i := range 20 {
			sub := w.subscribe(w.order(token, strconv.Itoa(i), time.Hour))
			due = append(due, occurrenceOf(w.due(sub.ID), token))
		}
		var mu sync.Mutex
		count := map[string]int{}
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				by := w.Store
				if i%2 == 1 {
					by = other
				}
				happened, err := by.Occur(w.ctx, due)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				for _, o := range happened {
					count[string(o.Outcome)]++
				}
			})
		}
		all.Wait()
		want := map[string]int{"submitted": 20, "gone": 100}
		if diff := cmp.Diff(want, count); diff != "" {
			t.Error(diff)
		}
		page, err := w.ListTasks(w.ctx, w.ada.ID, tasks.TaskFilter{})
		w.must(err)
		if len(page.Tasks) != 20 {
			t.Errorf("there are %d tasks, want 20", len(page.Tasks))
		}
	})
}

func TestASchedulerThatDiesInTheMiddleLosesAndDoublesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token := w.subscriber(w.ada, tasks.ASStore)
		sub := w.subscribe(w.order(token, "north", time.Hour))
		good := occurrenceOf(w.due(sub.ID), token)
		// The second one cannot be stored: the transaction ends after both were
		// claimed and became tasks, as it does when the process dies there.
		broken := occurrenceOf(w.due(w.subscribe(w.order(token, "south", time.Hour)).ID), token)
		broken.New.Inputs = []tasks.Input{{Parameter: "twice"}, {Parameter: "twice"}}
		if _, err := w.Occur(w.ctx, []tasks.Occurrence{good, broken}); err == nil {
			t.Fatal("what cannot be stored was stored")
		}
		if again := w.subscribed(sub.ID); again.Number != 0 || !again.LastTask.IsZero() {
			t.Errorf("half of it stayed: %+v", again)
		}
		if o := w.occurs(good); o.Outcome != tasks.OccurrenceSubmitted {
			t.Errorf("the one after it was %s", o.Outcome)
		}
		if o := w.occurs(good); o.Outcome != tasks.OccurrenceGone {
			t.Errorf("once more it was %s", o.Outcome)
		}
	})
}

func TestAfterADowntimeThereIsOneOccurrenceAndNoBurst(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token := w.subscriber(w.ada, tasks.ASStore)
		sub := w.subscribe(w.order(token, "north", 15*time.Minute))
		// Nobody looked for three days.
		w.must(w.DB().Tx(w.ctx, func(tx *gorm.DB) error {
			return tx.Exec("UPDATE subscriptions SET anchor = anchor - 259200000000, next_at = next_at - 259200000000").Error
		}))
		list, err := w.DueSubscriptions(w.ctx, 10)
		w.must(err)
		if len(list) != 1 {
			t.Fatalf("%d are due", len(list))
		}
		before := time.Now()
		if o := w.occurs(occurrenceOf(list[0], token)); o.Outcome != tasks.OccurrenceSubmitted {
			t.Fatalf("it was %s", o.Outcome)
		}
		after := w.subscribed(sub.ID)
		if wait := after.NextAt.Sub(before); wait < 7*time.Minute || wait > 23*time.Minute {
			t.Errorf("the next one is in %v", wait)
		}
		if due, err := w.DueSubscriptions(w.ctx, 10); err != nil || len(due) != 0 {
			t.Errorf("%d are due, %v", len(due), err)
		}
	})
}

func TestWhileOneOccurrenceRunsTheNextIsLeftOut(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token := w.subscriber(w.ada, tasks.ASStore)
		sub := w.subscribe(w.order(token, "north", 15*time.Minute))
		first := w.occurs(occurrenceOf(w.due(sub.ID), token))
		a := w.start(first.Task.ID, time.Minute)
		if o := w.occurs(occurrenceOf(w.due(sub.ID), token)); o.Outcome != tasks.OccurrenceSkipped || !o.Task.ID.IsZero() {
			t.Errorf("while it runs the next one was %+v", o)
		}
		if s := w.subscribed(sub.ID); s.Skipped != 1 || s.Number != 1 || s.LastTask != first.Task.ID || !s.NextAt.After(time.Now()) {
			t.Errorf("it is %+v", s)
		}
		_, err := w.Finish(w.ctx, published(a.Fence(), "{}"))
		w.must(err)
		second := w.occurs(occurrenceOf(w.due(sub.ID), token))
		if second.Outcome != tasks.OccurrenceSubmitted || second.Task.Subscription != sub.ID {
			t.Errorf("after it the next one was %+v", second)
		}
		if got := w.task(second.Task.ID); got.Subscription != sub.ID || got.Priority != tasks.Low {
			t.Errorf("the task is %+v", got)
		}
	})
}

func TestAnOccurrenceWithoutRoomIsPutOff(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token := w.subscriber(w.ada, tasks.ASStore)
		w.submit(stored(w.ada))
		sub := w.subscribe(w.order(token, "north", 15*time.Minute))
		o := occurrenceOf(w.due(sub.ID), token)
		o.New.OpenTasks = 1
		if got := w.occurs(o); got.Outcome != tasks.OccurrencePutOff {
			t.Errorf("it was %s", got.Outcome)
		}
		if s := w.subscribed(sub.ID); s.Number != 0 || time.Until(s.NextAt) > 2*time.Minute || time.Until(s.NextAt) < time.Second {
			t.Errorf("it is %+v", s)
		}
	})
}

func TestFiveFailuresInARowPauseASubscriptionAndItsStreamIsTold(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token := w.subscriber(w.ada, tasks.ASChannel)
		sub := w.subscribe(w.order(token, "north", time.Hour))
		for range tasks.PauseAfter - 1 {
			w.fails(sub.ID, token, tasks.CodeUnavailable, "The provider does not answer.")
		}
		o := w.occurs(occurrenceOf(w.due(sub.ID), token))
		_, err := w.Finish(w.ctx, published(w.start(o.Task.ID, time.Minute).Fence(), "{}"))
		w.must(err)
		if s := w.subscribed(sub.ID); s.Failures != 0 || s.Paused() {
			t.Fatalf("after a success it is %+v", s)
		}
		for i := range tasks.PauseAfter {
			if s := w.subscribed(sub.ID); s.Failures != i || s.Paused() {
				t.Fatalf("after %d failures it is %+v", i, s)
			}
			w.fails(sub.ID, token, tasks.CodeUnavailable, "The provider does not answer.")
		}
		s := w.subscribed(sub.ID)
		if !s.Paused() || s.Pause.Code != tasks.CodeUnavailable || !s.NextAt.IsZero() {
			t.Fatalf("it is %+v", s)
		}
		messages := w.systemMessages(token.Stream)
		if len(messages) != 1 {
			t.Fatalf("the stream has %d system messages", len(messages))
		}
		w.checkPaused(messages[0], s)
		if due, err := w.DueSubscriptions(w.ctx, 10); err != nil || len(due) != 0 {
			t.Errorf("a paused one is due: %v, %v", due, err)
		}
		resumed, outcome, err := w.Subscribe(w.ctx, w.order(token, "north", time.Hour))
		w.must(err)
		if outcome != tasks.SubscriptionResumed || resumed.Paused() || resumed.Failures != 0 || resumed.NextAt.IsZero() {
			t.Errorf("it was %s: %+v", outcome, resumed)
		}
	})
}

// systemMessages gives the system messages of a stream.
func (w *world) systemMessages(stream string) []tasks.Result {
	w.t.Helper()
	w.must(w.Hold(w.ctx, "h", time.Minute))
	c, err := w.ClaimStream(w.ctx, "h", stream, 0, 100, 1<<20)
	w.must(err)
	w.must(w.ReleaseClaims(w.ctx, c.ID))
	return slices.DeleteFunc(c.Results, func(r tasks.Result) bool { return r.Action != tasks.SystemAction })
}

func TestASubscriptionThatNobodyCanSignInForIsPausedAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token := w.subscriber(w.ada, tasks.ASChannel)
		sub := w.subscribe(w.order(token, "north", time.Hour))
		w.fails(sub.ID, token, tasks.CodeUnauthorized, "The access token has expired. Store new credentials.")
		if s := w.subscribed(sub.ID); s.Pause.Code != tasks.CodeUnauthorized {
			t.Errorf("it is %+v", s)
		}
		if n := len(w.systemMessages(token.Stream)); n != 1 {
			t.Errorf("the stream has %d system messages", n)
		}
	})
}

func TestACancelledOccurrenceIsNoFailure(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token := w.subscriber(w.ada, tasks.ASStore)
		sub := w.subscribe(w.order(token, "north", time.Hour))
		o := w.occurs(occurrenceOf(w.due(sub.ID), token))
		_, err := w.Cancel(w.ctx, w.ada.ID, []tasks.ID{o.Task.ID})
		w.must(err)
		if s := w.subscribed(sub.ID); s.Failures != 0 {
			t.Errorf("it is %+v", s)
		}
	})
}

func TestTheMessageOfAPauseIsConsumedAsResultsAre(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token := w.subscriber(w.ada, tasks.ASChannel)
		sub := w.subscribe(w.order(token, "north", time.Hour))
		message, err := w.PauseSubscription(w.ctx, w.ada.ID, sub.ID, tasks.Pause{Code: tasks.PauseByOperator, Reason: "The operator paused it."})
		w.must(err)
		again, err := w.PauseSubscription(w.ctx, w.ada.ID, sub.ID, tasks.Pause{Code: tasks.PauseByOperator})
		w.must(err)
		if message.ID.IsZero() || !again.ID.IsZero() || message.Stream != token.Stream || message.State != tasks.Published {
			t.Fatalf("the message is %+v, and again %+v", message, again)
		}
		w.checkPaused(w.systemMessages(token.Stream)[0], w.subscribed(sub.ID))
		for range 2 {
			ids, err := w.Consume(w.ctx, w.ada.ID, []tasks.ID{message.ID})
			w.must(err)
			if diff := cmp.Diff([]tasks.ID{message.ID}, ids); diff != "" {
				t.Error(diff)
			}
		}
		if n := len(w.systemMessages(token.Stream)); n != 0 {
			t.Errorf("there are %d messages still", n)
		}
		if open, err := w.HasOpenTasks(w.ctx, w.adaAccount); err != nil || open {
			t.Errorf("the message counts as an open task: %v", err)
		}
		_, err = w.PauseSubscription(w.ctx, w.bob.ID, sub.ID, tasks.Pause{Code: tasks.PauseByOperator})
		w.wants(tasks.CodeNotFound, err)
	})
}

func TestDeregisteringAnAccountEndsItsSubscriptions(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token := w.subscriber(w.ada, tasks.ASStore)
		w.subscribe(w.order(token, "north", time.Hour))
		bobs := w.subscribe(w.order(w.subscriber(w.bob, tasks.ASStore), "north", time.Hour))
		w.must(w.DeregisterAccount(w.ctx, w.adaAccount, false))
		w.must(w.RegisterAccount(w.ctx, w.adaAccount))
		active, paused, err := w.CountSubscriptions(w.ctx)
		w.must(err)
		page, err := w.Subscriptions(w.ctx, tasks.EveryClient, tasks.SubscriptionFilter{})
		w.must(err)
		if active != 1 || paused != 0 || len(page.Subscriptions) != 1 || page.Subscriptions[0].ID != bobs.ID {
			t.Errorf("there are %d and %d: %+v", active, paused, page)
		}
	})
}

func TestSubscriptionsAreListedInPagesAndEnded(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token := w.subscriber(w.ada, tasks.ASStore)
		var want []tasks.ID
		for i := range 5 {
			want = append(want, w.subscribe(w.order(token, strconv.Itoa(i), time.Hour)).ID)
		}
		_, err := w.PauseSubscription(w.ctx, w.ada.ID, want[2], tasks.Pause{Code: tasks.PauseByOperator})
		w.must(err)
		list := func(f tasks.SubscriptionFilter) (got []tasks.ID) {
			for {
				page, err := w.Subscriptions(w.ctx, w.ada.ID, f)
				w.must(err)
				for i := range page.Subscriptions {
					got = append(got, page.Subscriptions[i].ID)
				}
				if f.After = page.Next; page.Next.IsZero() {
					return got
				}
			}
		}
		for _, c := range []struct {
			f    tasks.SubscriptionFilter
			want []tasks.ID
		}{
			{tasks.SubscriptionFilter{Limit: 2}, want},
			{tasks.SubscriptionFilter{Limit: 5, Service: "tracker", Account: "alice", Action: "import-from-provider"}, want},
			{tasks.SubscriptionFilter{Account: "nobody"}, nil},
			{tasks.SubscriptionFilter{State: tasks.SubscriptionPaused}, want[2:3]},
			{tasks.SubscriptionFilter{State: tasks.SubscriptionActive}, slices.Concat(want[:2], want[3:])},
			{tasks.SubscriptionFilter{IDs: []tasks.ID{want[4], want[1]}}, []tasks.ID{want[1], want[4]}},
		} {
			if diff := cmp.Diff(c.want, list(c.f)); diff != "" {
				t.Errorf("%+v: %s", c.f, diff)
			}
		}
		none, err := w.Unsubscribe(w.ctx, w.bob.ID, tasks.SubscriptionFilter{IDs: want})
		if err != nil || len(none) != 0 {
			t.Errorf("another client ended %v, %v", none, err)
		}
		ended, err := w.Unsubscribe(w.ctx, w.ada.ID, tasks.SubscriptionFilter{IDs: want[:2]})
		w.must(err)
		rest, err := w.Unsubscribe(w.ctx, w.ada.ID, tasks.SubscriptionFilter{Service: "tracker", Account: "alice"})
		w.must(err)
		byID := cmpopts.SortSlices(func(a, b tasks.ID) bool { return a.String() < b.String() })
		if diff := cmp.Diff(want, slices.Concat(ended, rest), byID); diff != "" {
			t.Error(diff)
		}
	})
}

// checkPaused checks that a message says of a subscription that it was paused.
func (w *world) checkPaused(m tasks.Result, s tasks.Subscription) {
	w.t.Helper()
	if !m.Success || m.ContentType != "application/json" || m.Account != s.Account || m.Task == s.LastTask {
		w.t.Errorf("the message is %+v", m)
	}
	for _, words := range []string{s.ID.String(), string(tasks.CodeSubscriptionPaused), s.Pause.Reason} {
		if !strings.Contains(string(m.Inline), words) {
			w.t.Errorf("the message does not say %s: %s", words, m.Inline)
		}
	}
}
